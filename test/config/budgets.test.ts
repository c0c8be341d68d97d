import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { autoBatchBytes, inFlightBatchesMax, producerQueueBytes } from '../../src/config/budgets.js';

const MIB = 1024 * 1024;

test('few threads get large batches, many threads as much as leaves a pair of blocks to every batch in flight', () => {
  assert.deepEqual(
    [1, 3, 7, 15, 31].map((threads) => autoBatchBytes(64 * MIB, threads) / 1024),
    [2048, 2048, 1137, 602, 310],
  );
});

test('the blocks of all batches in flight fit beside the producer queue, down to the smallest block', () => {
  fc.assert(
    fc.property(fc.integer({ min: 64 * 1024, max: 2 ** 38 }), fc.integer({ min: 0, max: 1024 }), (inFlightBytesMax, threads) => {
      const bytes = autoBatchBytes(inFlightBytesMax, threads);
      assert.ok(bytes % 1024 === 0 && bytes >= 16 * 1024 && bytes <= 2 * MIB);
      const needed = 2 * inFlightBatchesMax(threads) * bytes + producerQueueBytes(inFlightBytesMax);
      assert.ok(needed <= inFlightBytesMax || bytes === 16 * 1024);
    }),
  );
});
