import { createServer, type Server, type ServerResponse } from 'node:http';
import { DispatcherError } from '../../core/errors.js';

export interface HealthSource {
  /** Null when ready, else the reason. */
  notReady(): string | null;
  /** The summary so far. */
  status(): unknown;
  /** The text of a scrape and its content type. */
  metrics(): Promise<Body>;
}

interface Body {
  readonly type: string;
  readonly text: string;
}

export interface HealthServer {
  readonly port: number;
  close(): Promise<void>;
}

const REQUEST_TIMEOUT_MS = 5000;
const CONNECTIONS_MAX = 100;

/**
 * `/livez` (never depends on Kafka), `/readyz`, `/status`, `/metrics`. Rejects with PORT_IN_USE before
 * anything is consumed.
 */
export async function startHealthServer(
  port: number,
  address: string,
  source: HealthSource,
): Promise<HealthServer> {
  const server = createServer(
    { requestTimeout: REQUEST_TIMEOUT_MS, headersTimeout: REQUEST_TIMEOUT_MS },
    (request, response) => {
      const path = (request.url ?? '/').split('?')[0];
      if (request.method !== 'GET' && request.method !== 'HEAD') {
        response.setHeader('allow', 'GET, HEAD');
        return answer(response, 405, { error: 'only GET is served here' });
      }
      // A probe must never end the process. The reason for a failure is not shown to every client.
      serve(path, source, response).catch(() =>
        answer(response, 500, { error: 'the status could not be determined' }),
      );
    },
  );
  server.maxConnections = CONNECTIONS_MAX;
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

const PATHS = ['/livez', '/readyz', '/status', '/metrics'];

async function serve(
  path: string | undefined,
  source: HealthSource,
  response: ServerResponse,
): Promise<void> {
  if (path === '/livez') return answer(response, 200, { live: true });
  if (path === '/readyz') {
    const why = source.notReady();
    return answer(response, why === null ? 200 : 503, why === null ? { ready: true } : { ready: false, why });
  }
  if (path === '/metrics') return send(response, 200, await source.metrics());
  if (path === '/status') return answer(response, 200, source.status());
  return answer(response, 404, { error: 'not found', paths: PATHS });
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

function answer(response: ServerResponse, status: number, body: unknown): void {
  send(response, status, { type: 'application/json; charset=utf-8', text: `${JSON.stringify(body)}\n` });
}

function send(response: ServerResponse, status: number, { type, text }: Body): void {
  response.writeHead(status, {
    'content-type': type,
    'content-length': Buffer.byteLength(text),
    'cache-control': 'no-store',
  });
  response.end(text);
}
