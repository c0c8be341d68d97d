import assert from 'node:assert/strict';
import { test } from 'node:test';
import { chosenPartitions, pinnedPosition, placeJob } from '../../../src/app/jobs/place-job.js';
import { askSubscription } from '../../../src/app/jobs/subscription.js';
import type { PinnedRange } from '../../../src/core/jobs/job-record.js';
import { type Position, parsePosition } from '../../../src/core/positions/position.js';
import { jobConfig } from '../../checks/support.js';
import { fakeAdmin, topic, type World } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { WORLD } from './support/job-scene.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const TABLE = '{"in": {"0": 120}}';
const at = (text: string): Position => parsePosition(text, NOW_MS, () => TABLE);
const TIMED: World = { ...WORLD, timed: { 'in 0': [140, NOW_MS], 'in 1': [-1, -1] } };

async function placed(from: string, until: string, world: World = WORLD): ReturnType<typeof placeJob> {
  const admin = fakeAdmin(world);
  const partitions = await askSubscription(admin, jobConfig());
  return placeJob(admin, partitions, { from: at(from), until: at(until), baseGroup: 'g' });
}

const RANGES: readonly (readonly [from: string, until: string, ranges: readonly PinnedRange[]])[] = [
  [
    'earliest',
    'end',
    [
      [0, 100, 200],
      [1, 100, 200],
    ],
  ],
  [
    '150',
    '160',
    [
      [0, 150, 160],
      [1, 150, 160],
    ],
  ],
  [
    '-10',
    'end',
    [
      [0, 190, 200],
      [1, 190, 200],
    ],
  ],
  [
    'earliest',
    '+5',
    [
      [0, 100, 105],
      [1, 100, 105],
    ],
  ],
  [
    '150',
    '+5',
    [
      [0, 150, 155],
      [1, 150, 155],
    ],
  ],
  [
    '-1h',
    'end',
    [
      [0, 140, 200],
      [1, 200, 200],
    ],
  ],
  [
    'earliest',
    '-1h',
    [
      [0, 100, 140],
      [1, 100, 200],
    ],
  ],
  [
    '@offsets.json',
    'end',
    [
      [0, 120, 200],
      [1, 200, 200],
    ],
  ],
  [
    '180',
    '-1h',
    [
      [0, 180, 180],
      [1, 180, 200],
    ],
  ],
];

for (const [from, until, ranges] of RANGES)
  test(`a job from ${from} until ${until} has an exact range in each partition`, async () => {
    const { topics, heldBack } = await placed(from, until, TIMED);
    assert.deepEqual(
      topics.map((one) => one.ranges),
      [ranges],
    );
    assert.deepEqual(heldBack, []);
  });

test('partitions of several topics are pinned topic by topic, a topic without an id with none', async () => {
  const topics = [topic('in', [1, 1]), topic('more', [1], { topicId: '' })];
  const admin = fakeAdmin({ topics, logs: { 'more 0': [5, 9] } });
  const partitions = await askSubscription(admin, jobConfig(['kafka.consumer.topics=in,more']));
  const job = await placeJob(admin, partitions, { from: at('earliest'), until: at('end'), baseGroup: 'g' });
  assert.deepEqual(
    job.topics.map(({ topic: name, id, ranges }) => [name, id === null, ranges]),
    [
      [
        'in',
        false,
        [
          [0, 0, 0],
          [1, 0, 0],
        ],
      ],
      ['more', true, [[0, 5, 9]]],
    ],
  );
});

test('topics whose times are those of the broker are named if a time was asked for', async () => {
  const world = { ...TIMED, settings: { in: { 'message.timestamp.type': 'LogAppendTime' } } };
  assert.deepEqual((await placed('-1h', 'end', world)).appendTimeTopics, ['in']);
  assert.deepEqual((await placed('earliest', '-1h', world)).appendTimeTopics, ['in']);
  assert.deepEqual((await placed('earliest', 'end', world)).appendTimeTopics, []);
  const created = { ...TIMED, settings: { in: { 'message.timestamp.type': 'CreateTime' } } };
  assert.deepEqual((await placed('-1h', 'end', created)).appendTimeTopics, []);
});

test('only a job that ends at an open transaction has records held back', async () => {
  const open = { ...WORLD, logs: { 'in 0': [100, 200, 180] as const, 'in 1': [100, 200] as const } };
  const heldBack = async (until: string): Promise<readonly number[]> =>
    (await placed('earliest', until, open)).heldBack.map(({ partition }) => partition);
  assert.deepEqual(await heldBack('end'), [0]);
  assert.deepEqual(await heldBack('180'), [0], 'the end that was asked for is where the transaction begins');
  assert.deepEqual(await heldBack('179'), []);
});

test('--partitions leaves those that were named, and refuses a number that no topic has', async () => {
  const partitions = await askSubscription(fakeAdmin(WORLD), jobConfig());
  const chosen = (...numbers: readonly number[]): readonly number[] =>
    chosenPartitions(partitions, { text: numbers.join(), numbers: new Set(numbers) }).map(
      (one) => one.partition,
    );
  assert.equal(chosenPartitions(partitions, undefined), partitions);
  assert.deepEqual([chosen(1), chosen(1, 0)], [[1], [0, 1]]);
  assert.throws(() => chosen(1, 2, 3), refused('USAGE', /has a partition 2/, /the partitions are 0 to 1/));
});

test('a time is pinned as it was typed and as it was meant, any other position as it was typed', () => {
  const pinned = (text: string): unknown => pinnedPosition({ text, position: at(text) });
  assert.deepEqual(pinned('-2h'), { text: '-2h', timestampMs: NOW_MS - 7_200_000 });
  assert.deepEqual(pinned('2026-11-27'), { text: '2026-11-27', timestampMs: Date.parse('2026-11-27') });
  for (const text of ['earliest', 'end', '-10', '120', 'committed']) assert.deepEqual(pinned(text), { text });
});
