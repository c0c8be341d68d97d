/**
 * A trial of a configuration: clients connect, look up the topics and disconnect, without reading, writing or
 * joining the group.
 */

import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { loadNative } from '../../kafka/native.js';
import { tryConsumer } from '../../kafka/tools/consumer-trial.js';
import type { Logger } from '../../ports/logger.js';
import { jobSink, outputTopicNames } from './job.js';

const TRIAL_PARTITIONS_MAX = 1;
const CLOSE_TIMEOUT_MS = 5_000;

/** Rejects with the error that a run would have at its start. */
export async function tryConfiguration(config: ResolvedConfig, logger: Logger): Promise<void> {
  const native = loadNative();
  const nowMs = (): number => performance.now();
  const { consumer } = config;
  // Waits for both clients: if one fails first, the other must be closed as well.
  const outcomes = await Promise.allSettled([
    tryProducer(config, logger),
    tryConsumer({
      clientId: config.name,
      cluster: consumer,
      topics: consumer.topics,
      missingTopicsFatal: consumer.missingTopicsFatal,
      native,
      logger,
      nowMs,
    }),
  ]);
  for (const outcome of outcomes) if (outcome.status === 'rejected') throw outcome.reason;
}

async function tryProducer(config: ResolvedConfig, logger: Logger): Promise<void> {
  const native = loadNative();
  const table = new native.PartitionTable(TRIAL_PARTITIONS_MAX);
  const sink = jobSink(config, { native, table, logger, nowMs: () => performance.now() });
  try {
    await sink.start({ settled: () => undefined, failed: () => undefined });
    for (const topic of outputTopicNames(config)) await sink.topic(topic);
  } finally {
    // The result counts, however slowly the client closes, as for the consumer.
    await sink.close(CLOSE_TIMEOUT_MS).catch((error: unknown) => {
      logger.debug('kafka producer: closed late after a trial', {
        error: error instanceof Error ? error.message : String(error),
      });
    });
  }
}
