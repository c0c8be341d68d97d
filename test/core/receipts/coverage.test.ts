import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type OffsetRange, outside, union } from '../../../src/core/offset-ranges.js';
import { outputsOnce } from '../../../src/core/receipts/coverage.js';
import type { InputPiece } from '../../../src/core/receipts/lines.js';

const OFFSETS_MAX = 30;

const range = fc
  .tuple(fc.nat(OFFSETS_MAX), fc.integer({ min: 1, max: 8 }))
  .map(([from, length]): OffsetRange => [from, from + length]);

function offsetsOf(ranges: readonly OffsetRange[]): readonly number[] {
  const offsets = new Set<number>();
  for (const [from, to] of ranges) for (let offset = from; offset < to; offset++) offsets.add(offset);
  return [...offsets].sort((a, b) => a - b);
}

test('a union has every offset once, sorted, with no two ranges that touch', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), (ranges) => {
      const merged = union(ranges);
      assert.deepEqual(offsetsOf(merged), offsetsOf(ranges));
      for (let index = 1; index < merged.length; index++)
        assert.ok((merged[index]?.[0] ?? 0) > (merged[index - 1]?.[1] ?? 0));
    }),
  );
});

test('what lies outside is the rest of the range, and nothing of the union', () => {
  fc.assert(
    fc.property(fc.array(range, { maxLength: 12 }), range, (ranges, [from, to]) => {
      const covered = new Set(offsetsOf(ranges));
      const rest = offsetsOf([[from, to]]).filter((offset) => !covered.has(offset));
      assert.deepEqual(offsetsOf(outside(union(ranges), from, to)), rest);
    }),
  );
});

/** The cheapest of all choices of pieces that cover what all cover. */
function cheapest(pieces: readonly InputPiece[]): number {
  const all = offsetsOf(pieces.map(([from, to]) => [from, to])).length;
  let best = Number.POSITIVE_INFINITY;
  for (let chosen = 0; chosen < 1 << pieces.length; chosen++) {
    const some = pieces.filter((_, index) => (chosen & (1 << index)) !== 0);
    if (offsetsOf(some.map(([from, to]) => [from, to])).length !== all) continue;
    best = Math.min(
      best,
      some.reduce((sum, [, , , outputs]) => sum + outputs, 0),
    );
  }
  return best;
}

test('of pieces that overlap, those count that cover the same offsets with the fewest results', () => {
  const piece = fc
    .tuple(range, fc.nat(20))
    .map(([[from, to], outputs]): InputPiece => [from, to, to - from, outputs]);
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
      assert.equal(outputsOnce(pieces), pieces.length === 0 ? 0 : cheapest(pieces));
    }),
    { numRuns: 300 },
  );
});

test('after a crash the results of what was settled again count once', () => {
  // The first process settled up to 30; what was committed is 20, where the second began.
  const pieces: readonly InputPiece[] = [
    [0, 10, 10, 20],
    [10, 20, 10, 0],
    [20, 30, 10, 17],
    [20, 25, 5, 9],
    [25, 50, 25, 40],
  ];
  assert.equal(outputsOnce(pieces), 20 + 0 + 9 + 40);
});
