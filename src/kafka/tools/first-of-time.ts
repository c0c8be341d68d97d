/**
 * Finds the first record of a time or later that a reader gets. Brokers answer with the first entry of a log
 * that has such a time, and that may be a transaction marker or an aborted record: a marker is written when
 * the transaction ends, long after the times of the records that a backfill has written. Taken for the end of
 * a range, it would cut off the records behind it.
 */
import { DispatcherError } from '../../core/errors.js';
import type { FirstOfTime, FoundTime, TopicPlace } from '../../ports/admin.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { readTopic } from './topic-reader.js';
import type { TopicReaderOptions } from './topic-reader-options.js';
import type { BatchHandler } from './topic-reading.js';

/** Read per partition; usually the first record is the one. */
const RECORDS_MAX = 1_000_000;
const TIMEOUT_MS = 60_000;
/** Topics at once: each takes a connection of its own. */
const TOPICS_MAX = 10;

type Place = TopicPlace & { readonly offset: number };
type Options = Omit<TopicReaderOptions, 'topic' | 'range' | 'placed' | 'signal' | 'firstOfTime'>;

export function firstOfTimeWith(options: Options): FirstOfTime {
  const firstOfTime: FirstOfTime = async (timestampMs, begins) => {
    const topics = [...new Set(begins.map(({ topic }) => topic))];
    const found: FoundTime[] = [];
    for (let at = 0; at < topics.length; at += TOPICS_MAX) {
      const some = topics.slice(at, at + TOPICS_MAX).map(async (topic) => {
        const search = new Search(
          timestampMs,
          begins.filter((one) => one.topic === topic),
        );
        await readThrough({ ...options, firstOfTime }, topic, search);
        return search.found;
      });
      found.push(...(await Promise.all(some)).flat());
    }
    return found;
  };
  return firstOfTime;
}

/** Where the topic can't be read, the answers of the brokers must do. */
async function readThrough(
  options: Options & Pick<TopicReaderOptions, 'firstOfTime'>,
  topic: string,
  search: Search,
): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  const from = { kind: 'table', file: '', offsets: new Map([[topic, search.begins]]) } as const;
  const range = { from, until: { kind: 'end' }, groupId: undefined } as const;
  try {
    await readTopic({ ...options, topic, range, placed: () => undefined, signal }, search.handle);
    if (signal.aborted) search.giveUp();
  } catch (error) {
    const isUnreadable =
      error instanceof DispatcherError && (error.code === 'KAFKA_REFUSED' || error.code === 'CORRUPT_INPUT');
    if (!isUnreadable) throw error;
    options.logger.warn(`${topic} can't be read to find the first record of a time`, {
      error: error.message,
    });
    search.giveUp();
  }
}

class Search {
  readonly found: FoundTime[] = [];
  /** Where the brokers say that the time begins, of all partitions. */
  readonly begins: ReadonlyMap<number, number>;
  readonly #timestampMs: number;
  readonly #left: Map<number, Place>;
  readonly #read = new Map<number, number>();
  readonly #rows = new InputBatchReader();

  constructor(timestampMs: number, begins: readonly Place[]) {
    this.#timestampMs = timestampMs;
    this.begins = new Map(begins.map(({ partition, offset }) => [partition, offset]));
    this.#left = new Map(begins.map((one) => [one.partition, one]));
  }

  /** The brokers' answers are used where no record was found yet. */
  giveUp(partitions: Iterable<number> = [...this.#left.keys()]): void {
    for (const partition of partitions) {
      const place = this.#left.get(partition);
      if (place !== undefined) this.found.push({ ...place, timestamp: -1, isRecord: false });
      this.#left.delete(partition);
    }
  }

  readonly handle: BatchHandler = (batch, partitionOf) => {
    this.#rows.open(batch.block.bytes);
    for (const { partitionId, firstRow, rowCount } of batch.segments) {
      const { partition } = partitionOf(partitionId);
      if (this.#left.has(partition)) this.#look(partition, firstRow, rowCount);
    }
    return Promise.resolve(this.#left.size > 0);
  };

  #look(partition: number, firstRow: number, rowCount: number): void {
    const place = this.#left.get(partition);
    if (place === undefined) return;
    for (let row = firstRow; row < firstRow + rowCount; row++) {
      const timestamp = this.#rows.timestamp(row);
      if (timestamp < this.#timestampMs) continue;
      this.found.push({ ...place, offset: this.#rows.offset(row), timestamp, isRecord: true });
      this.#left.delete(partition);
      return;
    }
    const read = (this.#read.get(partition) ?? 0) + rowCount;
    this.#read.set(partition, read);
    if (read >= RECORDS_MAX) this.giveUp([partition]);
  }
}
