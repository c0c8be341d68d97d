/** Fills topics through the sink and the record writer. */
import { createKafkaSink, type KafkaSink } from '../../src/kafka/sink/kafka-sink.js';
import { type OutgoingRecord, RecordWriter } from '../../src/kafka/tools/record-writer.js';
import { native } from './member.js';
import { RecordingLogger } from './support.js';

export interface Producing {
  readonly sink: KafkaSink;
  readonly writer: RecordWriter;
  readonly logger: RecordingLogger;
}

export async function startProducing(
  servers: string,
  topic: string,
  properties: Record<string, string> = {},
): Promise<Producing> {
  const table = new native.PartitionTable(10);
  const logger = new RecordingLogger();
  const sink = createKafkaSink({
    clientId: 'filler',
    cluster: { bootstrapServers: servers.split(','), properties: new Map(Object.entries(properties)) },
    queueBytesMax: 8 << 20,
    partition: 'key',
    writer: { partsMax: 16, pollIntervalMs: 50 },
    native,
    table,
    logger,
    nowMs: () => performance.now(),
    connectTimeoutMs: 15_000,
  });
  let writer: RecordWriter | undefined;
  await sink.start({
    settled: (settled) => writer?.settled(settled),
    failed: (error) => writer?.fail(error),
  });
  try {
    writer = new RecordWriter(sink, await sink.topic(topic), table);
  } catch (error) {
    await sink.close(5_000);
    throw error;
  }
  return { sink, writer, logger };
}

export function text(value: string | null, extra: Partial<OutgoingRecord> = {}): OutgoingRecord {
  const bytes = value === null ? undefined : Buffer.from(value);
  const encode =
    bytes === undefined
      ? undefined
      : (block: Uint8Array, start: number, limit: number): number => {
          if (bytes.length > limit - start) return -1 - bytes.length;
          block.set(bytes, start);
          return start + bytes.length;
        };
  return { key: null, headers: [], partition: undefined, timestampMs: undefined, encode, ...extra };
}

/** `count` records into each partition: `partition/sequence`. */
export async function fill(
  servers: string,
  topic: string,
  shape: { partitions: number; count: number; from?: number },
): Promise<void> {
  const { sink, writer } = await startProducing(servers, topic);
  const from = shape.from ?? 0;
  for (let sequence = from; sequence < from + shape.count; sequence++) {
    for (let partition = 0; partition < shape.partitions; partition++)
      await writer.add(text(`${partition}/${sequence}`, { partition }), sequence);
  }
  await writer.drain();
  const { failedCount, failed } = writer;
  await sink.close(10_000);
  if (failedCount > 0)
    throw new Error(`${failedCount} records were not produced: ${JSON.stringify(failed.slice(0, 3))}`);
}
