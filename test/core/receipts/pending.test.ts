import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { PendingPieces } from '../../../src/core/receipts/pending.js';
import { PendingGroups, PendingOutcomes } from '../../../src/core/receipts/pending.js';
import { addSums, NOTHING, sumText } from '../../../src/core/receipts/sum.js';

const hex = (bytes: readonly Uint8Array[]): string => Buffer.concat(bytes).toString('hex');

/** A record per offset, whose mark is the offset. */
function pieces(
  topic: string,
  partition: number,
  ...ranges: readonly (readonly [number, number])[]
): PendingPieces {
  const list = ranges.map(([from, to]) => ({
    from,
    to,
    records: to - from,
    outputs: 2 * (to - from),
    marks: Uint8Array.from({ length: to - from }, (_, index) => from + index),
  }));
  const records = list.reduce((sum, one) => sum + one.records, 0);
  return { topic, partition, records, sum: BigInt(records), pieces: list };
}

test('pieces of a partition that touch become one, in whatever order they were settled', () => {
  const pending = new PendingGroups();
  pending.add(pieces('in', 0, [4, 6]));
  pending.add(pieces('in', 0, [0, 2], [2, 4]));
  assert.deepEqual(pending.inputs(hex), [
    {
      topic: 'in',
      partition: 0,
      records: 6,
      sum: sumText(6n),
      marks: '000102030405',
      pieces: [[0, 6, 6, 12]],
    },
  ]);
  assert.deepEqual(
    pending.outputs(hex).map(({ runs }) => runs),
    [[[0, 6]]],
  );
});

test('between pieces that do not touch the gap stays', () => {
  const pending = new PendingGroups();
  pending.add(pieces('in', 0, [7, 9], [0, 2], [3, 5]));
  const [input] = pending.inputs(hex);
  assert.deepEqual(input?.pieces, [
    [0, 2, 2, 4],
    [3, 5, 2, 4],
    [7, 9, 2, 4],
  ]);
  assert.equal(input.marks, '000103040708');
});

test('partitions of a topic, and topics whose names look alike, are kept apart', () => {
  const pending = new PendingGroups();
  for (const [topic, partition] of [
    ['in', 1],
    ['in', 11],
    ['1 in', 1],
    ['11 in', 1],
  ] as const)
    pending.add(pieces(topic, partition, [0, 1]));
  assert.deepEqual(
    pending.inputs(hex).map(({ topic, partition, records }) => [topic, partition, records]),
    [
      ['in', 1, 1],
      ['in', 11, 1],
      ['1 in', 1, 1],
      ['11 in', 1, 1],
    ],
  );
});

test('what was written is not written once more', () => {
  const pending = new PendingGroups();
  assert.equal(pending.isEmpty, true);
  pending.add(pieces('in', 0, [0, 2]));
  assert.equal(pending.isEmpty, false);
  pending.clear();
  assert.deepEqual([pending.isEmpty, pending.inputs(hex), pending.outputs(hex)], [true, [], []]);
  pending.add(pieces('in', 0, [2, 3]));
  assert.deepEqual(
    pending.inputs(hex).map(({ records, pieces: of }) => [records, of]),
    [[1, [[2, 3, 1, 2]]]],
  );
});

test('however the offsets are cut into pieces, the line lists the same records', () => {
  const cuts = fc.uniqueArray(fc.integer({ min: 1, max: 99 }), { maxLength: 12 });
  fc.assert(
    fc.property(cuts, fc.infiniteStream(fc.nat()), (at, picks) => {
      const sorted = [0, ...[...at].sort((a, b) => a - b), 100];
      const ranges = sorted.slice(1).map((to, index): readonly [number, number] => [sorted[index] ?? 0, to]);
      const keyed = ranges.map((range) => ({ range, key: Number(picks.next().value ?? 0) }));
      const pending = new PendingGroups();
      for (const { range } of keyed.sort((a, b) => a.key - b.key)) pending.add(pieces('in', 0, range));
      const whole = new PendingGroups();
      whole.add(pieces('in', 0, [0, 100]));
      assert.deepEqual(pending.inputs(hex), whole.inputs(hex));
      assert.deepEqual(pending.outputs(hex), whole.outputs(hex));
    }),
  );
});

test('sums do not depend on the order of the records, and stay within 128 bits', () => {
  const sum = fc.bigInt({ min: 0n, max: 2n ** 128n - 1n });
  fc.assert(
    fc.property(fc.array(sum, { minLength: 1, maxLength: 9 }), (sums) => {
      const forward = sums.reduce(addSums, NOTHING);
      assert.equal(sums.toReversed().reduce(addSums, NOTHING), forward);
      assert.equal(sumText(forward).length, 32);
    }),
  );
});

test('outcomes are counted by reason and by code, and a reason without records is not named', () => {
  const outcomes = new PendingOutcomes();
  outcomes.add(3, [['old', 2]], [{ code: 'BAD', rows: 1 }]);
  outcomes.add(
    4,
    [
      ['old', 5],
      ['none', 0],
    ],
    [
      { code: 'BAD', rows: 1 },
      { code: 'NEVER', rows: 0 },
    ],
  );
  assert.deepEqual(outcomes.counted(), { transformed: 7, filtered: { old: 7 }, deadLettered: { BAD: 2 } });
  outcomes.clear();
  assert.deepEqual(outcomes.counted(), { transformed: 0, filtered: {}, deadLettered: {} });
});
