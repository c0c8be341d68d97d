/** Where a job begins and ends in each partition. */
import { DispatcherError } from '../../core/errors.js';
import type { PinnedPosition, PinnedTopic } from '../../core/jobs/job-record.js';
import type { Position, TypedPosition } from '../../core/positions/position.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import { appendTimeTopics, type PlacedRange, placeRanges } from '../compose/offsets.js';
import { topicsOf } from './bounds.js';
import type { JobRequest } from './request.js';
import type { SubscribedPartition } from './subscription.js';

export interface JobPlaces {
  readonly from: Position;
  readonly until: Position;
  /** The configured group: a position `committed` means its offsets, not the job's. */
  readonly baseGroup: string;
}

export interface PlacedJob {
  readonly topics: readonly PinnedTopic[];
  readonly ranges: readonly PlacedRange[];
  readonly appendTimeTopics: readonly string[];
  /** Partitions with records after the start of an open transaction, which are not part of the job. */
  readonly heldBack: readonly SubscribedPartition[];
}

export async function placeJob(
  admin: ClusterAdmin,
  partitions: readonly SubscribedPartition[],
  { from, until, baseGroup }: JobPlaces,
): Promise<PlacedJob> {
  const readable = partitions.map((one) => ({ ...one, end: one.readable }));
  const ranges = await placeRanges(admin, readable, { from, until, groupId: baseGroup });
  const asksTime = from.kind === 'time' || until.kind === 'time';
  return {
    ranges,
    topics: pinnedTopics(partitions, ranges),
    appendTimeTopics: asksTime ? await appendTimeTopics(admin, topicsOf(partitions)) : [],
    heldBack: partitions.filter(
      ({ readable: end, end: high }, index) => end < high && ranges[index]?.until?.offset === end,
    ),
  };
}

/** The partitions that `--partitions` selects. Throws for a number that no topic has. */
export function chosenPartitions(
  partitions: readonly SubscribedPartition[],
  chosen: JobRequest['partitions'],
): readonly SubscribedPartition[] {
  if (chosen === undefined) return partitions;
  const there = new Set(partitions.map(({ partition }) => partition));
  const missing = [...chosen.numbers].find((number) => !there.has(number));
  if (missing !== undefined)
    throw new DispatcherError('USAGE', `--partitions: no topic of this job has a partition ${missing}`, {
      remedy: `the partitions are ${Math.min(...there)} to ${Math.max(...there)}`,
    });
  return partitions.filter(({ partition }) => chosen.numbers.has(partition));
}

export function pinnedPosition({ text, position }: TypedPosition): PinnedPosition {
  return position.kind === 'time' ? { text, timestampMs: position.timestampMs } : { text };
}

function pinnedTopics(
  partitions: readonly SubscribedPartition[],
  ranges: readonly PlacedRange[],
): readonly PinnedTopic[] {
  const byTopic = new Map<string, { id: string | null; ranges: [number, number, number][] }>();
  partitions.forEach(({ topic, partition, topicId, low, readable }, index) => {
    const from = ranges[index]?.from.offset ?? low;
    const until = Math.max(from, ranges[index]?.until?.offset ?? readable);
    const known = byTopic.get(topic);
    if (known === undefined) byTopic.set(topic, { id: topicId ?? null, ranges: [[partition, from, until]] });
    else known.ranges.push([partition, from, until]);
  });
  return [...byTopic].map(([topic, rest]) => ({ topic, ...rest }));
}
