/** Instances of a job that begin it at the same moment, or die while they do. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { commit } from '../groups/fake-admin.js';
import { refused } from '../refused.js';
import { AT, BEGUN, commitsOf, PIN, scene, WORLD } from './support/job-scene.js';
import { memoryStore } from './support/memory-store.js';

const OTHER_PIN = { ...PIN, topics: [{ ...PIN.topics[0], ranges: [[0, 110, 200]] }] } as typeof PIN;
const COMMITTED = { ...WORLD, committed: [commit('in', 0, 100), commit('in', 1, 100)] };

test('of two that begin at once the later one takes the pin of the other, and deletes its own', async () => {
  const { open, store, admin, logger, placed } = await scene([], COMMITTED);
  // Nothing is there at the first look; its own pin is written before the second.
  store.onRead = (reading) => reading === 2 && store.add(...BEGUN);
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.pinId], [true, 'a']);
  assert.deepEqual(store.written, ['1/pin', '-1/pin']);
  assert.deepEqual([commitsOf(admin), placed.length], [[], 0]);
  assert.match(logger.of('info').join(), /another instance began the job at the same time/);
});

test('an instance that came later with other options is refused, and leaves no pin behind', async () => {
  const { open, store } = await scene([], COMMITTED);
  store.onRead = (reading) => reading === 2 && store.add(...BEGUN);
  await assert.rejects(
    open({ from: '120' }),
    refused('USAGE', /--from was earliest at its start, and is 120 now/, /leave these options out/),
  );
  assert.deepEqual(store.written, ['1/pin', '-1/pin']);
});

test('a job that another instance began and finished meanwhile is finished', async () => {
  const { open, store, admin } = await scene([], COMMITTED);
  store.onRead = (reading) => {
    if (reading === 2) store.add(...BEGUN, [1, 'finished', '', { at: AT }]);
  };
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.finished?.at, commitsOf(admin)], [true, AT, []]);
});

test('an instance waits until the one that pinned the job has committed where it begins', async () => {
  const { open, store, admin } = await scene(BEGUN.slice(0, 1), COMMITTED);
  store.onRead = (reading) => reading === 3 && store.add(...BEGUN.slice(1));
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.isStarted], [true, true]);
  assert.deepEqual([store.written, commitsOf(admin)], [[], []]);
});

test('a job that is finished while an instance waits for its start is finished', async () => {
  const { open, store, admin } = await scene(BEGUN.slice(0, 1), WORLD);
  store.onRead = (reading) => {
    if (reading === 2) store.add(...BEGUN.slice(1), [1, 'finished', '', { at: AT }]);
  };
  const { state } = await open();
  assert.deepEqual([state.finished?.at, commitsOf(admin)], [AT, []]);
});

test('where whoever pinned the job died, the next commits its positions after 15 s', async (t) => {
  const { open, store, admin } = await scene([[1, 'pin', 'a', OTHER_PIN]]);
  const startMs = performance.now();
  let asked = 0;
  t.mock.method(performance, 'now', () => {
    asked += 1;
    // The wait is over at the second look at the clock after its deadline was set.
    return asked <= 2 ? startMs : startMs + 15_001;
  });
  const { state, isResumed } = await open();
  assert.deepEqual([isResumed, state.isStarted, state.pinId], [true, true, 'a']);
  assert.deepEqual(store.written, ['1/started']);
  assert.deepEqual(commitsOf(admin), ['0:110', '1:200'], 'the pinned positions, not those of now');
});

test('a pin that was acknowledged and can not be read back stops the start', async () => {
  const { open, store } = await scene();
  store.onRead = (reading) => {
    if (reading === 2) store.sink.records.length = 0;
  };
  await assert.rejects(
    open(),
    refused('KAFKA_UNREACHABLE', /the records of the job g\.job\.j can't be read back/),
  );
});

test('records of the job that a newer version wrote stop the start', async () => {
  const store = await memoryStore();
  store.others.push({ offset: 0, key: 'g.job.j/1/pin/a', value: '{"schema":2,"kind":"pin"}' });
  assert.throws(() => store.state, /1\/pin\/a at offset 0 can't be used: its schema is 2/);
});
