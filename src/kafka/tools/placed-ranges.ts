/** Asks the brokers for what positions mean in each partition. */
import { DispatcherError } from '../../core/errors.js';
import { type PartitionFacts, type PlacedPosition, place } from '../../core/positions/place.js';
import type { Position } from '../../core/positions/position.js';
import type { ClusterAdmin, ListedOffset, TopicPlace } from '../../ports/admin.js';

export type PositionQuestions = Pick<
  ClusterAdmin,
  'offsets' | 'firstOfTime' | 'committedOffsets' | 'topicSettings'
>;

export interface RangeRequest {
  readonly from: Position;
  /** Undefined: no end. `+N` counts from `from`. */
  readonly until: Position | undefined;
  /** Whose commits `committed` means. */
  readonly groupId: string | undefined;
}

export interface PlacedRange extends TopicPlace {
  readonly low: number;
  readonly end: number;
  readonly from: PlacedPosition;
  readonly until: PlacedPosition | undefined;
}

type KnownRange = Pick<PartitionFacts, 'topic' | 'partition' | 'low' | 'end'>;

export async function placeRanges(
  questions: PositionQuestions,
  partitions: readonly KnownRange[],
  { from, until, groupId }: RangeRequest,
): Promise<readonly PlacedRange[]> {
  const [starts, stops] = await Promise.all([
    factsFor(questions, partitions, from, groupId),
    until === undefined ? [] : factsFor(questions, partitions, until, groupId),
  ]);
  return partitions.map(({ topic, partition, low, end }, index) => {
    const start = place(from, starts[index] ?? { topic, partition, low, end });
    const facts = stops[index];
    const origin = until?.kind === 'after' ? start.offset : undefined;
    const stop = until === undefined || facts === undefined ? undefined : place(until, facts, origin);
    return { topic, partition, low, end, from: start, until: stop };
  });
}

/** The known ranges, with what this position needs besides. */
export async function factsFor(
  questions: PositionQuestions,
  partitions: readonly KnownRange[],
  position: Position,
  groupId: string | undefined,
): Promise<readonly PartitionFacts[]> {
  if (position.kind === 'committed') return withCommitted(questions, partitions, requireGroup(groupId));
  if (position.kind === 'time') return withTimed(questions, partitions, position.timestampMs);
  return partitions;
}

/** Throws where there is none. */
export function requireGroup(groupId: string | undefined): string {
  if (groupId !== undefined) return groupId;
  throw new DispatcherError('USAGE', 'the position "committed" needs a group, and none is configured', {
    remedy: 'name a configuration with kafka.consumer.group-id, or another position, such as earliest',
  });
}

async function withCommitted(
  questions: PositionQuestions,
  partitions: readonly KnownRange[],
  groupId: string,
): Promise<readonly PartitionFacts[]> {
  const offsets = new Map((await questions.committedOffsets(groupId)).map((one) => [nameOf(one), one]));
  return partitions.map((one) => ({ ...one, committed: offsets.get(nameOf(one))?.offset ?? -1 }));
}

async function withTimed(
  questions: PositionQuestions,
  partitions: readonly KnownRange[],
  timestampMs: number,
): Promise<readonly PartitionFacts[]> {
  const entries = await questions.offsets(timestampMs, partitions);
  const answered = new Map(entries.map((one) => [nameOf(one), one]));
  for (const one of partitions) requireAnswer(one, answered.get(nameOf(one)));
  const records = await questions.firstOfTime(
    timestampMs,
    entries.filter(({ offset }) => offset >= 0),
  );
  const found = new Map(records.map((one) => [nameOf(one), one]));
  return partitions.map((one) => {
    const record = found.get(nameOf(one));
    if (record === undefined) return one;
    const { offset, timestamp, isRecord } = record;
    return { ...one, timed: { offset, timestampMs: timestamp, isRecord } };
  });
}

function requireAnswer({ topic, partition }: TopicPlace, answer: ListedOffset | undefined): void {
  if (answer?.code === 0) return;
  throw new DispatcherError(
    'KAFKA_UNREACHABLE',
    `${topic}[${partition}] was not asked for its records of a time: ${answer?.text ?? 'no answer'}`,
    { remedy: 'bring its leader back, then try again' },
  );
}

/** The topics in which a record's time is that of the broker. */
export async function appendTimeTopics(
  questions: PositionQuestions,
  topics: readonly string[],
): Promise<readonly string[]> {
  const settings = await questions.topicSettings(topics, ['message.timestamp.type']);
  return settings.flatMap(({ name, entries }) =>
    entries.some(({ value }) => value === 'LogAppendTime') ? [name] : [],
  );
}

function nameOf({ topic, partition }: TopicPlace): string {
  return `${topic} ${partition}`;
}
