import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { openSide } from '../compose/admins.js';

const CONNECT_TIMEOUT_MS = 15_000;

/** Connects to the consumer's cluster, and always disconnects. */
export function withAdmin<Result>(
  config: ResolvedConfig,
  logger: Logger,
  body: (admin: ClusterAdmin) => Promise<Result>,
): Promise<Result> {
  return withSide('consumer', config, logger, body);
}

/** The same for either cluster. */
export async function withSide<Result>(
  side: ClientSide,
  config: ResolvedConfig,
  logger: Logger,
  body: (admin: ClusterAdmin) => Promise<Result>,
): Promise<Result> {
  const admin = await openSide(side, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    return await body(admin);
  } finally {
    await admin.close();
  }
}
