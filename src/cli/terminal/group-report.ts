/** A group and its reset, as text and as JSON. */
import { type GroupPartition, type GroupState, lagOf } from '../../app/groups/group-state.js';
import type { ResetPlan } from '../../app/groups/reset.js';
import { wordsOf } from '../../core/positions/place.js';
import { visible } from '../../core/visible.js';
import { count, duration } from './numbers.js';
import { table } from './table.js';

/** Timestamps of the first record that is not committed yet, by `<topic> <partition>`. */
type OldestUnread = ReadonlyMap<string, number>;

interface Shown {
  readonly nowMs: number;
  readonly width: number | undefined;
}

export function groupText(state: GroupState, oldest: OldestUnread, { nowMs, width }: Shown): string {
  const { group, state: words, type, assignor, coordinator, members } = state.description;
  const at = coordinator === null ? '' : `, coordinator ${coordinator.host}:${coordinator.port}`;
  const how = [type.toLowerCase(), assignor].filter((word) => word !== '').join(', ');
  const lag = state.partitions.reduce((sum, one) => sum + lagOf(one), 0);
  // Brokers describe a group that they don't know as one that is dead.
  const status = words === 'Dead' ? 'does not exist' : `${words} (${how})`;
  const head = visible(`group ${group}: ${status}${at}; lag ${count(lag)} records`);
  const list = members.map(({ clientId, instanceId, host, partitions }) => [
    clientId,
    instanceId ?? '',
    host,
    String(partitions),
  ]);
  const memberTable =
    members.length === 0
      ? 'no members\n'
      : table([['member', 'instance', 'host', 'partitions'], ...list], { width });
  const rows = state.partitions.map((one) => [
    one.topic,
    String(one.partition),
    one.committed < 0 ? '-' : String(one.committed),
    String(one.end),
    one.stable < one.end ? String(one.stable) : '',
    count(lagOf(one)),
    ageOf(one, oldest, nowMs),
    one.metadata,
  ]);
  const heading = ['topic', 'partition', 'committed', 'end', 'stable', 'lag', 'behind', 'metadata'];
  const partitionTable = rows.length === 0 ? 'no partitions\n' : table([heading, ...rows], { width });
  return `${head}\n\n${memberTable}\n${partitionTable}${missingLines(state)}`;
}

/** Everything that the table above lacks. */
function missingLines({ leaderless, notDescribed }: GroupState): string {
  const names = leaderless.map(({ topic, partition }) => `${topic}[${partition}]`).join(' ');
  const lines = notDescribed.map(({ name, text }) => `not described: ${visible(name)}: ${visible(text)}\n`);
  return (leaderless.length === 0 ? '' : `without a leader: ${names}\n`) + lines.join('');
}

function missingJson({ leaderless, notDescribed }: GroupState): object {
  return {
    leaderless: leaderless.map(({ topic, partition }) => ({ topic, partition })),
    notDescribed: notDescribed.map(({ name, text }) => ({ topic: name, reason: text })),
  };
}

function ageOf(one: GroupPartition, oldest: OldestUnread, nowMs: number): string {
  const timestamp = oldest.get(`${one.topic} ${one.partition}`);
  return timestamp === undefined || timestamp < 0 ? '' : duration(Math.max(0, nowMs - timestamp));
}

export function groupJson(state: GroupState, oldest: OldestUnread, nowMs: number): unknown {
  const { group, state: words, type, assignor, members } = state.description;
  return {
    group,
    state: words,
    type,
    assignor,
    members,
    lag: state.partitions.reduce((sum, one) => sum + lagOf(one), 0),
    partitions: state.partitions.map((one) => {
      const timestamp = oldest.get(`${one.topic} ${one.partition}`);
      return {
        topic: one.topic,
        partition: one.partition,
        committed: one.committed < 0 ? null : one.committed,
        low: one.low,
        end: one.end,
        stable: one.stable,
        lag: lagOf(one),
        lagMs: timestamp === undefined || timestamp < 0 ? null : Math.max(0, nowMs - timestamp),
        metadata: one.metadata,
      };
    }),
    ...missingJson(state),
  };
}

export function resetText({ state, moves }: ResetPlan, { width }: Pick<Shown, 'width'>): string {
  const rows = moves.map(({ topic, partition, old, next, note }) => [
    topic,
    String(partition),
    old < 0 ? '-' : String(old),
    String(next),
    old < 0 ? '' : signed(next - old),
    note === undefined ? '' : wordsOf(note),
  ]);
  const { members } = state.description;
  const busy =
    members.length === 0
      ? ''
      : `the group has ${members.length} member${members.length === 1 ? '' : 's'} ` +
        `(${members.map(({ clientId }) => visible(clientId)).join(', ')}): stop them before --execute\n`;
  const heading = ['topic', 'partition', 'old', 'new', 'moves', ''];
  return `${table([heading, ...rows], { width })}${missingLines(state)}${busy}`;
}

export function resetJson(group: string, { moves, state }: ResetPlan, executed: boolean): unknown {
  return {
    group,
    executed,
    members: state.description.members.length,
    partitions: moves.map(({ topic, partition, old, next, note }) => ({
      topic,
      partition,
      old: old < 0 ? null : old,
      new: next,
      note: note ?? null,
    })),
    ...missingJson(state),
  };
}

function signed(n: number): string {
  return n > 0 ? `+${count(n)}` : count(n);
}
