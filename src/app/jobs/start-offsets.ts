/** Commits where a job begins, so that no member ever needs a policy for a missing offset. */
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../core/errors.js';
import { type JobState, settledOf } from '../../core/jobs/job-state.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { commitOffsets, requireNoMembers } from '../groups/reset.js';
import type { SubscribedPartition } from './subscription.js';

/** Another instance may be joining the group at this moment; then it has committed them. */
const ATTEMPTS_MAX = 10;
const ATTEMPT_PAUSE_MS = 500;
const NAMED_MAX = 10;

export interface StartOffsetsParts {
  readonly admin: ClusterAdmin;
  readonly group: string;
  readonly state: JobState;
  readonly logger: Logger;
  /** Asks again. */
  readonly ask: () => Promise<readonly SubscribedPartition[]>;
}

interface StartOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

/** `isFirst`: the group's commits are ignored. Otherwise only missing ones are committed. */
export async function commitStartOffsets(
  parts: StartOffsetsParts,
  partitions: readonly SubscribedPartition[],
  isFirst: boolean,
): Promise<void> {
  const { admin, group } = parts;
  let now = ofPinnedTopics(parts.state, partitions);
  for (let attempt = 1; ; attempt++) {
    const wanted = isFirst ? allStarts(parts.state, now) : missingStarts(parts.state, now);
    if (wanted.length === 0) return;
    const { members } = await admin.describeGroup(group);
    if (members.length === 0) {
      if (!isFirst) warnOfLostCommits(parts, now);
      const ids = new Map(now.map(({ topic, topicId }) => [topic, topicId]));
      return commitOffsets(admin, group, wanted, (topic) => ids.get(topic));
    }
    if (attempt >= ATTEMPTS_MAX) requireNoMembers(group, members);
    await delay(ATTEMPT_PAUSE_MS);
    now = ofPinnedTopics(parts.state, await parts.ask());
  }
}

/** Other topics are not subscribed to. */
function ofPinnedTopics(
  { pin }: JobState,
  partitions: readonly SubscribedPartition[],
): readonly SubscribedPartition[] {
  const pinned = new Set(pin.topics.map(({ topic }) => topic));
  return partitions.filter(({ topic }) => pinned.has(topic));
}

function allStarts(state: JobState, partitions: readonly SubscribedPartition[]): readonly StartOffset[] {
  const ranges = rangesOf(state);
  return partitions.map(({ topic, partition, low, readable }) => {
    const range = ranges.get(nameOf({ topic, partition }));
    // Nothing is read of the partitions that are not part of the job.
    return { topic, partition, offset: range === undefined ? readable : Math.max(low, range.from) };
  });
}

/** Has no valid commit, or one at records that are no longer in the log. */
function missingStarts(state: JobState, partitions: readonly SubscribedPartition[]): readonly StartOffset[] {
  const ranges = rangesOf(state);
  const settled = settledOf(state);
  return partitions.flatMap(({ topic, partition, low, next, readable, end }) => {
    const place = nameOf({ topic, partition });
    const range = ranges.get(place);
    if (range === undefined)
      return next >= low && next <= end ? [] : [{ topic, partition, offset: readable }];
    if (next >= low) return [];
    return [{ topic, partition, offset: Math.max(low, range.from, settled.get(place) ?? 0, next) }];
  });
}

/** Kafka forgets the offsets of a group without members after offsets.retention.minutes. */
function warnOfLostCommits(
  { state, group, logger }: StartOffsetsParts,
  partitions: readonly SubscribedPartition[],
): void {
  const ranges = rangesOf(state);
  const settled = settledOf(state);
  const lost = partitions.flatMap(({ topic, partition, committed, low }) => {
    const place = nameOf({ topic, partition });
    const range = ranges.get(place);
    if (range === undefined || committed >= 0) return [];
    return [`${topic}[${partition}] ${Math.max(low, range.from, settled.get(place) ?? 0)}`];
  });
  if (lost.length === 0) return;
  logger.warn(
    `the committed offsets of group ${group} are gone (offsets.retention.minutes?): the job goes on where ` +
      'its instances last reported to be; up to 10 s of records may come twice',
    { of: `${lost.slice(0, NAMED_MAX).join(' ')}${lost.length > NAMED_MAX ? ' …' : ''}` },
  );
}

function rangesOf({ pin }: JobState): ReadonlyMap<string, { readonly from: number; readonly until: number }> {
  return new Map(
    pin.topics.flatMap(({ topic, ranges }) =>
      ranges.map(([partition, from, until]) => [nameOf({ topic, partition }), { from, until }] as const),
    ),
  );
}

function nameOf({ topic, partition }: { readonly topic: string; readonly partition: number }): string {
  return `${topic} ${partition}`;
}

/** Thrown if another instance should have begun the job, but did not. */
export function requireState(state: JobState | undefined, group: string): JobState {
  if (state !== undefined) return state;
  throw new DispatcherError('KAFKA_UNREACHABLE', `the records of the job ${group} can't be read back`, {
    remedy: 'run the same command again; run kd doctor if this persists',
  });
}
