/** What is asked of the brokers for a position, and what happens when they do not answer. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Position, parsePosition } from '../../../src/core/positions/position.js';
import {
  appendTimeTopics,
  factsFor,
  type PlacedRange,
  type PositionQuestions,
  placeRanges,
  requireGroup,
} from '../../../src/kafka/tools/placed-ranges.js';
import type { ListedOffset } from '../../../src/ports/admin.js';
import { commit, fakeAdmin, type World } from '../../app/groups/fake-admin.js';
import { refused } from '../../app/refused.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const at = (text: string): Position => parsePosition(text, NOW_MS, () => '{"in": {"0": 150}}');
const PARTITIONS = [0, 1].map((partition) => ({ topic: 'in', partition, low: 100, end: 200 }));
const WORLD: World = {
  committed: [commit('in', 0, 130), commit('other', 1, 5)],
  timed: { 'in 0': [140, NOW_MS - 1_000], 'in 1': [-1, -1] },
};

interface Asked {
  readonly questions: PositionQuestions;
  readonly names: string[];
}

/** Counts the questions that reach the brokers. */
function counting(
  world: World,
  answer: (one: ListedOffset) => ListedOffset | undefined = (one) => one,
): Asked {
  const admin = fakeAdmin(world);
  const names: string[] = [];
  return {
    names,
    questions: {
      offsets: async (which, places) => {
        names.push(`offsets ${String(which)}`);
        return (await admin.offsets(which, places)).flatMap((one) => answer(one) ?? []);
      },
      firstOfTime: (timestampMs, begins) => {
        names.push(`first of time in ${begins.map(({ partition }) => partition).join(' ')}`);
        return admin.firstOfTime(timestampMs, begins);
      },
      committedOffsets: (group) => {
        names.push(`committed of ${group}`);
        return admin.committedOffsets(group);
      },
      topicSettings: (topics, settings) => admin.topicSettings(topics, settings),
    },
  };
}

const offsetsOf = (ranges: readonly PlacedRange[]): readonly unknown[] =>
  ranges.map(({ from, until }) => [from.offset, until?.offset]);

test('positions that are plain from the log itself ask nothing', async () => {
  for (const text of ['earliest', 'end', '150', '-10', '+10', '@offsets.json']) {
    const { questions, names } = counting(WORLD);
    assert.equal(await factsFor(questions, PARTITIONS, at(text), undefined), PARTITIONS);
    assert.deepEqual(names, [], text);
  }
});

test('committed asks for the offsets of the group; a partition without one has none', async () => {
  const { questions, names } = counting(WORLD);
  const facts = await factsFor(questions, PARTITIONS, at('committed'), 'g');
  assert.deepEqual(
    facts.map(({ committed }) => committed),
    [130, -1],
  );
  assert.deepEqual(names, ['committed of g']);
});

test('a time is asked for, and a first record only where there is an entry of that time', async () => {
  const { questions, names } = counting(WORLD);
  const [first, second] = await factsFor(questions, PARTITIONS, at('-1h'), undefined);
  assert.deepEqual(first?.timed, { offset: 140, timestampMs: NOW_MS - 1_000, isRecord: true });
  assert.equal(second?.timed, undefined);
  assert.deepEqual(names, [`offsets ${NOW_MS - 3_600_000}`, 'first of time in 0']);
});

test('a partition that gives no answer for a time stops everything', async () => {
  const said = /in\[1\] was not asked for its records of a time: /;
  const { questions } = counting(WORLD, (one) =>
    one.partition === 1 ? { ...one, code: 6, text: 'no leader' } : one,
  );
  await assert.rejects(
    factsFor(questions, PARTITIONS, at('-1h'), undefined),
    refused('KAFKA_UNREACHABLE', said, /no leader; bring its leader back/),
  );
  const silent = counting(WORLD, (one) => (one.partition === 1 ? undefined : one));
  await assert.rejects(
    factsFor(silent.questions, PARTITIONS, at('-1h'), undefined),
    refused('KAFKA_UNREACHABLE', said, /no answer/),
  );
});

test('committed without a group is a mistake of usage that says what to name', async () => {
  const { questions } = counting(WORLD);
  await assert.rejects(
    placeRanges(questions, PARTITIONS, { from: at('committed'), until: undefined, groupId: undefined }),
    refused('USAGE', /"committed" needs a group, and none is configured/, /kafka\.consumer\.group-id/),
  );
  assert.equal(requireGroup('g'), 'g');
});

const RANGES: readonly (readonly [from: string, until: string | undefined, offsets: readonly unknown[]])[] = [
  [
    'earliest',
    undefined,
    [
      [100, undefined],
      [100, undefined],
    ],
  ],
  [
    'committed',
    'end',
    [
      [130, 200],
      [100, 200],
    ],
  ],
  [
    'committed',
    '+5',
    [
      [130, 135],
      [100, 105],
    ],
  ],
  [
    '-1h',
    '+5',
    [
      [140, 145],
      [200, 200],
    ],
  ],
  [
    'earliest',
    '-1h',
    [
      [100, 140],
      [100, 200],
    ],
  ],
  [
    '-10',
    '-5',
    [
      [190, 195],
      [190, 195],
    ],
  ],
];

for (const [from, until, offsets] of RANGES)
  test(`from ${from} until ${until ?? 'no end'} is placed in each partition`, async () => {
    const { questions } = counting(WORLD);
    const range = { from: at(from), until: until === undefined ? undefined : at(until), groupId: 'g' };
    assert.deepEqual(offsetsOf(await placeRanges(questions, PARTITIONS, range)), offsets);
  });

test('only topics whose records get the time of the broker are named', async () => {
  const settings = {
    a: { 'message.timestamp.type': 'LogAppendTime' },
    b: { 'message.timestamp.type': 'CreateTime' },
    c: {},
  };
  assert.deepEqual(await appendTimeTopics(counting({ settings }).questions, ['a', 'b', 'c', 'd']), ['a']);
});
