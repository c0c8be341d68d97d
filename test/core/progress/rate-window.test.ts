import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Rates } from '../../../src/core/progress/progress.js';
import { RateWindow } from '../../../src/core/progress/rate-window.js';

type Sample = readonly [atMs: number, count: number];

function rates(samples: readonly Sample[], isOver = false): Rates {
  const window = new RateWindow();
  for (const [atMs, count] of samples) window.sample(atMs, count);
  return window.rates(isOver);
}

/** A count that rises by `perSecond`, looked at every `everyMs`. */
function steady([fromMs, first]: Sample, toMs: number, perSecond: number, everyMs = 250): readonly Sample[] {
  const samples: Sample[] = [];
  for (let atMs = fromMs; atMs <= toMs; atMs += everyMs)
    samples.push([atMs, first + ((atMs - fromMs) * perSecond) / 1_000]);
  return samples;
}

test('before anything has moved there is no rate', () => {
  assert.deepEqual(rates([]), { now: 0, overall: 0 });
  assert.deepEqual(rates([[0, 5]]), { now: 0, overall: 0 });
  assert.deepEqual(
    rates([
      [0, 5],
      [1_000, 5],
    ]),
    { now: 0, overall: 0 },
  );
  assert.deepEqual(
    rates([
      [7, 5],
      [7, 50],
    ]),
    { now: 0, overall: 0 },
    'no time has passed',
  );
});

test('the rate of now is that of the last ten seconds, the overall one that of the whole run', () => {
  const slow = steady([0, 0], 20_000, 100);
  const fast = steady([20_250, 2_025], 30_250, 1_000);
  const { now, overall } = rates([...slow, ...fast]);
  assert.equal(now, 1_000);
  assert.ok(overall > 390 && overall < 410, `${overall}`);
});

test('the time before the first record does not slow the overall rate down', () => {
  const idle: readonly Sample[] = [
    [0, 0],
    [30_000, 0],
    [60_000, 0],
  ];
  assert.equal(rates([...idle, [61_000, 500], [62_000, 1_000]]).overall, 500);
});

test('the time after the last record counts while the run goes on, and not when it is over', () => {
  const samples: readonly Sample[] = [
    [0, 0],
    [1_000, 1_000],
    [5_000, 1_000],
  ];
  assert.equal(rates(samples).overall, 200);
  assert.equal(rates(samples, true).overall, 1_000);
  assert.equal(rates([...samples, [20_000, 1_000]]).now, 0, 'nothing has moved for ten seconds');
});

test('where the count falls there is other work to do: the rates begin again', () => {
  const before = steady([0, 0], 10_000, 100);
  assert.deepEqual(rates([...before, [10_250, 0]]), { now: 0, overall: 0 });
  assert.deepEqual(rates([...before, [10_250, 0], [11_250, 30]]), { now: 30, overall: 30 });
});

test('samples that are close together are one, and say the same as the last of them', () => {
  const often = steady([0, 0], 5_000, 400, 1);
  const seldom = steady([0, 0], 5_000, 400, 250);
  assert.deepEqual(rates(often), rates(seldom));
  assert.equal(
    rates([
      [0, 0],
      [1_000, 1_000],
      [1_100, 3_000],
      [1_150, 4_600],
    ]).now,
    4_000,
  );
});

test('a steady count has its own rate, at whatever times it is looked at', () => {
  const gaps = fc.array(fc.integer({ min: 1, max: 3_000 }), { minLength: 2, maxLength: 60 });
  fc.assert(
    fc.property(gaps, fc.integer({ min: 1, max: 100 }), (all, perMs) => {
      let atMs = 0;
      const samples = [0, ...all].map((gap): Sample => {
        atMs += gap;
        return [atMs, atMs * perMs];
      });
      const { now, overall } = rates(samples);
      assert.ok(Math.abs(now - perMs * 1_000) < 1e-6, `${now}`);
      assert.ok(Math.abs(overall - perMs * 1_000) < 1e-6, `${overall}`);
    }),
  );
});
