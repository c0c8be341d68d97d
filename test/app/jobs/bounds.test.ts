import assert from 'node:assert/strict';
import { test } from 'node:test';
import { placeEnds } from '../../../src/app/jobs/bounds.js';
import { type Position, parsePosition } from '../../../src/core/positions/position.js';
import { jobConfig } from '../../checks/support.js';
import { commit, fakeAdmin, topic, type World } from '../groups/fake-admin.js';
import { TOPIC_ID, WORLD } from './support/job-scene.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const at = (text: string): Position => parsePosition(text, NOW_MS, () => '{}');
const TIMED: World = { ...WORLD, timed: { 'in 0': [140, NOW_MS], 'in 1': [-1, -1] } };

const ENDS: readonly (readonly [until: string, ends: readonly (readonly [low: number, end: number])[]])[] = [
  [
    'end',
    [
      [100, 200],
      [100, 200],
    ],
  ],
  [
    '160',
    [
      [100, 160],
      [100, 160],
    ],
  ],
  [
    '+10',
    [
      [100, 160],
      [100, 110],
    ],
  ],
  [
    '-10',
    [
      [100, 190],
      [100, 190],
    ],
  ],
  [
    '-1h',
    [
      [100, 140],
      [100, 200],
    ],
  ],
];

for (const [until, ends] of ENDS)
  test(`a run until ${until} has an end in each partition, wherever its group is`, async () => {
    const admin = fakeAdmin({ ...TIMED, committed: [commit('in', 0, 150)] });
    const { bounds, appendTimeTopics } = await placeEnds(admin, jobConfig(), at(until));
    assert.deepEqual(
      bounds.map(({ low, end }) => [low, end]),
      ends,
    );
    assert.deepEqual(appendTimeTopics, []);
  });

test('+N counts from the end for a group that would begin there', async () => {
  const set = ['kafka.consumer.auto-offset-reset=latest'];
  const { bounds, ends } = await placeEnds(fakeAdmin(WORLD), jobConfig(set), at('+10'));
  assert.deepEqual(
    bounds.map(({ end }) => end),
    [200, 200],
  );
  assert.equal(ends[0]?.note, 'behind-end');
});

test('a run until a time names the topics whose times are those of the broker', async () => {
  const settings = { in: { 'message.timestamp.type': 'LogAppendTime' } };
  const topics = async (until: string): Promise<readonly string[]> =>
    (await placeEnds(fakeAdmin({ ...TIMED, settings }), jobConfig(), at(until))).appendTimeTopics;
  assert.deepEqual(await topics('-1h'), ['in']);
  assert.deepEqual(await topics('end'), []);
});

test('the ends of a run have the identity of their topic, where the brokers know one', async () => {
  const [known] = (await placeEnds(fakeAdmin(TIMED), jobConfig(), at('end'))).bounds;
  assert.equal(known?.topicId, TOPIC_ID);
  const old = { ...TIMED, topics: [topic('in', [1], { topicId: '' })] };
  const [unknown] = (await placeEnds(fakeAdmin(old), jobConfig(), at('end'))).bounds;
  assert.deepEqual(unknown, { topic: 'in', partition: 0, low: 100, end: 200 });
});

test('a group that has committed offset 0 is at offset 0, and not without a commit', async () => {
  const world = { ...TIMED, committed: [commit('in', 0, 0)], logs: { 'in 0': [0, 200] as const } };
  const set = ['kafka.consumer.auto-offset-reset=latest'];
  const { bounds } = await placeEnds(fakeAdmin(world), jobConfig(set), at('+10'));
  assert.equal(bounds[0]?.end, 10);
});
