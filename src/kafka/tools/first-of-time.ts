/**
 * Finds the first record of a time or later that a reader gets. Brokers answer with the first entry of a log
 * that has such a time, and that may be a transaction marker or an aborted record: a marker is written when
 * the transaction ends, long after the times of the records that a backfill has written. Taken for the end of
 * a range, it would cut off the records behind it.
 */
import { DispatcherError } from '../../core/errors.js';
import type { FirstOfTime, FoundTime, TopicPlace } from '../../ports/admin.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import type { PlacedRange, RangeRequest } from './placed-ranges.js';
import { readTopic } from './topic-reader.js';
import type { TopicReaderOptions } from './topic-reader-options.js';
import type { BatchHandler } from './topic-reading.js';

/**
 * Offsets that are read in each round, of the partitions that still have no answer; usually the first record
 * is the one. One partition that ends with markers must not make the others be read to their ends.
 */
const STEPS: readonly number[] = [1_000, 100_000, Number.MAX_SAFE_INTEGER];
/** Read per partition. */
const RECORDS_MAX = 1_000_000;
const TIMEOUT_MS = 60_000;
/** Topics at once: each takes a connection of its own. */
const TOPICS_MAX = 10;

type Place = TopicPlace & { readonly offset: number };
type Options = Omit<TopicReaderOptions, 'topic' | 'range' | 'placed' | 'signal' | 'firstOfTime'>;

export function firstOfTimeWith(options: Options, read: typeof readTopic = readTopic): FirstOfTime {
  const firstOfTime: FirstOfTime = async (timestampMs, begins) => {
    const topics = [...new Set(begins.map(({ topic }) => topic))];
    const found: FoundTime[] = [];
    for (let at = 0; at < topics.length; at += TOPICS_MAX) {
      const some = topics.slice(at, at + TOPICS_MAX).map(async (topic) => {
        const search = new Search(
          timestampMs,
          begins.filter((one) => one.topic === topic),
        );
        await readThrough({ ...options, firstOfTime }, topic, search, read);
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
  read: typeof readTopic,
): Promise<void> {
  const signal = AbortSignal.timeout(TIMEOUT_MS);
  try {
    for (const step of STEPS) {
      if (search.partitions.size === 0) return;
      const { partitions, placed } = search;
      const range = search.range(topic, step);
      await read({ ...options, topic, partitions, range, placed, signal }, search.handle);
      if (signal.aborted) return search.giveUp();
      search.passed();
    }
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
  readonly #timestampMs: number;
  /** Where the brokers say that the time begins, of the partitions without an answer. */
  readonly #left: Map<number, Place>;
  /** Up to where they were read. */
  readonly #next: Map<number, number>;
  #ranges: readonly PlacedRange[] = [];
  readonly #read = new Map<number, number>();
  readonly #rows = new InputBatchReader();

  constructor(timestampMs: number, begins: readonly Place[]) {
    this.#timestampMs = timestampMs;
    this.#next = new Map(begins.map(({ partition, offset }) => [partition, offset]));
    this.#left = new Map(begins.map((one) => [one.partition, one]));
  }

  /** Those without an answer. */
  get partitions(): ReadonlySet<number> {
    return new Set(this.#left.keys());
  }

  /** How many of the next offsets are read. */
  range(topic: string, offsets: number): RangeRequest {
    const from = [...this.#left.keys()].map((one) => [one, this.#next.get(one) ?? 0] as const);
    const until = from.map(
      ([one, offset]) => [one, Math.min(offset + offsets, Number.MAX_SAFE_INTEGER)] as const,
    );
    const table = (places: typeof from) => ({
      kind: 'table' as const,
      file: '',
      offsets: new Map([[topic, new Map(places)]]),
    });
    return { from: table(from), until: table(until), groupId: undefined };
  }

  readonly placed = (ranges: readonly PlacedRange[]): void => {
    this.#ranges = ranges;
  };

  /** They were read. Where the log ends, there is no such record. */
  passed(): void {
    for (const { partition, end, until } of this.#ranges) {
      const next = until?.offset ?? end;
      this.#next.set(partition, next);
      if (next >= end) this.#left.delete(partition);
    }
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
