/** The ends of partitions whatever is committed: beyond the last stable offsets where a transaction is open. */
import { errorText, type TopicPartition } from '../rdkafka.js';
import type { KafkaSourceOptions } from './source-options.js';

/** Partitions in one question, and how long it may take. */
const PLACES_MAX = 500;
const TIMEOUT_MS = 5_000;
const LATEST = '-1';

/** By `topic/partition`. For words alone, so no answer is as good as none. */
export async function highWatermarks(
  { native, logger }: Pick<KafkaSourceOptions, 'native' | 'logger'>,
  handleId: number,
  partitions: readonly TopicPartition[],
): Promise<ReadonlyMap<string, number>> {
  const highs = new Map<string, number>();
  try {
    for (let from = 0; from < partitions.length; from += PLACES_MAX) {
      const places = partitions.slice(from, from + PLACES_MAX);
      const words = [LATEST, ...places.flatMap(({ topic, partition }) => [topic, String(partition)])];
      for (const one of await native.askBrokers(handleId, 'listOffsets', 0, words, TIMEOUT_MS))
        if (one.code === 0) highs.set(`${one.topic}/${one.partition}`, one.offset);
    }
  } catch (error) {
    logger.debug(`kafka consumer: high watermarks not known: ${errorText(error)}`);
  }
  return highs;
}
