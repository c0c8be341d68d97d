/** The first and last offsets of partitions: one request per broker, however many partitions there are. */
import { setTimeout as delay } from 'node:timers/promises';
import type { ListedOffset } from '../../../ports/admin.js';
import { inAttempts } from '../../client/attempts.js';
import { requestFailure } from '../../client/metadata.js';
import type { NativeBinding } from '../../native.js';
import { getMetadata, type KafkaClient, kafkaErrorCode, type TopicPartition } from '../../rdkafka.js';

/** Partitions per request; the addon accepts more. */
const PLACES_MAX = 2_000;
/** Pause between two questions while a partition has no leader that answers. */
const LEADER_PAUSE_MS = 250;
/** How long a partition without a leader is waited for before the others continue without it. */
const LEADER_WAIT_MS = 3_000;
/**
 * For one question, in two attempts. An assignment waits for it with its partitions paused, and without an
 * answer the committed offsets are used unchecked.
 */
export const RANGES_TIMEOUT_MS = 6_000;
const COMMITTED_ONLY = 4;
const BEGINNING = '-2';
const END = '-1';
const LEADER_NOT_AVAILABLE = 5;
/**
 * _TRANSPORT, _TIMED_OUT, _UNKNOWN_TOPIC and _UNKNOWN_PARTITION for a partition that was just created, and
 * the answers of a broker that has just lost or got a partition.
 */
const PASSING: ReadonlySet<number> = new Set([-195, -190, -188, -185, 3, 5, 6, 7, 8, 9, 13, 56, 74, 75, 78]);

export interface Range {
  /** The first offset that still exists. */
  readonly low: number;
  /** The next offset for this isolation level: the last stable offset, or `high`. */
  readonly end: number;
  /** High watermark: the next offset to be written. */
  readonly high: number;
}

/** A range, or librdkafka's code for its absence. */
export type RangeAnswer = Range | { readonly code: number; readonly text: string };

export interface RangeQueries {
  /** The ranges in the order of `partitions`. Rejects if nothing could be asked at all. */
  ranges(partitions: readonly TopicPartition[], timeoutMs: number): Promise<readonly RangeAnswer[]>;
  /**
   * The first offset with a timestamp at or after `timestampMs`; -1: none. Undefined: no leader that answers.
   */
  firstSince(partition: TopicPartition, timestampMs: number, timeoutMs: number): Promise<number | undefined>;
}

export function isRange(answer: RangeAnswer | undefined): answer is Range {
  return answer !== undefined && 'low' in answer;
}

/**
 * Asks until every partition has answered, repeatedly if a leader is missing or moving, for `waitMs` at most.
 * Undefined: a partition without a leader that answers. Permanent errors are thrown.
 */
export async function findRanges(
  queries: RangeQueries,
  partitions: readonly TopicPartition[],
  waitMs = LEADER_WAIT_MS,
): Promise<(Range | undefined)[]> {
  const found: (Range | undefined)[] = partitions.map(() => undefined);
  const deadlineMs = performance.now() + waitMs;
  for (;;) {
    const open = found.flatMap((range, index) => (range === undefined ? [index] : []));
    const asked = open.flatMap((index) => partitions[index] ?? []);
    if (asked.length === 0) return found;
    const answers = await ask(queries, asked);
    open.forEach((index, n) => {
      const answer = answers[n];
      if (isRange(answer)) found[index] = answer;
      else if (answer !== undefined && !PASSING.has(answer.code)) throw failure(asked[n], answer);
    });
    if (found.every((range) => range !== undefined) || performance.now() + LEADER_PAUSE_MS >= deadlineMs)
      return found;
    await delay(LEADER_PAUSE_MS);
  }
}

async function ask(
  queries: RangeQueries,
  partitions: readonly TopicPartition[],
): Promise<readonly RangeAnswer[]> {
  try {
    return await inAttempts(RANGES_TIMEOUT_MS, (timeoutMs) => queries.ranges(partitions, timeoutMs));
  } catch (cause) {
    const code = kafkaErrorCode(cause) ?? 0;
    if (PASSING.has(code)) return partitions.map(() => ({ code, text: '' }));
    throw requestFailure('the first and last offsets of the partitions', cause);
  }
}

async function askOne(
  partition: TopicPartition,
  list: () => Promise<ReadonlyMap<string, ListedOffset>>,
): Promise<ListedOffset | undefined> {
  try {
    return (await list()).get(nameOf(partition));
  } catch (cause) {
    if (PASSING.has(kafkaErrorCode(cause) ?? 0)) return undefined;
    throw requestFailure(`the offset of a time in ${placeOf(partition)}`, cause);
  }
}

function failure(
  partition: TopicPartition | undefined,
  { code, text }: { code: number; text: string },
): Error {
  const where = partition === undefined ? 'a partition' : placeOf(partition);
  const cause = Object.assign(new Error(text === '' ? `error ${code}` : text), { code });
  return requestFailure(`the first and last offsets of ${where}`, cause);
}

export interface RangeClient {
  readonly native: NativeBinding;
  readonly handleId: number;
  readonly client: KafkaClient;
  readonly isolation: 'read_committed' | 'read_uncommitted';
}

/** Asks the brokers. A partition without a leader is not asked for, because librdkafka would wait for it. */
export function rangeQueries({ native, handleId, client, isolation }: RangeClient): RangeQueries {
  const list = async (
    which: string,
    flags: number,
    places: readonly TopicPartition[],
    timeoutMs: number,
  ): Promise<Map<string, ListedOffset>> => {
    const listed: ListedOffset[] = [];
    for (let at = 0; at < places.length; at += PLACES_MAX) {
      const words = places
        .slice(at, at + PLACES_MAX)
        .flatMap(({ topic, partition }) => [topic, String(partition)]);
      listed.push(...(await native.askBrokers(handleId, 'listOffsets', flags, [which, ...words], timeoutMs)));
    }
    return new Map(listed.map((one) => [nameOf(one), one]));
  };
  const stable = isolation === 'read_committed' ? COMMITTED_ONLY : 0;
  return {
    async firstSince(partition, timestampMs, timeoutMs) {
      const answer = await askOne(partition, () => list(String(timestampMs), stable, [partition], timeoutMs));
      if (answer === undefined || PASSING.has(answer.code)) return undefined;
      if (answer.code !== 0) throw failure(partition, { code: answer.code, text: '' });
      return answer.offset;
    },
    async ranges(partitions, timeoutMs) {
      const leaderless = await withoutLeader(client, timeoutMs);
      const led = partitions.filter((one) => !leaderless.has(nameOf(one)));
      const [lows, highs] = await Promise.all([
        list(BEGINNING, 0, led, timeoutMs),
        list(END, 0, led, timeoutMs),
      ]);
      // Asked last: records that were written before and are not stable now are behind an open transaction.
      const ends = stable === 0 ? highs : await list(END, stable, led, timeoutMs);
      return partitions.map((one) => {
        const name = nameOf(one);
        const [low, end, high] = [lows.get(name), ends.get(name), highs.get(name)];
        if (low === undefined || end === undefined || high === undefined)
          return { code: LEADER_NOT_AVAILABLE, text: 'no leader' };
        const failed = [low, end, high].find(({ code }) => code !== 0);
        return failed ?? { low: low.offset, end: end.offset, high: high.offset };
      });
    },
  };
}

export function placeOf({ topic, partition }: TopicPartition): string {
  return `${topic}[${partition}]`;
}

async function withoutLeader(client: KafkaClient, timeoutMs: number): Promise<ReadonlySet<string>> {
  const { topics } = await getMetadata(client, { allTopics: false, timeout: timeoutMs });
  return new Set(
    topics.flatMap(({ name, partitions }) =>
      partitions.filter(({ leader }) => leader < 0).map(({ id }) => nameOf({ topic: name, partition: id })),
    ),
  );
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic} ${partition}`;
}
