/** Moves the committed offsets of a group without members. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { type PlaceNote, place } from '../../core/positions/place.js';
import type { Position } from '../../core/positions/position.js';
import type { ClusterAdmin, GroupMember, TopicPlace } from '../../ports/admin.js';
import { commitMetadata, factsFor } from '../compose/offsets.js';
import { askGroup, type GroupRequest, type GroupState } from './group-state.js';

export interface ResetRequest extends GroupRequest {
  readonly to: Position;
  /** Undefined: all. */
  readonly partitions: ReadonlySet<number> | undefined;
}

export interface Move extends TopicPlace {
  /** −1: nothing was committed. */
  readonly old: number;
  readonly next: number;
  readonly note: PlaceNote | undefined;
}

export interface ResetPlan {
  readonly state: GroupState;
  readonly moves: readonly Move[];
}

/** The offset that each partition would get; nothing is changed. */
export async function planReset(
  admin: ClusterAdmin,
  config: ResolvedConfig,
  request: ResetRequest,
): Promise<ResetPlan> {
  const state = await askGroup(admin, config, request);
  requireNamed(request, state);
  const wanted = state.partitions.filter(({ partition }) => request.partitions?.has(partition) ?? true);
  requireSome(request, wanted);
  const facts = await factsFor(admin, wanted, request.to, request.groupId);
  const moves = wanted.map(({ topic, partition, committed, low }, index) => {
    const known = facts[index] ?? { topic, partition, low, end: low };
    // ±N counts from the committed offset; without one, from the beginning or the end.
    const placed = place(request.to, known, committed < 0 ? undefined : committed);
    return { topic, partition, old: committed, next: placed.offset, note: placed.note };
  });
  return { state, moves: moves.filter(({ note }) => note !== 'not-in-table') };
}

/** Commits the plan. Refuses a group that has members: they would commit over it. */
export async function executeReset(
  admin: ClusterAdmin,
  groupId: string,
  { state, moves }: ResetPlan,
): Promise<void> {
  requireNoMembers(groupId, state.description.members);
  const offsets = moves.map(({ topic, partition, next }) => ({ topic, partition, offset: next }));
  await commitOffsets(admin, groupId, offsets, (topic) => state.topics.get(topic)?.topicId);
}

interface CommittedPlace extends TopicPlace {
  readonly offset: number;
}

/** For a group without members, with the metadata of a run's own commits. */
export async function commitOffsets(
  admin: ClusterAdmin,
  groupId: string,
  offsets: readonly CommittedPlace[],
  topicId: (topic: string) => string | undefined,
): Promise<void> {
  const { clusterId } = await admin.describeCluster();
  const answers = await admin.alterOffsets(
    groupId,
    offsets.map((place) => ({ ...place, metadata: commitMetadata(clusterId, topicId(place.topic)) })),
  );
  const failed = answers.filter(({ code }) => code !== 0);
  const [first] = failed;
  if (first === undefined) return;
  throw new DispatcherError(
    'KAFKA_REFUSED',
    `${failed.length} of ${offsets.length} offsets were not committed, the first for ` +
      `${first.topic}[${first.partition}]: ${first.text}`,
    { remedy: 'give this user READ on the group and on the topics, see kd group show, then try again' },
  );
}

/** A topic that was asked for by name must not be left out silently. */
function requireNamed({ topics }: ResetRequest, { notDescribed }: GroupState): void {
  const [first] = topics === undefined ? [] : notDescribed;
  if (first === undefined) return;
  throw new DispatcherError('KAFKA_REFUSED', `topic ${first.name} can't be described: ${first.text}`, {
    remedy: 'correct --topic, or give this user DESCRIBE on the topic; nothing was changed',
  });
}

function requireSome({ groupId }: ResetRequest, wanted: readonly TopicPlace[]): void {
  if (wanted.length > 0) return;
  throw new DispatcherError('USAGE', `group ${groupId} has no partition that could be reset`, {
    remedy: 'name its topics with --topic, or a configuration that does with -c, and check --partitions',
  });
}

const NAMED_MAX = 5;

export function requireNoMembers(groupId: string, members: readonly GroupMember[]): void {
  if (members.length === 0) return;
  const names = members.slice(0, NAMED_MAX).map(({ clientId, host }) => `${clientId} at ${host}`);
  const more = members.length > NAMED_MAX ? ` and ${members.length - NAMED_MAX} more` : '';
  throw new DispatcherError(
    'USAGE',
    `group ${groupId} has ${members.length} member${members.length === 1 ? '' : 's'}: ` +
      `${names.join(', ')}${more}`,
    { remedy: 'stop them first: they would commit their own offsets again' },
  );
}
