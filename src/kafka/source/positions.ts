/**
 * Where to read from. librdkafka's own offset reset is never used: it can't tell a first start from a lost
 * log, and one damaged byte makes it read a topic again from its beginning.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../core/errors.js';
import type { AssignedPartition, CommittedOffset, EndOffset, TopicOffset } from '../../ports/source.js';
import { REQUEST_TIMEOUT_MS, requestFailure } from '../client/metadata.js';
import { kafkaErrorCode, type TopicPartition, type WatermarkOffsets } from '../rdkafka.js';

/** Questions under way at once: each holds a thread of libuv's pool, which has four. */
const QUERIES_MAX = 3;
/** A new leader's end of log can lag behind what was committed for a moment. */
const BEYOND_END_ATTEMPTS_MAX = 4;
const BEYOND_END_PAUSE_MS = 400;

/** Between two tries while a partition has no leader that answers. */
const LEADER_PAUSE_MS = 250;
/** _TRANSPORT, _TIMED_OUT, and what a broker answers that has only just lost or got a partition. */
const PASSING: ReadonlySet<number> = new Set([-195, -185, 3, 5, 6, 7, 8, 9, 13, 56, 74, 75, 78]);

export interface PositionPolicies {
  readonly groupId: string;
  /** When the group has committed nothing yet. */
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  /** When what it has committed is not in the log (any more). */
  readonly outOfRange: 'stop' | 'earliest' | 'latest';
}

export interface StartPosition extends CommittedOffset {
  /** What the group had committed, or what a policy chose instead. */
  readonly start: 'committed' | 'earliest' | 'latest';
}

type Start = Pick<StartPosition, 'offset' | 'start'>;

/** What is asked of the brokers here. */
export interface OffsetQueries {
  /** In the order asked; −1 where nothing is committed. */
  committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<readonly number[]>;
  watermarks(partition: TopicPartition, timeoutMs: number): Promise<WatermarkOffsets>;
}

export class PositionResolver {
  readonly #queries: OffsetQueries;
  readonly #policies: PositionPolicies;

  constructor(queries: OffsetQueries, policies: PositionPolicies) {
    this.#queries = queries;
    this.#policies = policies;
  }

  async resolve(partitions: readonly AssignedPartition[]): Promise<StartPosition[]> {
    const committed = await this.committed(partitions);
    return mapBounded(partitions, async (partition, index) => {
      const offset = committed[index]?.offset ?? -1;
      const range = await this.#watermarks(partition);
      const chosen =
        offset < 0 ? this.#firstStart(partition, range) : await this.#inRange(partition, offset, range);
      return { partitionId: partition.partitionId, ...chosen };
    });
  }

  async afterOutOfRange(partition: AssignedPartition, offset: number): Promise<Start> {
    return this.#outOfRange(partition, offset, await this.#watermarks(partition));
  }

  async committed(partitions: readonly TopicPartition[]): Promise<TopicOffset[]> {
    if (partitions.length === 0) return [];
    try {
      const offsets = await this.#queries.committed(partitions, REQUEST_TIMEOUT_MS);
      return partitions.map(({ topic, partition }, index) => ({
        topic,
        partition,
        offset: offsets[index] ?? -1,
      }));
    } catch (cause) {
      throw requestFailure(`the committed offsets of group ${this.#policies.groupId}`, cause);
    }
  }

  endOffsets(partitions: readonly TopicPartition[]): Promise<EndOffset[]> {
    return mapBounded(partitions, async ({ topic, partition }) => {
      const { lowOffset, highOffset } = await this.#watermarks({ topic, partition });
      return { topic, partition, low: lowOffset, end: highOffset };
    });
  }

  #firstStart(partition: AssignedPartition, range: WatermarkOffsets): Start {
    const { autoOffsetReset } = this.#policies;
    if (autoOffsetReset !== 'none') return edge(autoOffsetReset, range);
    throw new DispatcherError(
      'NO_COMMITTED_OFFSET',
      `group ${this.#policies.groupId} has no committed offset in ${placeOf(partition)}`,
      {
        remedy:
          'set kafka.consumer.auto-offset-reset to earliest or latest, ' +
          'or commit a start position for the group',
      },
    );
  }

  async #inRange(partition: AssignedPartition, offset: number, range: WatermarkOffsets): Promise<Start> {
    let seen = range;
    for (let attempt = 1; offset > seen.highOffset && attempt < BEYOND_END_ATTEMPTS_MAX; attempt++) {
      await delay(BEYOND_END_PAUSE_MS);
      seen = await this.#watermarks(partition);
    }
    if (offset >= seen.lowOffset && offset <= seen.highOffset) return { offset, start: 'committed' };
    return this.#outOfRange(partition, offset, seen);
  }

  #outOfRange(partition: AssignedPartition, offset: number, range: WatermarkOffsets): Start {
    const { outOfRange } = this.#policies;
    if (outOfRange !== 'stop') return edge(outOfRange, range);
    const gone =
      offset < range.lowOffset
        ? `${range.lowOffset - offset} offsets are gone (retention?)`
        : 'the log ends before it (truncated, or the topic was made anew?)';
    throw new DispatcherError(
      'OFFSET_OUT_OF_RANGE',
      `group ${this.#policies.groupId} stands at offset ${offset} of ${placeOf(partition)}, but the log ` +
        `holds [${range.lowOffset}, ${range.highOffset}): ${gone}`,
      {
        remedy:
          'set kafka.consumer.out-of-range to earliest or latest to go on without them, or reset the group',
      },
    );
  }

  /** librdkafka gives up at once when a leader moves or hangs up in the middle of it. */
  async #watermarks({ topic, partition }: TopicPartition): Promise<WatermarkOffsets> {
    const deadlineMs = performance.now() + REQUEST_TIMEOUT_MS;
    for (;;) {
      try {
        return await this.#queries.watermarks(
          { topic, partition },
          Math.max(1, Math.ceil(deadlineMs - performance.now())),
        );
      } catch (cause) {
        const late = performance.now() + LEADER_PAUSE_MS >= deadlineMs;
        if (late || !PASSING.has(kafkaErrorCode(cause) ?? 0))
          throw requestFailure(`the first and last offsets of ${placeOf({ topic, partition })}`, cause);
      }
      await delay(LEADER_PAUSE_MS);
    }
  }
}

function edge(start: 'earliest' | 'latest', range: WatermarkOffsets): Start {
  return { offset: start === 'earliest' ? range.lowOffset : range.highOffset, start };
}

export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}

/** In order, a few at a time. */
export async function mapBounded<T, R>(
  items: readonly T[],
  work: (item: T, index: number) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array<R>(items.length);
  const entries = items.entries();
  const lane = async (): Promise<void> => {
    for (const [index, item] of entries) results[index] = await work(item, index);
  };
  await Promise.all(Array.from({ length: Math.min(QUERIES_MAX, items.length) }, lane));
  return results;
}
