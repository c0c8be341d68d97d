import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { GroupPartition, GroupState } from '../../../src/app/groups/group-state.js';
import type { Move } from '../../../src/app/groups/reset.js';
import { groupJson, groupText, resetJson, resetText } from '../../../src/cli/terminal/group-report.js';
import type { GroupDescription } from '../../../src/ports/admin.js';
import { member, NO_ERROR, topic } from '../../app/groups/fake-admin.js';
import { HOSTILE, UNSAFE } from '../memory-io.js';

const NOW_MS = Date.UTC(2026, 10, 28, 12);
const HOUR_MS = 3_600_000;

function partition(number: number, more: Partial<GroupPartition> = {}): GroupPartition {
  const offsets = { committed: 150, low: 100, end: 200, stable: 200 };
  return { topic: 'in', partition: number, metadata: '', ...offsets, ...more };
}

function stateOf(
  partitions: readonly GroupPartition[],
  group: Partial<GroupDescription> = {},
  more: Partial<GroupState> = {},
): GroupState {
  return {
    description: {
      group: 'g',
      state: 'Stable',
      type: 'Classic',
      assignor: 'range',
      coordinator: { id: 1, host: 'b1.example', port: 9092, rack: null },
      operations: null,
      members: [member('kd-1')],
      ...NO_ERROR,
      ...group,
    },
    topics: new Map(),
    partitions,
    leaderless: [],
    notDescribed: [],
    ...more,
  };
}

const text = (state: GroupState, oldest: ReadonlyMap<string, number> = new Map(), width?: number): string =>
  groupText(state, oldest, { nowMs: NOW_MS, width });

/** The words of a line of the table of partitions; `line` counts from its heading. */
function cells(shown: string, line: number): readonly string[] {
  const lines = shown.split('\n');
  const heading = lines.findIndex((one) => one.startsWith('topic '));
  return (lines[heading + line] ?? '').trim().split(/\s{2,}/);
}

const MISSING = {
  leaderless: [
    { topic: 'in', partition: 4 },
    { topic: 'in', partition: 7 },
  ],
  notDescribed: [topic('typo', [], { code: 3, text: 'Broker: Unknown topic or partition' })],
};

test('the first line has state, protocol, coordinator and the sum of the lags', () => {
  const [head] = text(stateOf([partition(0), partition(1, { end: 5_000 })])).split('\n');
  assert.equal(head, 'group g: Stable (classic, range), coordinator b1.example:9092; lag 4,900 records');
  const [bare] = text(stateOf([], { coordinator: null, assignor: '', state: 'Empty' })).split('\n');
  assert.equal(bare, 'group g: Empty (classic); lag 0 records');
});

test('a partition without a commit has a dash, and no invented age', () => {
  const shown = text(stateOf([partition(0, { committed: -1 })]), new Map([['in 0', -1]]));
  assert.deepEqual(cells(shown, 1), ['in', '0', '-', '200', '100']);
});

test('an open transaction shows where reading ends for now', () => {
  assert.deepEqual(cells(text(stateOf([partition(0, { stable: 180 })])), 1), [
    'in',
    '0',
    '150',
    '200',
    '180',
    '50',
  ]);
});

test('the age of the oldest unread record is shown; a timestamp in the future is no negative age', () => {
  const oldest = new Map([
    ['in 0', NOW_MS - 26 * HOUR_MS],
    ['in 1', NOW_MS + HOUR_MS],
    ['other 2', NOW_MS - HOUR_MS],
  ]);
  const shown = text(stateOf([partition(0), partition(1), partition(2)]), oldest);
  assert.equal(cells(shown, 1).at(-1), '1 d 2 h');
  assert.equal(cells(shown, 2).at(-1), '0.0 s');
  assert.equal(cells(shown, 3).at(-1), '50');
});

test('members have their instance and host; without members or partitions a sentence says so', () => {
  const shown = text(stateOf([], { members: [member('kd-1', { instanceId: 'pod-3' }), member('kd-2')] }));
  assert.match(shown, /^kd-1 +pod-3 +\/10\.0\.0\.7 +2$/m);
  assert.match(shown, /^kd-2 +\/10\.0\.0\.7 +2$/m);
  assert.match(shown, /^no partitions$/m);
  assert.match(text(stateOf([partition(0)], { members: [] })), /^no members$/m);
});

test('what the table lacks is listed below it: leaderless partitions, topics that are not described', () => {
  const state = stateOf([partition(0)], {}, MISSING);
  for (const shown of [text(state), resetText({ state, moves: [] }, { width: undefined })]) {
    assert.match(shown, /^without a leader: in\[4\] in\[7\]$/m);
    assert.match(shown, /^not described: typo: Broker: Unknown topic or partition$/m);
  }
  assert.doesNotMatch(text(stateOf([partition(0)])), /without a leader|not described/);
});

test('JSON has null, not a dash or −1, where there is no commit, and null where no age is known', () => {
  const oldest = new Map([['in 1', NOW_MS - 1_500]]);
  const json = groupJson(
    stateOf([partition(0, { committed: -1 }), partition(1)], {}, MISSING),
    oldest,
    NOW_MS,
  );
  assert.deepEqual(JSON.parse(JSON.stringify(json)), {
    group: 'g',
    state: 'Stable',
    type: 'Classic',
    assignor: 'range',
    members: [{ clientId: 'kd-1', instanceId: null, memberId: 'kd-1-1', host: '/10.0.0.7', partitions: 2 }],
    lag: 150,
    partitions: [
      {
        topic: 'in',
        partition: 0,
        committed: null,
        low: 100,
        end: 200,
        stable: 200,
        lag: 100,
        lagMs: null,
        metadata: '',
      },
      {
        topic: 'in',
        partition: 1,
        committed: 150,
        low: 100,
        end: 200,
        stable: 200,
        lag: 50,
        lagMs: 1500,
        metadata: '',
      },
    ],
    leaderless: MISSING.leaderless,
    notDescribed: [{ topic: 'typo', reason: 'Broker: Unknown topic or partition' }],
  });
});

const move = (old: number, next: number, note?: Move['note']): Move => ({
  topic: 'in',
  partition: 0,
  old,
  next,
  note,
});

test('a plan shows by how much each offset moves, and why it is not the one that was asked for', () => {
  const moves = [move(150, 1_150), move(150, 100, 'before-beginning'), move(-1, 100), move(7, 7)];
  const shown = resetText({ state: stateOf([]), moves }, { width: undefined });
  assert.deepEqual(cells(shown, 1), ['in', '0', '150', '1150', '+1,000']);
  assert.match(cells(shown, 2).join(' '), /^in 0 150 100 -50 the offset is before the beginning/);
  assert.deepEqual(cells(shown, 3), ['in', '0', '-', '100']);
  assert.deepEqual(cells(shown, 4), ['in', '0', '7', '7', '0']);
});

test('a plan for a group with members says who has to stop first', () => {
  const moves = [move(1, 2)];
  const busy = (members: GroupDescription['members']): string =>
    resetText({ state: stateOf([], { members }), moves }, { width: undefined });
  assert.match(busy([member('a')]), /^the group has 1 member \(a\): stop them before --execute$/m);
  assert.match(busy([member('a'), member('b')]), /^the group has 2 members \(a, b\): stop them/m);
  assert.doesNotMatch(busy([]), /stop them/);
});

test('the JSON of a reset says whether it was done, and what was left out', () => {
  const moves = [move(-1, 100, 'not-committed'), move(5, 6)];
  const state = stateOf([], {}, MISSING);
  assert.deepEqual(JSON.parse(JSON.stringify(resetJson('g', { state, moves }, true))), {
    group: 'g',
    executed: true,
    members: 1,
    partitions: [
      { topic: 'in', partition: 0, old: null, new: 100, note: 'not-committed' },
      { topic: 'in', partition: 0, old: 5, new: 6, note: null },
    ],
    leaderless: MISSING.leaderless,
    notDescribed: [{ topic: 'typo', reason: 'Broker: Unknown topic or partition' }],
  });
});

test('names that other programs chose bring no control characters to a terminal', () => {
  const rogue = stateOf(
    [partition(0, { metadata: HOSTILE })],
    {
      group: HOSTILE,
      state: HOSTILE,
      assignor: HOSTILE,
      members: [member(HOSTILE, { host: HOSTILE, instanceId: HOSTILE })],
    },
    { notDescribed: [topic(HOSTILE, [], { code: 3, text: HOSTILE })] },
  );
  assert.doesNotMatch(text(rogue), UNSAFE);
  assert.doesNotMatch(resetText({ state: rogue, moves: [move(1, 2)] }, { width: 80 }), UNSAFE);
});

test('a group that the brokers do not know does not exist', () => {
  const text = groupText(stateOf([], { state: 'Dead', members: [] }), new Map(), {
    nowMs: NOW_MS,
    width: undefined,
  });
  assert.match(text, /^group g: does not exist, coordinator/);
});
