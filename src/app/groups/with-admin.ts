import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { openSide } from '../compose/admins.js';

const CONNECT_TIMEOUT_MS = 15_000;

/** Connects to the consumer's cluster, and always disconnects. */
export async function withAdmin<Result>(
  config: ResolvedConfig,
  logger: Logger,
  body: (admin: ClusterAdmin) => Promise<Result>,
): Promise<Result> {
  const admin = await openSide('consumer', { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS });
  try {
    return await body(admin);
  } finally {
    await admin.close();
  }
}
