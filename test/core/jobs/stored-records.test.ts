/** The state of a job, from records as Kafka may return them. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type JobValues, valueText } from '../../../src/core/jobs/job-record.js';
import { type JobState, jobState, type StoredRecord, settledOf } from '../../../src/core/jobs/job-state.js';
import { AT, CHANGE, jobInstance, PIN } from './sample-job.js';

const GROUP = 'g.job.j';

type Entry = {
  [Kind in keyof JobValues]: readonly [key: string, kind: Kind, value: JobValues[Kind]];
}[keyof JobValues];

function stored([key, kind, value]: Entry, offset: number): StoredRecord {
  return { offset, key: `${GROUP}/${key}`, value: valueText(kind, value) };
}

function stateOf(...entries: readonly Entry[]): JobState {
  const state = jobState(GROUP, entries.map(stored));
  assert.ok(state !== undefined);
  return state;
}

test('without a pin a job has never begun, whatever else is left of it', () => {
  assert.equal(jobState(GROUP, []), undefined);
  assert.equal(jobState(GROUP, [stored(['1/started', 'started', { at: AT }], 0)]), undefined);
  assert.equal(jobState(GROUP, [stored(['2/instance/a', 'instance', jobInstance()], 0)]), undefined);
});

test('a record that was deleted, or whose key is written once more, no longer counts', () => {
  const records = [
    stored(['1/pin/a', 'pin', PIN], 0),
    stored(['1/instance/x', 'instance', jobInstance({ host: 'first' })], 1),
    stored(['1/instance/x', 'instance', jobInstance({ host: 'second' })], 2),
    stored(['1/finished', 'finished', { at: AT }], 3),
    { offset: 4, key: `${GROUP}/1/finished`, value: null },
  ];
  const state = jobState(GROUP, records);
  assert.equal(state?.finished, undefined);
  assert.deepEqual(
    [...(state?.instances.values() ?? [])].map(({ host }) => host),
    ['second'],
  );
  assert.equal(jobState(GROUP, [...records, { offset: 5, key: `${GROUP}/1/pin/a`, value: null }]), undefined);
});

test('a pin that is written once more is younger than one that was written in between', () => {
  const [a, b] = [stored(['1/pin/a', 'pin', PIN], 0), stored(['1/pin/b', 'pin', PIN], 1)];
  assert.equal(jobState(GROUP, [a, b, { ...a, offset: 2 }])?.pinId, 'b');
});

test('records of another run do not start, finish or count for the newest', () => {
  const state = stateOf(
    ['1/pin/a', 'pin', PIN],
    ['1/instance/x', 'instance', jobInstance()],
    ['1/change/c', 'change', { ...CHANGE, parts: { 'dispatcher.transform': 'z' } }],
    ['1/started', 'started', { at: AT }],
    ['1/finished', 'finished', { at: AT }],
    ['10/pin/b', 'pin', { ...PIN, from: { text: 'earliest' } }],
    ['9/pin/c', 'pin', PIN],
  );
  assert.deepEqual([state.run, state.pinId, state.pin.from.text], [10, 'b', 'earliest']);
  assert.deepEqual([state.isStarted, state.finished, state.instances.size], [false, undefined, 0]);
  assert.deepEqual(state.pin.parts, PIN.parts);
  assert.equal(state.olderKeys.length, 6, 'those of run 1 and of run 9');
});

test('records of a run that nobody has pinned are not a run', () => {
  const state = stateOf(['1/pin/a', 'pin', PIN], ['2/started', 'started', { at: AT }]);
  assert.deepEqual([state.run, state.isStarted, state.olderKeys], [1, false, []]);
});

test('the end of a job is kept with its time', () => {
  const at = '2026-11-29T00:00:00.000Z';
  const state = stateOf(
    ['1/pin/a', 'pin', PIN],
    ['1/started', 'started', { at: AT }],
    ['1/finished', 'finished', { at }],
  );
  assert.deepEqual([state.isStarted, state.finished], [true, { at }]);
});

test('a change without parts leaves the parts as they were, one with parts replaces them all', () => {
  const pinned: Entry = ['1/pin/a', 'pin', { ...PIN, parts: { a: '1', b: '2' } }];
  assert.deepEqual(stateOf(pinned, ['1/change/x', 'change', CHANGE]).pin.parts, { a: '1', b: '2' });
  assert.deepEqual(stateOf(pinned, ['1/change/x', 'change', { ...CHANGE, parts: { a: '3' } }]).pin.parts, {
    a: '3',
  });
});

test('a change of one topic leaves the others where they are', () => {
  const again = { topic: 'orders', id: 'id-2', ranges: [[0, 0, 5]] } as const;
  const { pin } = stateOf(['1/pin/a', 'pin', PIN], ['1/change/x', 'change', { ...CHANGE, topics: [again] }]);
  assert.deepEqual(pin.topics, [again, PIN.topics[1]]);
});

test('losses that were accepted are all kept, and each counts once', () => {
  const lost = (partition: number, from: number): JobValues['change']['lost'][number] => ({
    topic: 'orders',
    partition,
    from,
    to: from + 2,
  });
  const state = stateOf(
    ['1/pin/a', 'pin', PIN],
    ['1/change/x', 'change', { ...CHANGE, lost: [lost(0, 1), lost(1, 1)] }],
    ['1/change/y', 'change', { ...CHANGE, lost: [lost(0, 1), lost(0, 7)] }],
  );
  assert.deepEqual(
    state.lost.map(({ partition, from }) => [partition, from]),
    [
      [0, 1],
      [1, 1],
      [0, 7],
    ],
  );
});

test('the next offset of a partition is the highest that any instance has settled', () => {
  const settled = (id: string | null, topic: string, ...offsets: readonly (readonly [number, number])[]) => ({
    topic,
    id,
    offsets,
  });
  const state = stateOf(
    ['1/pin/a', 'pin', PIN],
    ['1/instance/a', 'instance', jobInstance({ settled: [settled('id-1', 'orders', [0, 40], [1, 20])] })],
    [
      '1/instance/b',
      'instance',
      jobInstance({ settled: [settled('id-1', 'orders', [0, 30]), settled(null, 'old', [0, 0])] }),
    ],
    [
      '1/instance/c',
      'instance',
      jobInstance({ settled: [settled('id-0', 'orders', [0, 99]), settled('x', 'old', [0, 5])] }),
    ],
    ['1/instance/d', 'instance', jobInstance({ settled: [settled('id-1', 'foreign', [0, 9])] })],
  );
  assert.deepEqual(
    [...settledOf(state)],
    [
      ['orders 0', 40],
      ['orders 1', 20],
      ['old 0', 0],
    ],
  );
});

test('the order in which a reader gets the records does not matter, only their offsets do', () => {
  const entries: readonly Entry[] = [
    ['1/pin/a', 'pin', PIN],
    ['1/pin/b', 'pin', { ...PIN, from: { text: 'earliest' } }],
    ['1/change/x', 'change', { ...CHANGE, parts: { a: '1' } }],
    ['1/change/y', 'change', { ...CHANGE, parts: { a: '2' } }],
    ['1/started', 'started', { at: AT }],
    ['1/instance/a', 'instance', jobInstance()],
  ];
  const records = entries.map(stored);
  const whole = jobState(GROUP, records);
  fc.assert(
    fc.property(fc.shuffledSubarray(records, { minLength: records.length }), (shuffled) => {
      assert.deepEqual(jobState(GROUP, shuffled), whole);
    }),
  );
  assert.deepEqual([whole?.pinId, whole?.pin.parts], ['a', { a: '2' }]);
});

test('any record of somebody else in the topic is passed over', () => {
  const own = [stored(['1/pin/a', 'pin', PIN], 1_000)];
  const foreign = fc.record({ offset: fc.nat(999), key: fc.string(), value: fc.option(fc.string()) });
  fc.assert(
    fc.property(fc.array(foreign), (others) => {
      assert.deepEqual(jobState(GROUP, [...others, ...own]), jobState(GROUP, own));
    }),
  );
});
