import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { BatchSize } from '../../../src/core/flow/batch-size.js';

const LIMITS = { recordsMin: 512, recordsMax: 16_000, workMs: 50 };

function after(batches: number, recordMs: number, sizes = new BatchSize(LIMITS)): BatchSize {
  for (let n = 0; n < batches; n++) sizes.saw(sizes.recordsMax, sizes.recordsMax * recordMs);
  return sizes;
}

test('the first batch is small', () => {
  assert.equal(new BatchSize(LIMITS).recordsMax, 512);
  assert.equal(new BatchSize({ ...LIMITS, recordsMax: 100 }).recordsMax, 100);
});

test('batches grow until a worker is busy with one for the wanted time, and no further', () => {
  assert.equal(after(20, 0.01).recordsMax, 5_000);
  assert.equal(after(20, 0.0001).recordsMax, 16_000);
  assert.equal(after(1, 0).recordsMax, 16_000);
});

test('slow work gets small batches, but never less than the minimum', () => {
  assert.equal(after(20, 1).recordsMax, 512);
});

test('a transform that becomes slow gets smaller batches within a few of them', () => {
  const { recordsMax } = after(3, 0.05, after(20, 0.001));
  assert.ok(recordsMax < 4_000, `${recordsMax} records`);
});

test('a single slow record among many does not make batches small', () => {
  const sizes = after(20, 0.001);
  sizes.saw(1, 20);
  assert.ok(sizes.recordsMax > 8_000, `${sizes.recordsMax} records`);
});

test(
  'batches that are too small for slow delivery grow, and shrink again when workers have enough ' + 'work',
  () => {
    const about = (records: number, expected: number): void =>
      assert.ok(Math.abs(records - expected) < 20, `${records} records`);
    const sizes = after(20, 0.05);
    about(sizes.recordsMax, 1_000);
    for (let n = 0; n < 4; n++) sizes.tooSmall();
    about(sizes.recordsMax, 5_062);
    for (let n = 0; n < 200; n++) sizes.tooSmall();
    about(sizes.recordsMax, 10_000);
    for (let n = 0; n < 200; n++) sizes.saw(1_000, 50);
    about(sizes.recordsMax, 1_000);
  },
);

test('whatever was measured, a batch stays between its limits and is a whole number', () => {
  const limits = fc
    .tuple(
      fc.integer({ min: 1, max: 100_000 }),
      fc.integer({ min: 1, max: 1_000_000 }),
      fc.integer({ min: 1, max: 10_000 }),
    )
    .map(([recordsMin, recordsMax, workMs]) => ({ recordsMin, recordsMax, workMs }));
  const seen = fc.array(fc.tuple(fc.nat(1_000_000), fc.double({ min: 0, max: 1e7, noNaN: true })));
  fc.assert(
    fc.property(limits, seen, (limit, batches) => {
      const sizes = new BatchSize(limit);
      for (const [records, workMs] of batches) {
        sizes.saw(records, workMs);
        if (records % 2 === 0) sizes.tooSmall();
        const { recordsMax } = sizes;
        assert.ok(Number.isInteger(recordsMax) && recordsMax >= Math.min(limit.recordsMin, limit.recordsMax));
        assert.ok(recordsMax <= limit.recordsMax);
      }
    }),
  );
});
