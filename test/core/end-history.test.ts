import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { EndHistory } from '../../src/core/progress/end-history.js';

test('a partition that is read to its end has no lag in time', () => {
  const history = new EndHistory();
  assert.equal(history.ageMs(0, 5_000), 0);
  history.see(1_000, 10);
  assert.equal(history.ageMs(10, 5_000), 0);
});

test('the lag in time is the age of the first record that is not settled', () => {
  const history = new EndHistory();
  history.see(1_000, 10);
  history.see(2_000, 20);
  history.see(3_000, 20);
  history.see(4_000, 30);
  assert.deepEqual(
    [9, 10, 19, 20, 29, 30].map((offset) => history.ageMs(offset, 5_000)),
    [4_000, 3_000, 3_000, 1_000, 1_000, 0],
  );
});

test('a log that begins again has no history', () => {
  const history = new EndHistory();
  history.see(1_000, 1_000);
  history.see(9_000, 3);
  assert.equal(history.ageMs(0, 10_000), 1_000);
});

test('however many ends are seen, an age is never more than the truth, and close to it', () => {
  fc.assert(
    fc.property(fc.array(fc.integer({ min: 0, max: 50 }), { minLength: 1, maxLength: 1_000 }), (grown) => {
      const history = new EndHistory();
      const arrivals: number[] = [];
      grown.forEach((records, index) => {
        for (let n = 0; n < records; n += 1) arrivals.push(index * 1_000);
        history.see(index * 1_000, arrivals.length);
      });
      const nowMs = grown.length * 1_000;
      arrivals.forEach((atMs, offset) => {
        const ageMs = history.ageMs(offset, nowMs);
        assert.ok(ageMs >= 0 && ageMs <= nowMs - atMs, `${ageMs} of ${nowMs - atMs}`);
        assert.ok(nowMs - atMs - ageMs <= Math.max(1_000, nowMs / 8), `${ageMs} of ${nowMs - atMs}`);
      });
    }),
    { numRuns: 200 },
  );
});
