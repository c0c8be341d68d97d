import { json, probeRoutes, type Route } from '../../adapters/http/routes.js';
import { type HttpServer, startHttpServer } from '../../adapters/http/server.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Logger } from '../../ports/logger.js';
import { type Answers, answersOf, type RunView } from '../endpoints.js';

/** Undefined if the configuration has no server. */
export async function startEndpoints(
  config: ResolvedConfig,
  view: RunView,
  logger: Logger,
): Promise<HttpServer | undefined> {
  if (config.server === undefined) return undefined;
  const { port, address, token, allowedHosts } = config.server;
  const routes = await routesOf(answersOf(config.name, view));
  const server = await startHttpServer({ port, address, token, allowedHosts, routes });
  const paths = routes.map(({ path }) => path).join(' ');
  const host = address.includes(':') ? `[${address}]` : address;
  logger.info('endpoints', { url: `http://${host}:${server.port}`, paths });
  return server;
}

async function routesOf({ notReady, status, metrics }: Answers): Promise<readonly Route[]> {
  const { createExposition } = await import('../../adapters/metrics/exposition.js');
  const exposition = createExposition();
  return [
    ...probeRoutes(notReady),
    { path: '/status', answer: () => json(status()) },
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
