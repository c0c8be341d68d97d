import { type HealthServer, startHealthServer } from '../../adapters/http/server.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Logger } from '../../ports/logger.js';
import { answersOf, type RunView } from '../endpoints.js';

/** Undefined if the configuration has no server. */
export async function startEndpoints(
  config: ResolvedConfig,
  view: RunView,
  logger: Logger,
): Promise<HealthServer | undefined> {
  if (config.server === undefined) return undefined;
  const { port, address } = config.server;
  const { createExposition } = await import('../../adapters/metrics/exposition.js');
  const exposition = createExposition();
  const { metrics, ...answers } = answersOf(config.name, view);
  const server = await startHealthServer(port, address, {
    ...answers,
    metrics: async () => ({ type: exposition.contentType, text: await exposition.text(metrics()) }),
  });
  const paths = '/livez /readyz /status /metrics';
  logger.info('endpoints', { url: `http://${address}:${server.port}`, paths });
  return server;
}
