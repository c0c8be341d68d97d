import assert from 'node:assert/strict';
import { test } from 'node:test';
import { differenceWords, isChosen, isFinal } from '../../../src/core/jobs/difference-words.js';
import {
  type AskedAgain,
  differences,
  type JobDifference,
  type JobPartition,
  partDifferences,
} from '../../../src/core/jobs/job-changes.js';
import { jobGroup, jobNameFault } from '../../../src/core/jobs/job-name.js';
import type { JobPin } from '../../../src/core/jobs/job-record.js';

const pin: JobPin = {
  createdAt: '2026-11-28T10:00:00.000Z',
  version: '1.0.0',
  from: { text: '-2h' },
  until: { text: 'end' },
  partitions: null,
  parts: { 'dispatcher.transform': 'a', 'dispatcher.options': 'o' },
  topics: [
    {
      topic: 'orders',
      id: 'old',
      ranges: [
        [0, 10, 100],
        [1, 10, 100],
      ],
    },
  ],
};
const nothing: AskedAgain = { from: undefined, until: undefined, partitions: undefined };
const at = (partition: number, low: number, next: number, topicId = 'old'): JobPartition => ({
  topic: 'orders',
  partition,
  topicId,
  low,
  next,
});

function words(now: Partial<Parameters<typeof differences>[1]>): readonly string[] {
  const same = { asked: nothing, parts: pin.parts, partitions: [at(0, 0, 20), at(1, 0, -1)] };
  return differenceWords(differences(pin, { ...same, ...now }));
}

test('options that are left out, or typed as at the start, change nothing', () => {
  assert.deepEqual(words({}), []);
  assert.deepEqual(words({ asked: { from: '-2h', until: 'end', partitions: undefined } }), []);
  assert.deepEqual(words({ asked: { from: '-3h', until: undefined, partitions: '0-3' } }), [
    '--from was -2h at its start, and is -3h now',
    '--partitions was all at its start, and is 0-3 now',
  ]);
});

test('every key that differs is named', () => {
  assert.deepEqual(words({ parts: { ...pin.parts, 'dispatcher.transform': 'b' } }), [
    'dispatcher.transform has changed since its start',
  ]);
  assert.deepEqual(words({ parts: { 'dispatcher.transform': 'a', 'dispatcher.unknown-topic': 'u' } }), [
    'dispatcher.options, dispatcher.unknown-topic have changed since its start',
  ]);
});

test('records are lost only if the job has not read them, and would have', () => {
  assert.deepEqual(words({ partitions: [at(0, 20, 20), at(1, 10, -1)] }), []);
  assert.deepEqual(words({ partitions: [at(0, 500, 100), at(1, 500, 60)] }), [
    'records of its range were deleted (retention?) before it read them: orders[1] 60–99',
  ]);
  assert.deepEqual(words({ partitions: [at(0, 12, -1), at(1, 30, 20)] }), [
    'records of its range were deleted (retention?) before it read them: orders[0] 10–11 orders[1] 20–29',
  ]);
});

test('a topic that was created again is one difference, a partition that is gone another', () => {
  assert.deepEqual(words({ partitions: [at(0, 0, 5, 'new'), at(1, 0, -1, 'new')] }), [
    'the topic orders was deleted and created again: its offsets mean other records now',
  ]);
  const gone = differences(pin, { asked: nothing, parts: pin.parts, partitions: [at(0, 0, 20)] });
  assert.deepEqual(differenceWords(gone), ['orders[1] is no longer there']);
  assert.deepEqual([gone.every(isChosen), gone.some(isFinal)], [false, true]);
});

test('of many lost ranges ten are named, and the rest is counted', () => {
  const lost = (count: number): readonly JobDifference[] =>
    Array.from({ length: count }, (_, partition) => ({
      kind: 'lost',
      topic: 'orders',
      partition,
      from: 0,
      to: 1,
    }));
  assert.match(differenceWords(lost(10)).join(), / orders\[9\] 0–0$/);
  assert.match(differenceWords(lost(12)).join(), / orders\[9\] 0–0 and 2 more$/);
});

test('keys that have changed are in alphabetical order, wherever they were configured', () => {
  assert.deepEqual(partDifferences({ c: '1', a: '1' }, { b: '1', a: '2' }), [
    { kind: 'part', key: 'a' },
    { kind: 'part', key: 'b' },
    { kind: 'part', key: 'c' },
  ]);
});

test('names of jobs are safe in groups, files and shells', () => {
  for (const name of ['y', 'yesterday', '2026-11-27', 'a.b_c-D'])
    assert.equal(jobNameFault(name), undefined, name);
  for (const name of ['', 'a b', 'a/b', 'ä', '$(x)', 'x'.repeat(101)])
    assert.notEqual(jobNameFault(name), undefined, name);
  assert.equal(jobGroup('orders', 'y'), 'orders.job.y');
});
