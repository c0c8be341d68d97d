/** How a run is seen from outside: its HTTP server, and OpenTelemetry. */
import { dirname } from 'node:path';
import { pageRoute } from '../../adapters/http/page.js';
import { type Answer, json, jsonText, probeRoutes, type Route } from '../../adapters/http/routes.js';
import { type HttpServer, startHttpServer } from '../../adapters/http/server.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { Telemetry } from '../../ports/telemetry.js';
import { version } from '../../version.js';
import type { Answers } from '../endpoints.js';
import type { ClosableLogger } from './logging.js';

/** Undefined if the configuration has no server. */
export async function startEndpoints(
  config: ResolvedConfig['server'],
  answers: Answers,
  logger: ClosableLogger,
): Promise<HttpServer | undefined> {
  if (config === undefined) return undefined;
  const { port, address, token, allowedHosts } = config;
  const routes = await routesOf(answers, logger);
  const server = await startHttpServer({ port, address, token, allowedHosts, routes });
  const paths = routes.map(({ path }) => path).join(' ');
  const host = address.includes(':') ? `[${address}]` : address;
  inArea(logger, 'http').info('endpoints', { url: `http://${host}:${server.port}`, paths });
  return server;
}

async function routesOf(
  { notReady, status, config, metrics, names, why }: Answers,
  { tail }: ClosableLogger,
): Promise<readonly Route[]> {
  const { createExposition } = await import('../../adapters/metrics/exposition.js');
  const exposition = createExposition();
  return [
    await pageRoute(),
    ...probeRoutes(notReady),
    {
      path: '/status',
      answer: (query) => {
        const body = status(query.get('pipeline') ?? undefined);
        return body === undefined ? noSuchPipeline(names()) : json(body);
      },
    },
    { path: '/config', answer: () => json(config()) },
    { path: '/logs', answer: (query) => logAnswer(tail, query) },
    {
      path: '/why',
      answer: (query) => {
        const pipeline = query.get('pipeline');
        if (pipeline !== null && !names().includes(pipeline)) return noSuchPipeline(names());
        const answer = why(query);
        return json(answer, 'error' in answer ? 400 : 200);
      },
    },
    {
      path: '/metrics',
      answer: async () => ({
        status: 200,
        type: exposition.contentType,
        text: await exposition.text(metrics()),
      }),
    },
  ];
}

function noSuchPipeline(names: readonly string[]): Answer {
  return json({ error: 'there is no such pipeline', pipelines: names }, 404);
}

/** `?after=N`: only lines after that one. The lines are JSON already. */
function logAnswer(tail: ClosableLogger['tail'], query: URLSearchParams): Answer {
  const after = query.get('after') ?? '0';
  if (!/^\d{1,15}$/.test(after)) return json({ error: 'after is the number of a line, such as 120' }, 400);
  const { oldest, newest, lines } = tail.after(Number(after));
  const list = lines.map(({ number, json: line }) => `{"number":${number},"line":${line}}`).join(',');
  return jsonText(`{"schema":1,"oldest":${oldest},"newest":${newest},"lines":[${list}]}`);
}

/** Undefined: nobody in this process has registered an OpenTelemetry SDK. */
export async function startTelemetry(
  { name, file, telemetry, dispatcher }: ResolvedConfig,
  logger: Logger,
): Promise<Telemetry | undefined> {
  const { startOpenTelemetry } = await import('../../adapters/telemetry/open-telemetry.js');
  const beside = [file, dispatcher.transform].filter((path) => path !== undefined);
  return startOpenTelemetry({
    ...telemetry,
    directories: [...beside.map((path) => dirname(path)), process.cwd()],
    pipeline: name,
    version,
    logger: inArea(logger, 'telemetry'),
  });
}
