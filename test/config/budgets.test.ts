import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import {
  autoBatchBytes,
  batchSizeLimits,
  inFlightBatchesMax,
  producerQueueBytes,
} from '../../src/config/resolve/budgets.js';

const MIB = 1024 * 1024;

test(
  'with few threads batches are large; with many, every batch in flight still gets a pair of ' + 'blocks',
  () => {
    assert.deepEqual(
      [1, 3, 7, 15, 31].map((threads) => autoBatchBytes(64 * MIB, threads) / 1024),
      [1024, 1024, 952, 493, 251],
    );
  },
);

test('with up to two threads the budget has pairs of blocks for twice as many batches as full ones', () => {
  const budget = 64 * MIB - producerQueueBytes(64 * MIB);
  for (const threads of [1, 2]) {
    const pairBytes = 2 * autoBatchBytes(64 * MIB, threads);
    assert.ok(Math.floor(budget / pairBytes) >= 2 * inFlightBatchesMax(threads), `${threads} threads`);
  }
});

test('the blocks of all batches in flight fit beside the producer queue, down to the smallest block', () => {
  fc.assert(
    fc.property(
      fc.integer({ min: 64 * 1024, max: 2 ** 38 }),
      fc.integer({ min: 0, max: 1024 }),
      (inFlightBytesMax, threads) => {
        const bytes = autoBatchBytes(inFlightBytesMax, threads);
        assert.ok(bytes % 1024 === 0 && bytes >= 16 * 1024 && bytes <= MIB);
        const needed =
          (2 * inFlightBatchesMax(threads) + threads) * bytes + producerQueueBytes(inFlightBytesMax);
        assert.ok(needed <= inFlightBytesMax || bytes === 16 * 1024);
      },
    ),
  );
});

test(
  'batches hold several times the concurrency, and with order by partition everything that is ' + 'waiting',
  () => {
    const batch = { recordsMax: 16_000, bytesMax: 1, lingerMs: 0, intervalMs: 0, outputBytesMax: 1 };
    const limits = batchSizeLimits({ ordering: 'output', concurrency: 64, threads: 1, batch });
    assert.deepEqual(limits, { recordsMin: 512, recordsMax: 16_000, workMs: 10 });
    assert.equal(
      batchSizeLimits({ ordering: 'partition', concurrency: 64, threads: 1, batch }).recordsMin,
      16_000,
    );
  },
);

test('the more threads one main thread serves, the longer the work of a batch', () => {
  const batch = { recordsMax: 16_000, bytesMax: 1, lingerMs: 0, intervalMs: 0, outputBytesMax: 1 };
  assert.equal(batchSizeLimits({ ordering: 'none', concurrency: 1, threads: 31, batch }).workMs, 62);
});
