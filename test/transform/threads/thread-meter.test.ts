import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { type GcTotal, WorkerBooks } from '../../../src/core/books/worker-books.js';
import { ThreadMeter } from '../../../src/transform/thread-meter.js';

/** Enough garbage for some collections. */
function litter(): number {
  let length = 0;
  for (let n = 0; n < 200_000; n += 1) length += JSON.stringify([n % 7, 2]).length;
  return length;
}

test('what a thread did between two answers is told once: its loop and its collections', async () => {
  const meter = new ThreadMeter();
  const books = new WorkerBooks();
  await nextTurn();
  meter.take(0);
  assert.equal(litter(), 1_000_000);
  // Collections are told in later turns of the loop.
  for (let turn = 0; turn < 10; turn += 1) await nextTurn();
  const use = meter.take(5);
  books.worked(1, use);
  assert.equal(use.tookMs, 5);
  assert.ok((use.loopActiveMs ?? 0) > 1, 'the loop ran code');
  const total = (kind: GcTotal | undefined): number => kind?.collections ?? 0;
  assert.ok(total(use.gc?.minor) > 0, 'young objects were collected');
  assert.deepEqual(books.snapshot().gcBy.minor, use.gc?.minor);
  assert.equal(total(meter.take(0).gc?.minor), 0);
});
