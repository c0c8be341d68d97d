/**
 * Reads one topic without a group: positions are given, nothing is committed. For inspecting topics, not for
 * the main job.
 */
import { randomBytes } from 'node:crypto';
import { checkCreatable, checkFeatures, consumerProperties } from '../client/client-config.js';
import { CONNECT_TIMEOUT_MS } from '../client/connect.js';
import { connectWithTokens } from '../client/token-connect.js';
import { type KafkaConsumer, newConsumer } from '../rdkafka.js';
import type { TopicReaderOptions } from './topic-reader-options.js';
import { type BatchHandler, TopicReading } from './topic-reading.js';

const STATISTICS_INTERVAL_MS = 200;

export async function readTopic(options: TopicReaderOptions, handle: BatchHandler): Promise<void> {
  checkFeatures(options.cluster);
  let reading: TopicReading | undefined;
  const connected = await connectWithTokens({
    role: 'consumer',
    servers: options.cluster.bootstrapServers.join(','),
    timeoutMs: CONNECT_TIMEOUT_MS,
    logger: options.logger,
    nowMs: options.nowMs,
    create: () => createClient(options),
    cluster: options.cluster,
    native: options.native,
    failed: (error) => reading?.fail(error),
  });
  reading = new TopicReading(options, connected, handle);
  try {
    await reading.run();
  } finally {
    await reading.leave();
  }
}

/**
 * librdkafka requires a group even to read without one; with a random name no group's offsets are affected.
 */
function createClient(options: TopicReaderOptions): { client: KafkaConsumer; handleId: number } {
  const handleId = options.native.newHandleId();
  const properties = consumerProperties(
    { pluginPath: options.native.pluginPath, handleId },
    {
      clientId: options.clientId,
      cluster: options.cluster,
      groupId: `kd-look-${randomBytes(6).toString('hex')}`,
      commitIntervalMs: 5_000,
      statisticsIntervalMs: STATISTICS_INTERVAL_MS,
    },
  );
  checkCreatable(options.native, 'consumer', properties);
  return { client: newConsumer({ ...properties, 'enable.auto.commit': false }), handleId };
}
