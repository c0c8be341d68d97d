/** The topics that a job needs, and those that the clusters have. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { openSide } from '../compose/admins.js';
import { type Admins, askForTopics, SIDES, type TopicFacts } from '../doctor/cluster-facts.js';

const CONNECT_TIMEOUT_MS = 15_000;

export interface AskedTopics {
  readonly config: ResolvedConfig;
  readonly admins: Admins;
  readonly facts: TopicFacts;
}

/** Connects both sides, asks, and always disconnects. */
export async function withTopics(
  config: ResolvedConfig,
  logger: Logger,
  body: (asked: AskedTopics) => Promise<void>,
): Promise<void> {
  const admins: Partial<Record<ClientSide, ClusterAdmin>> = {};
  try {
    // Waits for both, so that one that connected is closed even if the other failed.
    const opened = await Promise.allSettled(
      SIDES.map(
        async (side) =>
          (admins[side] = await openSide(side, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS })),
      ),
    );
    const failed = opened.find((result) => result.status === 'rejected');
    if (failed !== undefined) throw failed.reason;
    await body({ config, admins, facts: await asked(config, admins) });
  } finally {
    await Promise.allSettled(Object.values(admins).map((admin) => admin.close()));
  }
}

async function asked(config: ResolvedConfig, admins: Admins): Promise<TopicFacts> {
  try {
    return await askForTopics(config, admins);
  } catch (cause) {
    if (cause instanceof DispatcherError) throw cause;
    throw new DispatcherError(
      'KAFKA_UNREACHABLE',
      `Kafka did not answer for the topics: ${cause instanceof Error ? cause.message : String(cause)}`,
      {
        remedy: 'run kd doctor to see what can be reached',
        cause,
      },
    );
  }
}

/** Throws where no topic is named. */
export function requireNeeded({ facts, config }: AskedTopics): void {
  if (facts.needed.length > 0 || 'pattern' in config.consumer.topics) return;
  throw new DispatcherError('USAGE', 'the configuration names no topic', {
    remedy: 'name a configuration with -c FILE, or list all with kd topics list --all',
  });
}
