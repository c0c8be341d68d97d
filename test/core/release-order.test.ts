import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CompletionRing } from '../../src/core/completion-ring.js';
import { PartitionLanes } from '../../src/core/partition-lanes.js';

interface Pushed {
  readonly id: number;
  readonly partitions: readonly number[];
  done: boolean;
}

const ringOp = fc.oneof(
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('push' as const),
      partitions: fc.array(fc.nat(4), { maxLength: 4 }),
    }),
  },
  { weight: 4, arbitrary: fc.record({ kind: fc.constant('complete' as const), pick: fc.nat(1000) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat(1000) }) },
  { weight: 3, arbitrary: fc.record({ kind: fc.constant('take' as const) }) },
);

const shares = (a: Pushed, b: Pushed): boolean => a.partitions.some((p) => b.partitions.includes(p));

/**
 * Walks the whole list: a batch is released when it is complete and no earlier batch of its partitions is
 * left.
 */
function naiveTake(list: Pushed[]): number[] {
  const out: number[] = [];
  for (const one of [...list]) {
    const blocked = list.slice(0, list.indexOf(one)).some((earlier) => shares(earlier, one));
    if (!one.done || blocked) continue;
    list.splice(list.indexOf(one), 1);
    out.push(one.id);
  }
  return out;
}

test(
  'the ring releases exactly what a walk over all batches would, in the same order, whatever the ' +
    'order of completion',
  () => {
    fc.assert(
      fc.property(fc.array(ringOp, { maxLength: 60 }), (ops) => {
        const ring = new CompletionRing();
        const list: Pushed[] = [];
        let id = 0;
        for (const o of ops) {
          if (o.kind === 'push') {
            ring.push(id, o.partitions);
            list.push({ id, partitions: o.partitions, done: false });
            id += 1;
          } else if (o.kind === 'take') {
            assert.deepEqual(ring.takeReleasable(), naiveTake(list));
          } else {
            const open = o.kind === 'complete' ? list.filter((one) => !one.done) : list;
            const one = open[o.pick % Math.max(1, open.length)];
            if (one === undefined) continue;
            if (o.kind === 'complete') {
              one.done = true;
              ring.complete(one.id);
            } else {
              list.splice(list.indexOf(one), 1);
              ring.remove(one.id);
              ring.remove(one.id);
            }
          }
          list.forEach((one, i) =>
            assert.equal(ring.isHead(one.id), !list.slice(0, i).some((earlier) => shares(earlier, one))),
          );
          assert.equal(ring.size, list.length);
        }
        for (const one of list.filter((other) => !other.done)) ring.complete(one.id);
        assert.deepEqual(
          ring.takeReleasable(),
          list.map((one) => one.id),
          'when all batches are complete, all are released in the order of reading',
        );
        assert.equal(ring.size, 0);
      }),
      { numRuns: 1500 },
    );
  },
);

test('pushing or completing a batch twice, and completing one that is not in the ring, are defects', () => {
  const ring = new CompletionRing();
  ring.push(1, [0]);
  assert.throws(() => ring.push(1, [0]), { code: 'DEFECT' });
  ring.complete(1);
  assert.throws(() => ring.complete(1), { code: 'DEFECT' });
  assert.deepEqual(ring.takeReleasable(), [1]);
  assert.throws(() => ring.complete(1), { code: 'DEFECT' });
  assert.equal(ring.isHead(1), false);
});

test(
  'lanes let one batch of a partition run at a time, in the order ' + 'of reading, and name the next one',
  () => {
    const laneOp = fc.oneof(
      { weight: 4, arbitrary: fc.record({ kind: fc.constant('push' as const), p: fc.nat(3) }) },
      { weight: 3, arbitrary: fc.record({ kind: fc.constant('finish' as const), pick: fc.nat(1000) }) },
      { weight: 1, arbitrary: fc.record({ kind: fc.constant('remove' as const), pick: fc.nat(1000) }) },
    );
    fc.assert(
      fc.property(fc.array(laneOp, { maxLength: 60 }), (ops) => {
        const lanes = new PartitionLanes();
        const waiting = new Map<number, number[]>();
        let id = 0;
        for (const o of ops) {
          if (o.kind === 'push') {
            const lane = waiting.get(o.p) ?? [];
            waiting.set(o.p, lane);
            lane.push(id);
            assert.equal(lanes.push(id, o.p), lane.length === 1);
            id += 1;
          } else {
            const ids = [...waiting.values()].flatMap((lane) =>
              o.kind === 'finish' ? lane.slice(0, 1) : lane,
            );
            const one = ids[o.pick % Math.max(1, ids.length)];
            if (one === undefined) continue;
            const lane = [...waiting.values()].find((other) => other.includes(one)) ?? [];
            const first = lane[0] === one;
            lane.splice(lane.indexOf(one), 1);
            assert.equal(lanes.remove(one), first ? lane[0] : undefined);
          }
        }
      }),
      { numRuns: 800 },
    );
    const lanes = new PartitionLanes();
    lanes.push(1, 0);
    lanes.push(2, 0);
    assert.throws(() => lanes.push(2, 0), { code: 'DEFECT' });
  },
);
