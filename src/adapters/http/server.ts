import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { DispatcherError } from '../../core/errors.js';
import { type Access, createGuard, type Guard } from './guard.js';
import { HEADERS } from './headers.js';
import { RequestBudget } from './request-budget.js';
import { type Answer, json, type Route } from './routes.js';

export interface HttpServer {
  readonly port: number;
  close(): Promise<void>;
}

export interface HttpServerOptions extends Access {
  readonly port: number;
  readonly routes: readonly Route[];
}

/** A request must have arrived after this time. */
const REQUEST_TIMEOUT_MS = 5000;
/** Silence; a reader of which Node saw some progress meanwhile gets it once more. */
const IDLE_TIMEOUT_MS = 5000;
const CHECK_INTERVAL_MS = 1000;
const CONNECTIONS_MAX = 100;
const HEADER_BYTES_MAX = 8192;

/** Rejects with PORT_IN_USE before anything is consumed. */
export async function startHttpServer(options: HttpServerOptions): Promise<HttpServer> {
  const { port, address } = options;
  const server = createServer(
    {
      requestTimeout: REQUEST_TIMEOUT_MS,
      headersTimeout: REQUEST_TIMEOUT_MS,
      connectionsCheckingInterval: CHECK_INTERVAL_MS,
      maxHeaderSize: HEADER_BYTES_MAX,
    },
    handlerOf(options),
  );
  server.maxConnections = CONNECTIONS_MAX;
  server.setTimeout(IDLE_TIMEOUT_MS);
  await listen(server, port, address);
  const bound = server.address();
  return {
    port: typeof bound === 'object' && bound !== null ? bound.port : port,
    close: () =>
      new Promise((resolve) => {
        server.closeAllConnections();
        server.close(() => resolve());
      }),
  };
}

function handlerOf(options: HttpServerOptions): (request: IncomingMessage, response: ServerResponse) => void {
  const routes = new Map(options.routes.map((route) => [route.path, route]));
  const guard = createGuard(options);
  const budget = new RequestBudget();
  const busy = new WeakSet<object>();
  return (request, response) => {
    const { socket } = request;
    // Thousands of requests fit into one packet; their answers would be in memory at once.
    if (busy.has(socket)) {
      socket.destroy();
      return;
    }
    busy.add(socket);
    response.once('close', () => busy.delete(socket));
    answerTo(request, { routes, guard, budget })
      // A probe must never end the process. The reason for a failure is not shown to every client.
      .catch(() => json({ error: 'the answer could not be determined' }, 500))
      .then((answer) => send(request, response, answer))
      .catch(() => socket.destroy());
  };
}

interface Parts {
  readonly routes: ReadonlyMap<string, Route>;
  readonly guard: Guard;
  readonly budget: RequestBudget;
}

async function answerTo(request: IncomingMessage, { routes, guard, budget }: Parts): Promise<Answer> {
  // Node keeps the first; a proxy in front may have judged the other.
  if (hostsIn(request) > 1) return json({ error: 'the request has several Host headers: send one' }, 400);
  const target = request.url ?? '/';
  const cut = target.indexOf('?');
  const path = cut < 0 ? target : target.slice(0, cut);
  const route = routes.get(path);
  const refusal = guard(request, route);
  if (refusal !== undefined) return refusal;
  if (route === undefined) return json({ error: 'not found', paths: [...routes.keys()] }, 404);
  if (route.access !== 'probe' && !budget.take(performance.now()))
    return { ...json({ error: 'too many requests' }, 429), headers: { 'retry-after': '1' } };
  return route.answer(new URLSearchParams(cut < 0 ? '' : target.slice(cut + 1)));
}

function send(request: IncomingMessage, response: ServerResponse, answer: Answer): void {
  const { status, type, text, headers } = answer;
  // Nobody waits for the end of a body that nobody reads.
  const hasBody = request.headers['transfer-encoding'] !== undefined || bodyLength(request) !== 0;
  response.writeHead(status, {
    ...HEADERS,
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    ...headers,
    ...(hasBody ? { connection: 'close' } : {}),
  });
  response.end(text);
}

function hostsIn({ rawHeaders }: IncomingMessage): number {
  return rawHeaders.filter((name, index) => index % 2 === 0 && name.toLowerCase() === 'host').length;
}

function bodyLength({ headers }: IncomingMessage): number {
  return Number(headers['content-length'] ?? 0);
}

function listen(server: Server, port: number, address: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (cause) => {
      reject(
        new DispatcherError(
          'PORT_IN_USE',
          `can't listen on ${address}:${port} (server.address, server.port): ${cause.message}`,
          { cause, remedy: listenRemedy(cause) },
        ),
      );
    });
    server.listen(port, address, () => resolve());
  });
}

function listenRemedy(cause: NodeJS.ErrnoException): string {
  switch (cause.code) {
    case 'EADDRNOTAVAIL':
    case 'ENOTFOUND':
    case 'EAI_AGAIN':
    case 'EINVAL':
      return 'set server.address to an address of this host; 0.0.0.0 listens on all of them';
    case 'EACCES':
      return 'ports below 1024 need a privilege: set server.port to a higher one (0 = any free one)';
    default:
      return 'free the port, or set server.port to another one (0 = any free one)';
  }
}
