import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { producerQueueBytes } from '../../config/resolve/budgets.js';
import type { ClientSide } from '../../core/client-side.js';
import type { ClusterOptions } from '../../kafka/client/client-config.js';
import { loadNative } from '../../kafka/native.js';
import type { PartitionPolicy } from '../../kafka/native-writer.js';
import { createKafkaSink } from '../../kafka/sink/kafka-sink.js';
import { RecordWriter } from '../../kafka/tools/record-writer.js';
import type { Logger } from '../../ports/logger.js';
import { connectionOnly, isOneCluster } from './admins.js';

export type Records = RecordWriter;

const CLOSE_TIMEOUT_MS = 10_000;
const PARTITIONS_MAX = 100;
const WRITER = { partsMax: 64, pollIntervalMs: 100 };

export interface WriterRequest {
  readonly config: ResolvedConfig;
  readonly clientId: string;
  readonly topic: string;
  readonly partition: PartitionPolicy;
  readonly logger: Logger;
  /** [producer] Whose cluster the topic is on. */
  readonly side?: ClientSide;
}

/** Calls `write` with a writer for one topic, and closes it afterwards. */
export async function withWriter<Result>(
  { config, clientId, topic, partition, logger, side = 'producer' }: WriterRequest,
  write: (records: RecordWriter) => Promise<Result>,
): Promise<Result> {
  const native = loadNative();
  const table = new native.PartitionTable(PARTITIONS_MAX);
  const sink = createKafkaSink({
    clientId,
    cluster: side === 'producer' || isOneCluster(config) ? config.producer : producingTo(config.consumer),
    queueBytesMax: producerQueueBytes(config.dispatcher.inFlight.bytesMax),
    outputTopics: [topic],
    partition,
    writer: WRITER,
    native,
    table,
    logger,
    nowMs: () => performance.now(),
  });
  let records: RecordWriter | undefined;
  try {
    await sink.start({
      settled: (settled) => records?.settled(settled),
      failed: (error) => records?.fail(error),
    });
    records = new RecordWriter(sink, await sink.topic(topic), table);
    return await write(records);
  } finally {
    await sink.close(CLOSE_TIMEOUT_MS);
  }
}

/** A producer of the consumer's cluster: its connection settings, without those of fetching and groups. */
function producingTo(consumer: ResolvedConfig['consumer']): ClusterOptions {
  const { bootstrapServers, properties, origins, tokens } = consumer;
  return { bootstrapServers, origins, tokens, properties: connectionOnly(properties) };
}

/** A value whose bytes are written unchanged. */
export function copying(value: Uint8Array): (bytes: Uint8Array, start: number, limit: number) => number {
  return (bytes, start, limit) => {
    if (value.length > limit - start) return -1 - value.length;
    bytes.set(value, start);
    return start + value.length;
  };
}
