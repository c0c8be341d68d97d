import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { ReadTargets } from '../../../src/kafka/tools/read-targets.js';
import type { PartitionProgress } from '../../../src/ports/source.js';

interface Reading {
  readonly targets: ReadTargets;
  /** How often the end was reported. */
  readonly done: () => number;
}

/** From offset 10 to the ends of the partitions 0, 1 …. */
function reading(...ends: readonly number[]): Reading {
  let times = 0;
  const targets = new ReadTargets(() => {
    times += 1;
  });
  targets.set(
    ends.map((untilOffset, partition) => ({
      partitionId: partition,
      topic: 'in',
      partition,
      epoch: 1,
      offset: 10,
      untilOffset,
    })),
  );
  return { targets, done: () => times };
}

const at = (partitionId: number, nextOffset: number, fetchQueueRecords = 0): PartitionProgress => ({
  partitionId,
  nextOffset,
  fetchQueueRecords,
  endOffset: nextOffset,
  highOffset: nextOffset,
});

test('a reading of nothing is done at once', () => {
  for (const ends of [[], [10], [10, 5]]) {
    const { targets, done } = reading(...ends);
    assert.deepEqual([done(), targets.allReached], [1, true]);
  }
});

test('it is done when the last partition has reached its end, and reports that once', () => {
  const { targets, done } = reading(20, 30, 10);
  assert.deepEqual([done(), targets.allReached], [0, false]);
  targets.reached(0, 19);
  targets.reached(1, 31);
  targets.reached(1, 40);
  assert.equal(done(), 0);
  targets.reached(0, 20);
  assert.deepEqual([done(), targets.allReached], [1, true]);
  targets.reached(0, 25);
  assert.equal(done(), 1);
});

test('a partition that nobody asked for changes nothing', () => {
  const { targets, done } = reading(20);
  targets.reached(7, 100);
  targets.progress(at(7, 100));
  targets.progress(at(7, 100));
  assert.deepEqual([done(), targets.allReached], [0, false]);
});

test('a log that ends with transaction markers is done after the same idle report twice', () => {
  const { targets, done } = reading(20);
  targets.progress(at(0, 20));
  assert.equal(done(), 0, 'a batch may be on its way');
  targets.progress(at(0, 20));
  assert.equal(done(), 1);
});

test('reports in between that show movement begin the count of idle reports again', () => {
  for (const between of [at(0, 19), at(0, 20, 5), at(0, 21)]) {
    const { targets, done } = reading(20);
    targets.progress(at(0, 20));
    targets.progress(between);
    targets.progress(at(0, 20));
    assert.equal(done(), 0, JSON.stringify(between));
    targets.progress(at(0, 20));
    assert.equal(done(), 1);
  }
});

test('below its end a partition is never done, however idle it is', () => {
  const { targets, done } = reading(20);
  for (let report = 0; report < 5; report++) targets.progress(at(0, 19));
  assert.equal(done(), 0);
});

test('whatever the order of what arrives, the end is reported exactly once, and not too early', () => {
  const step = fc.record({
    partition: fc.nat(2),
    next: fc.integer({ min: 10, max: 40 }),
    isReport: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
      const ends = [20, 25, 30];
      const { targets, done } = reading(...ends);
      const reached = new Set<number>();
      for (const { partition, next, isReport } of steps) {
        if (isReport) targets.progress(at(partition, next, 1));
        else {
          targets.reached(partition, next);
          if (next >= (ends[partition] ?? 0)) reached.add(partition);
        }
        assert.equal(done(), reached.size === ends.length ? 1 : 0);
      }
    }),
  );
});
