import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit, member, topic } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { AT, BEGUN, commitsOf, FINISHED, PIN, scene, TOPIC_ID, WORLD } from './support/job-scene.js';
import { JOB_GROUP } from './support/memory-store.js';

test('a new job pins its ends, commits where it begins, and only then says that it has started', async () => {
  const { open, store, admin, logger, placed } = await scene();
  const { state, isResumed } = await open();
  assert.equal(isResumed, false);
  assert.deepEqual(store.written, ['1/pin', '1/started']);
  assert.deepEqual(commitsOf(admin), ['0:100', '1:100']);
  assert.deepEqual(state.pin.topics, PIN.topics);
  assert.deepEqual([state.pin.from, state.pin.until], [{ text: 'earliest' }, { text: 'end' }]);
  assert.deepEqual([state.run, state.isStarted, state.pin.partitions], [1, true, null]);
  assert.deepEqual(logger.of('info', 'warn'), ['info the job begins']);
  assert.deepEqual(logger.all.at(-1)?.fields['group'], JOB_GROUP);
  assert.equal(placed.length, 1);
});

test('commits of a job carry the identity of the topic, so that another one is recognised', async () => {
  const { open, admin } = await scene();
  await open();
  assert.deepEqual(
    new Set(admin.commits.map(({ metadata }) => metadata)),
    new Set([`kd cluster=cluster-1 topic-id=${TOPIC_ID}`]),
  );
});

test('the positions of a job are pinned as they were typed, a time with what it meant', async () => {
  const { open } = await scene();
  const { state } = await open({ from: '120', until: '-10', partitions: [1] });
  assert.deepEqual(state.pin.topics[0]?.ranges, [[1, 120, 190]]);
  assert.deepEqual(
    [state.pin.from, state.pin.until, state.pin.partitions],
    [{ text: '120' }, { text: '-10' }, '1'],
  );
});

test('of a partition that is no part of the job nothing is read: the group begins at its end', async () => {
  const { open, admin } = await scene();
  await open({ partitions: [1] });
  assert.deepEqual(commitsOf(admin), ['0:200', '1:100']);
});

test('a partition that no topic of the job has is a mistake of the command line', async () => {
  const { open, store } = await scene();
  await assert.rejects(
    open({ partitions: [0, 7] }),
    refused('USAGE', /no topic .* partition 7/, /are 0 to 1/),
  );
  assert.deepEqual(store.written, [], 'nothing was begun');
});

test('"committed" means the configured group, not that of the job, which has never committed', async () => {
  const committed = [commit('in', 0, 150), commit('in', 1, 130)];
  const { open } = await scene([], { ...WORLD, committed });
  const { state } = await open({ from: 'committed' });
  assert.deepEqual(state.pin.topics[0]?.ranges, [
    [0, 150, 200],
    [1, 130, 200],
  ]);
});

test('records behind an open transaction are not part of a new job, and are named in a warning', async () => {
  const logs = { 'in 0': [100, 200, 180] as const, 'in 1': [100, 200] as const };
  const { open, logger } = await scene([], { ...WORLD, logs });
  const { state } = await open();
  assert.deepEqual(state.pin.topics[0]?.ranges[0], [0, 100, 180]);
  const [warning] = logger.all.filter(({ level }) => level === 'warn');
  assert.match(warning?.message ?? '', /open transaction holds back records at the end/);
  assert.deepEqual(warning?.fields, { of: 'in[0] 180–199' });
});

test('of many partitions behind open transactions ten are named', async () => {
  const numbers = Array.from({ length: 11 }, (_, id) => id);
  const logs = Object.fromEntries(numbers.map((id) => [`in ${id}`, [0, 9, 5] as const]));
  const { open, logger } = await scene([], {
    topics: [
      topic(
        'in',
        numbers.map(() => 1),
      ),
    ],
    logs,
  });
  await open();
  const of = String(logger.all.find(({ level }) => level === 'warn')?.fields['of']);
  assert.match(of, /^in\[0\] 5–8 .* in\[9\] 5–8 …$/);
});

test('a job that ends before the open transaction loses nothing, and warns of nothing', async () => {
  const logs = { 'in 0': [100, 200, 180] as const, 'in 1': [100, 200] as const };
  const { open, logger } = await scene([], { ...WORLD, logs });
  await open({ until: '150' });
  assert.deepEqual(logger.of('warn'), []);
});

test('a job that is begun goes on: nothing is pinned or committed that is there already', async () => {
  const committed = [commit('in', 0, 150), commit('in', 1, 130)];
  const { open, store, admin, logger, placed } = await scene(BEGUN, { ...WORLD, committed });
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.run, placed.length], [true, 1, 0]);
  assert.deepEqual([store.written, commitsOf(admin)], [[], []]);
  assert.deepEqual(logger.of('info'), ['info the job goes on']);
  assert.deepEqual(logger.all[0]?.fields, { job: 'j', run: 1, since: AT });
});

test('a job that is finished is returned as it is, and no broker is asked for its topics', async () => {
  const { open, admin, store } = await scene(FINISHED, { topics: [] });
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.finished], [true, { at: AT }]);
  assert.deepEqual([admin.asked, store.written], [[], []]);
});

test('a finished job with other options is refused: its old result is not what was asked for', async () => {
  const { open } = await scene(FINISHED);
  await open({ from: 'earliest', until: 'end' });
  await assert.rejects(
    open({ from: '120' }),
    refused(
      'USAGE',
      /job j is finished, but with other options than now: --from was earliest .* is 120 now/,
      /--again/,
    ),
  );
});

test('--again begins another run with the options of the last one, and removes its records', async () => {
  const topics = [{ topic: 'in', id: TOPIC_ID, ranges: [[1, 120, 195]] as const }];
  const { open, store, admin } = await scene([
    [1, 'pin', 'a', { ...PIN, from: { text: '120' }, until: { text: '-5' }, partitions: '1', topics }],
    ...FINISHED.slice(1),
  ]);
  const { state, isResumed } = await open({ again: true });
  assert.deepEqual([isResumed, state.run], [false, 2]);
  assert.deepEqual([state.pin.from.text, state.pin.until.text, state.pin.partitions], ['120', '-5', '1']);
  assert.deepEqual(commitsOf(admin), ['0:200', '1:120']);
  assert.deepEqual(store.written, ['2/pin', '2/started', '-1/pin', '-1/started', '-1/finished']);
});

test('--again commits all positions again, whatever the group has reached', async () => {
  const committed = [commit('in', 0, 200), commit('in', 1, 200)];
  const { open, admin } = await scene(FINISHED, { ...WORLD, committed });
  await open({ again: true });
  assert.deepEqual(commitsOf(admin), ['0:100', '1:100']);
});

test('--again refuses while the job is being worked on', async () => {
  const { open, store } = await scene(BEGUN, { ...WORLD, group: { members: [member('kd')] } });
  await assert.rejects(open({ again: true }), refused('USAGE', /group g\.job\.j has 1 member: kd at/));
  assert.deepEqual(store.written, []);
});

test('--again refuses a run that was begun a moment ago: its instance is about to join', async () => {
  const createdAt = new Date(Date.now() - 3_000).toISOString();
  const { open } = await scene([[1, 'pin', 'a', { ...PIN, createdAt }], ...BEGUN.slice(1)]);
  await assert.rejects(
    open({ again: true }),
    refused('USAGE', /--again: run 1 of the job j was begun [3-5] s ago/, /without --again joins it/, /15 s/),
  );
});

test('--again of a run that was finished within the moment is fine', async () => {
  const createdAt = new Date().toISOString();
  const { open } = await scene([[1, 'pin', 'a', { ...PIN, createdAt }], ...FINISHED.slice(1)]);
  assert.equal((await open({ again: true })).state.run, 2);
});
