import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  type PartitionWork,
  type Progress,
  type ProgressFacts,
  progressOf,
} from '../../../src/core/progress/progress.js';

const work = (from: number, settled: number, until: number, partition = 0): PartitionWork => ({
  topic: 'in',
  partition,
  from,
  settled,
  until,
});

const progress = (more: Partial<ProgressFacts>): Progress =>
  progressOf({
    work: undefined,
    isComplete: false,
    consumed: 0,
    bytesIn: 0,
    rates: { now: 0, overall: 0 },
    ...more,
  });

const PERCENT: readonly (readonly [settled: number, until: number, isComplete: boolean, percent: number])[] =
  [
    [0, 1_000, false, 0],
    [1, 1_000, false, 0.1],
    [999, 1_000, false, 99.9],
    [9_999, 10_000, false, 99.9],
    [10_000, 10_000, false, 99.9],
    [10_000, 10_000, true, 100],
    [3, 1_000, false, 0.3],
    [2, 3, false, 66.6],
    [0, 0, false, 99.9],
    [0, 0, true, 100],
  ];

for (const [settled, until, isComplete, percent] of PERCENT)
  test(`${settled} of ${until} offsets, ${isComplete ? 'and done' : 'not done'}, are ${percent}%`, () => {
    assert.equal(progress({ work: [work(0, settled, until)], isComplete }).percent, percent);
  });

test('a run without an end counts its own records, and says nothing of what it can not know', () => {
  assert.deepEqual(progress({ consumed: 10, bytesIn: 1_005, rates: { now: 4.6, overall: 2.4 } }), {
    percent: null,
    recordsDone: 10,
    recordsToDo: null,
    bytesDoneEstimate: 1_005,
    bytesToDoEstimate: null,
    recordsPerSecond: { now: 5, overall: 2 },
    etaSeconds: null,
    slowest: null,
  });
});

test('sizes are estimated from what this process read, and unknown before it read anything', () => {
  const left = [work(0, 30, 100)];
  const { bytesDoneEstimate, bytesToDoEstimate } = progress({ work: left, consumed: 3, bytesIn: 100 });
  assert.deepEqual([bytesDoneEstimate, bytesToDoEstimate], [1_000, 2_333]);
  const nothing = progress({ work: left });
  assert.deepEqual([nothing.bytesDoneEstimate, nothing.bytesToDoEstimate], [null, null]);
  assert.equal(
    progress({ work: left, consumed: 1, bytesIn: 0 }).bytesToDoEstimate,
    0,
    'records without bytes',
  );
});

const ETA: readonly (readonly [toDo: number, perSecond: number, seconds: number | null])[] = [
  [100, 10, 10],
  [101, 10, 11],
  [1, 1_000, 1],
  [0, 0, 0],
  [0, 5, 0],
  [100, 0, null],
  [100, -3, null],
  [100, 1e-300, null],
];

for (const [toDo, perSecond, seconds] of ETA)
  test(`${toDo} records at ${perSecond}/s take ${seconds ?? 'nobody knows how many'} s`, () => {
    const rates = { now: perSecond, overall: 99 };
    assert.equal(progress({ work: [work(0, 0, toDo)], rates }).etaSeconds, seconds);
  });

test('the slowest partition has the most left; of equal ones it is the first', () => {
  const slowest = (...all: readonly PartitionWork[]): unknown => progress({ work: all }).slowest;
  assert.deepEqual(slowest(work(0, 5, 10, 0), work(100, 104, 120, 1), work(0, 0, 15, 2)), {
    topic: 'in',
    partition: 1,
    done: 4,
    toDo: 16,
  });
  assert.deepEqual(slowest(work(0, 5, 10, 3), work(0, 5, 10, 4)), {
    topic: 'in',
    partition: 3,
    done: 5,
    toDo: 5,
  });
  assert.equal(slowest(work(0, 10, 10), work(5, 5, 5)), null);
  assert.equal(slowest(), null);
});

test('what is done and what is left is the whole work, and the percentage never falls', () => {
  const one = fc
    .tuple(fc.nat(1_000), fc.nat(1_000), fc.nat(1_000))
    .map(([from, done, left]) => work(from, from + done, from + done + left));
  fc.assert(
    fc.property(fc.array(one, { minLength: 1, maxLength: 8 }), (all) => {
      const before = progress({ work: all });
      const whole = all.reduce((sum, { from, until }) => sum + until - from, 0);
      assert.equal(before.recordsDone + (before.recordsToDo ?? 0), whole);
      const further = all.map((part) => ({ ...part, settled: Math.min(part.until, part.settled + 1) }));
      assert.ok((progress({ work: further }).percent ?? 0) >= (before.percent ?? 0));
      assert.ok((before.percent ?? 0) <= 99.9);
    }),
  );
});
