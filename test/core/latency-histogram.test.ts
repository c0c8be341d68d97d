import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LatencyHistogram } from '../../src/core/books/latency-histogram.js';

/** The lowest latency that at least this share of the records does not exceed. */
function exactPercentile(
  seen: readonly (readonly [ms: number, records: number])[],
  fraction: number,
): number {
  const total = seen.reduce((sum, [, records]) => sum + records, 0);
  let counted = 0;
  for (const [ms, records] of [...seen].sort((a, b) => a[0] - b[0])) {
    counted += records;
    if (counted >= fraction * total) return ms;
  }
  return 0;
}

test('a percentile is at most 6 % above the exact one and never below it, weighted by records', () => {
  const latency = fc.tuple(
    fc.oneof(fc.double({ min: 0, max: 10, noNaN: true }), fc.double({ min: 0, max: 100_000, noNaN: true })),
    fc.integer({ min: 1, max: 20_000 }),
  );
  const fraction = fc.constantFrom(0.01, 0.5, 0.9, 0.99, 1);
  // Rounding to three digits.
  const ROUNDING = 1.005;
  fc.assert(
    fc.property(fc.array(latency, { minLength: 1, maxLength: 50 }), fraction, (seen, share) => {
      const histogram = new LatencyHistogram();
      for (const [ms, records] of seen) histogram.record(ms, records);
      const exact = Math.max(0.05, exactPercentile(seen, share));
      const shown = histogram.percentile(share);
      assert.ok(shown >= exact / ROUNDING, `${shown} ms shown, ${exact} ms exact`);
      assert.ok(shown <= exact * 1.06 * ROUNDING, `${shown} ms shown, ${exact} ms exact`);
    }),
    { numRuns: 500 },
  );
  assert.equal(new LatencyHistogram().percentile(0.99), 0, 'nothing was recorded');
});
