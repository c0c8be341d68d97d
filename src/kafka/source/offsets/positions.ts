/**
 * Where to read from. librdkafka's own offset reset is never used: it can't distinguish a first start from a
 * lost log, and one damaged byte makes it read a topic again from its beginning.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../../core/errors.js';
import type { CommittedOffset, TopicOffset } from '../../../ports/commits.js';
import type { AssignedPartition, EndOffset, LostRange } from '../../../ports/source.js';
import { inAttempts } from '../../client/attempts.js';
import { REQUEST_TIMEOUT_MS, requestFailure } from '../../client/metadata.js';
import type { TopicPartition } from '../../rdkafka.js';
import { findRanges, placeOf, type Range, type RangeQueries } from './ranges.js';
import { BEYOND_ANY_LOG, UndecidedStarts } from './undecided-starts.js';

/** A new leader's log end can be behind a committed offset for a moment. */
const BEYOND_END_ATTEMPTS_MAX = 4;
const BEYOND_END_PAUSE_MS = 400;

export interface PositionPolicies {
  readonly groupId: string;
  /** Where to begin if the group has committed nothing yet. */
  readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
  /** Where to continue if the committed offset is no longer in the log. */
  readonly outOfRange: 'stop' | 'earliest' | 'latest';
  /**
   * True if the partition existed when the run started; by default all did. One created later starts at its
   * beginning, whatever `autoOffsetReset` says: its first records were written for this group to read.
   */
  readonly existedAtStart?: (partition: TopicPartition) => boolean;
}

export interface StartPosition extends CommittedOffset {
  /**
   * The committed offset; or what a policy chose if nothing was committed (`reset`) or the committed offset
   * is not in the log (`skip`). `undecided`: nothing was committed, and there is no leader to ask.
   */
  readonly start: 'committed' | 'reset' | 'skip' | 'undecided';
  /** Undefined: the partition has no leader to ask. */
  readonly range: Range | undefined;
  /** The committed offset, if a policy chose another position. */
  readonly moved?: { readonly from: number; readonly isReplaced: boolean };
}

type Start = Pick<StartPosition, 'offset' | 'start'>;

/** The requests to the brokers that are used here. */
export interface OffsetQueries extends RangeQueries {
  /** In the order asked; −1 where nothing is committed. */
  committed(partitions: readonly TopicPartition[], timeoutMs: number): Promise<readonly number[]>;
}

export class PositionResolver {
  readonly #queries: OffsetQueries;
  readonly #policies: PositionPolicies;
  readonly #undecided: UndecidedStarts;

  constructor(queries: OffsetQueries, policies: PositionPolicies) {
    this.#queries = queries;
    this.#policies = policies;
    this.#undecided = new UndecidedStarts(queries);
  }

  async resolve(partitions: readonly AssignedPartition[]): Promise<StartPosition[]> {
    const askedMs = Date.now();
    const committed = await this.committed(partitions);
    const ranges = await findRanges(this.#queries, partitions);
    return Promise.all(
      partitions.map(async (partition, index) => {
        const offset = committed[index]?.offset ?? -1;
        const range = ranges[index];
        const chosen =
          offset < 0
            ? await this.#firstStart(partition, range, askedMs)
            : await this.#inRange(partition, offset, range);
        const moved = chosen.start === 'skip' ? { moved: { from: offset, isReplaced: false } } : {};
        return { partitionId: partition.partitionId, range, ...chosen, ...moved };
      }),
    );
  }

  /** `isReplaced`: the topic was created again during the run, so that it is read from its beginning. */
  async afterOutOfRange(partition: AssignedPartition, offset: number, isReplaced = false): Promise<Start> {
    const { autoOffsetReset } = this.#policies;
    if (this.#undecided.isAt(partition, offset) && autoOffsetReset !== 'none')
      return this.#undecided.decide(partition, isReplaced ? 'earliest' : autoOffsetReset);
    return this.#outOfRange(partition, offset, await this.#rangeOf(partition));
  }

  /** Where librdkafka fetches for a partition whose position is `offset`. */
  fetchOffset(partition: TopicPartition, offset: number): number {
    const isBeyond = this.#policies.autoOffsetReset === 'latest' && this.#undecided.isAt(partition, offset);
    return isBeyond ? BEYOND_ANY_LOG : offset;
  }

  async committed(partitions: readonly TopicPartition[]): Promise<TopicOffset[]> {
    if (partitions.length === 0) return [];
    try {
      const offsets = await inAttempts(REQUEST_TIMEOUT_MS, (timeoutMs) =>
        this.#queries.committed(partitions, timeoutMs),
      );
      return partitions.map(({ topic, partition }, index) => ({
        topic,
        partition,
        offset: offsets[index] ?? -1,
      }));
    } catch (cause) {
      throw requestFailure(`the committed offsets of group ${this.#policies.groupId}`, cause);
    }
  }

  async endOffsets(partitions: readonly TopicPartition[]): Promise<EndOffset[]> {
    const ranges = await findRanges(this.#queries, partitions, REQUEST_TIMEOUT_MS);
    return partitions.map((partition, index) => endOf(partition, ranges[index] ?? noLeader(partition)));
  }

  /** Does not wait: partitions without a leader are left out. */
  async endsNow(partitions: readonly TopicPartition[]): Promise<EndOffset[]> {
    const ranges = await findRanges(this.#queries, partitions, 0);
    return partitions.flatMap((partition, index) => {
      const range = ranges[index];
      return range === undefined ? [] : [endOf(partition, range)];
    });
  }

  async #firstStart(partition: AssignedPartition, range: Range | undefined, askedMs: number): Promise<Start> {
    const { autoOffsetReset, existedAtStart } = this.#policies;
    if (existedAtStart?.(partition) === false) return { offset: range?.low ?? 0, start: 'reset' };
    if (autoOffsetReset !== 'none') {
      if (range === undefined) return this.#undecided.add(partition, askedMs);
      return this.#undecided.decide(partition, autoOffsetReset, range);
    }
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

  /**
   * Without a leader the committed offset is used unchecked: the reader will find out once there is a leader.
   */
  async #inRange(partition: AssignedPartition, offset: number, known: Range | undefined): Promise<Start> {
    let range = known;
    this.#undecided.delete(partition);
    for (
      let attempt = 1;
      range !== undefined && offset > range.high && attempt < BEYOND_END_ATTEMPTS_MAX;
      attempt++
    ) {
      await delay(BEYOND_END_PAUSE_MS);
      [range] = await findRanges(this.#queries, [partition]);
    }
    // Between the last stable offset and the end, a fetch waits until the open transaction has ended.
    if (range === undefined || (offset >= range.low && offset <= range.high))
      return { offset, start: 'committed' };
    return this.#outOfRange(partition, offset, range);
  }

  #outOfRange(partition: AssignedPartition, offset: number, range: Range): Start {
    const { outOfRange } = this.#policies;
    if (outOfRange !== 'stop') return { offset: edge(outOfRange, range), start: 'skip' };
    const gone =
      offset < range.low
        ? `${range.low - offset} offsets are gone (retention?)`
        : 'the log ends before it (truncated, or the topic was deleted and created again?)';
    throw new DispatcherError(
      'OFFSET_OUT_OF_RANGE',
      `group ${this.#policies.groupId} is at offset ${offset} of ${placeOf(partition)}, but the log ` +
        `holds [${range.low}, ${range.high}): ${gone}`,
      {
        remedy:
          'set kafka.consumer.out-of-range to earliest or latest to go on without them, or reset the group',
      },
    );
  }

  async #rangeOf(partition: TopicPartition): Promise<Range> {
    const [range] = await findRanges(this.#queries, [partition], REQUEST_TIMEOUT_MS);
    return range ?? noLeader(partition);
  }
}

function noLeader(partition: TopicPartition): never {
  throw new DispatcherError('KAFKA_UNREACHABLE', `${placeOf(partition)} has no leader that answers`, {
    remedy: 'bring its brokers back (kafka-topics.sh --describe names them), then start again',
  });
}

function endOf({ topic, partition }: TopicPartition, { low, end, high }: Range): EndOffset {
  return { topic, partition, low, end, ...(high > end ? { high } : {}) };
}

/** The log lost records, but only after the position: no offset of the group is out of range. */
export function cutShort(groupId: string, { from, to, ...partition }: LostRange): DispatcherError {
  return new DispatcherError(
    'OFFSET_OUT_OF_RANGE',
    `${placeOf(partition)}: the log was cut short while group ${groupId} was reading it: offsets ` +
      `[${from}, ${to}) are gone, and were not read`,
    {
      remedy:
        'an unclean leader election or a restored disk does this: produce the records again if you can, ' +
        'then start again; or set kafka.consumer.out-of-range to earliest or latest to go on without them',
    },
  );
}

function edge(start: 'earliest' | 'latest', range: Range): number {
  return start === 'earliest' ? range.low : range.end;
}
