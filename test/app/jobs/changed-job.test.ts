/** A job that is resumed, and has changed since its start. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit, topic, type World } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { AT, BEGUN, commitsOf, PIN, scene, TOPIC_ID, WORLD } from './support/job-scene.js';

const ACCEPT = { acceptChange: true };
const CHANGED = { 'dispatcher.transform': 'b' };
const COMMITTED: World = { ...WORLD, committed: [commit('in', 0, 150), commit('in', 1, 150)] };
const NEW_ID = 'BBBBBBBBQACAAAAAAAAAAQ';
const REPLACED: World = {
  topics: [topic('in', [1, 1], { topicId: NEW_ID })],
  logs: { 'in 0': [0, 40], 'in 1': [5, 30] },
  committed: ['0', '1'].map((id) =>
    commit('in', Number(id), 150, { metadata: `kd cluster=cluster-1 topic-id=${TOPIC_ID}` }),
  ),
};

test('another transform stops the job, and the message says how to go on', async () => {
  const { open, store } = await scene(BEGUN, COMMITTED);
  await assert.rejects(
    open({}, CHANGED),
    refused(
      'USAGE',
      /the job j can't continue unchanged: dispatcher\.transform has changed since its start/,
      /--accept-change continues with it as it is now; --again begins a new run of the job/,
    ),
  );
  assert.deepEqual(store.written, []);
});

test('a changed transform that is accepted is written down, and asks no second time', async () => {
  const { open, store, logger } = await scene(BEGUN, COMMITTED);
  const { state } = await open(ACCEPT, CHANGED);
  assert.deepEqual(state.pin.parts, CHANGED);
  assert.deepEqual(store.written, ['1/change']);
  assert.deepEqual(logger.of('warn'), ['warn accepted: dispatcher.transform has changed since its start']);
  await open({}, CHANGED);
  await assert.rejects(
    open({}),
    refused('USAGE', /dispatcher\.transform has changed/),
    'back is a change too',
  );
});

test('--accept-change of a job that has not changed writes nothing', async () => {
  const { open, store } = await scene(BEGUN, COMMITTED);
  await open(ACCEPT);
  assert.deepEqual(store.written, []);
});

test('other positions are not accepted: they would be another job', async () => {
  for (const wish of [{ from: '120' }, { until: '150' }, { partitions: [1] }]) {
    const { open, store } = await scene(BEGUN, COMMITTED);
    await assert.rejects(
      open({ ...wish, acceptChange: true }),
      refused('USAGE', /was .* at its start, and is .* now/, /leave these options out to go on with the job/),
    );
    assert.deepEqual(store.written, []);
  }
});

test('a partition that is gone is not accepted, since nobody can say what was in it', async () => {
  const { open } = await scene(BEGUN, { ...COMMITTED, topics: [topic('in', [1])] });
  await assert.rejects(
    open(ACCEPT),
    refused('OFFSET_OUT_OF_RANGE', /in\[1\] is no longer there/, /restore the topic as it was/),
  );
});

test('records that were deleted unread are a loss, which the user accepts or not', async () => {
  const lost: World = { ...COMMITTED, logs: { 'in 0': [170, 200], 'in 1': [100, 200] } };
  const refusing = await scene(BEGUN, lost);
  await assert.rejects(
    refusing.open(),
    refused(
      'OFFSET_OUT_OF_RANGE',
      /deleted \(retention\?\) before it read them: in\[0\] 150–169/,
      /--accept-change/,
    ),
  );
  const accepting = await scene(BEGUN, lost);
  const { state } = await accepting.open(ACCEPT);
  assert.deepEqual(state.lost, [{ topic: 'in', partition: 0, from: 150, to: 170 }]);
  assert.deepEqual(state.pin.topics, PIN.topics, 'the ranges are what they were');
  assert.deepEqual(commitsOf(accepting.admin), ['0:170'], 'the group goes on behind the loss');
});

test('a loss beside another transform is a loss: the exit code is that of lost data', async () => {
  const { open } = await scene(BEGUN, { ...COMMITTED, logs: { 'in 0': [170, 200], 'in 1': [100, 200] } });
  await assert.rejects(
    open({}, CHANGED),
    refused('OFFSET_OUT_OF_RANGE', /dispatcher\.transform has changed since its start; records of its range/),
  );
});

test('a topic that was created again stops the job', async () => {
  const { open } = await scene(BEGUN, REPLACED);
  await assert.rejects(
    open(),
    refused('OFFSET_OUT_OF_RANGE', /the topic in was deleted and created again/, /--accept-change/),
  );
});

test('accepted, a topic that was created again is read from the same positions in the new one', async () => {
  const { open, admin } = await scene(BEGUN, REPLACED);
  const { state } = await open(ACCEPT);
  assert.deepEqual(state.pin.topics, [
    {
      topic: 'in',
      id: NEW_ID,
      ranges: [
        [0, 0, 40],
        [1, 5, 30],
      ],
    },
  ]);
  assert.deepEqual(commitsOf(admin), ['0:0', '1:5'], 'the commits of the old topic mean nothing');
});

test('of a topic that was created again only the partitions of the job are read', async () => {
  const topics = [{ topic: 'in', id: TOPIC_ID, ranges: [[1, 100, 200]] as const }];
  const { open, admin } = await scene(
    [
      [1, 'pin', 'a', { ...PIN, partitions: '1', topics }],
      [1, 'started', '', { at: AT }],
    ],
    REPLACED,
  );
  const { state } = await open(ACCEPT);
  assert.deepEqual(state.pin.topics, [{ topic: 'in', id: NEW_ID, ranges: [[1, 5, 30]] }]);
  assert.deepEqual(commitsOf(admin), ['0:40', '1:5']);
});

test('a job that began at the offsets of a file needs the file again for a new topic', async () => {
  const pin = { ...PIN, from: { text: '@offsets.json' } };
  const { open } = await scene([[1, 'pin', 'a', pin], ...BEGUN.slice(1)], REPLACED);
  await assert.rejects(open(ACCEPT), refused('USAGE', /offsets of a file, which is needed again/, /--from/));
});

test('a topic without ids, of an old broker, is never called another one', async () => {
  const topics = [{ ...PIN.topics[0], id: null }] as typeof PIN.topics;
  const { open, store } = await scene([[1, 'pin', 'a', { ...PIN, topics }], ...BEGUN.slice(1)], {
    ...COMMITTED,
    topics: [topic('in', [1, 1], { topicId: NEW_ID })],
  });
  await open();
  assert.deepEqual(store.written, []);
});
