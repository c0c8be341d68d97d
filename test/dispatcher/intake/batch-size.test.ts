import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, passThrough } from '../bench.js';

const batchSize = { recordsMin: 10, recordsMax: 100, workMs: 50 };

/** Reads batches of ten records; returns the record limits of the blocks offered afterwards. */
async function askedAfter(workMs: number): Promise<number> {
  const bench = new Bench({ batchSize });
  bench.pool.answer = (task) => Promise.resolve({ ...passThrough(task), workMs });
  await bench.start(0);
  for (let n = 0; n < 8; n++) {
    bench.deliver(0, n * 10, n * 10 + 10);
    await bench.settle();
    bench.sink.settle();
    await bench.settle();
  }
  return bench.source.asked.at(-1) ?? 0;
}

test('blocks for a fast transform are offered with a higher record limit than for a slow one', async () => {
  assert.equal(await askedAfter(0), 100);
  assert.equal(await askedAfter(10), 50);
  assert.equal(await askedAfter(1000), 10);
});

test('blocks are offered only while their record limits fit into the in-flight limit', async () => {
  const bench = new Bench({
    batchSize: { ...batchSize, recordsMin: 30, recordsMax: 30 },
    inFlightRecordsMax: 70,
  });
  await bench.start(0);
  assert.deepEqual(bench.source.asked, [30, 30]);
  bench.deliver(0, 0, 30);
  await bench.settle();
  assert.deepEqual(bench.source.asked, [30, 30]);
  bench.sink.settle();
  await bench.settle();
  assert.deepEqual(bench.source.asked, [30, 30, 30]);
});

test(
  'when workers idle although the maximum of batches is in flight, later blocks get higher record ' +
    'limits',
  async () => {
    const bench = new Bench({ batchSize, inFlightBatchesMax: 4 });
    bench.pool.answer = (task) => Promise.resolve({ ...passThrough(task), workMs: 50 });
    await bench.start(0);
    for (let n = 0; n < 4; n++) {
      bench.deliver(0, n * 10, n * 10 + 10);
      await bench.settle();
    }
    assert.deepEqual(bench.source.asked, [10, 10, 10, 10]);
    bench.sink.settle();
    await bench.settle();
    assert.ok((bench.source.asked[4] ?? 0) > 10, String(bench.source.asked));
  },
);

/** How many batches of `rows` records are read while none is acknowledged. */
async function readAhead(rows: number, busy = 0): Promise<number> {
  const bench = new Bench({
    batchSize: { recordsMin: 20, recordsMax: 20, workMs: 50 },
    inFlightBatchesMax: 4,
    blocksBytesMax: 64 * 4096,
  });
  await bench.start(0);
  let offset = 0;
  let read = 0;
  while (bench.source.offered.length > 0 && read < 100) {
    bench.deliver(0, offset, offset + rows);
    bench.pool.busy = busy;
    await bench.settle();
    offset += rows;
    read += 1;
  }
  return read;
}

test('while batches are small, twice as many may wait for their delivery as full ones', async () => {
  assert.equal(await readAhead(20), 4);
  assert.equal(await readAhead(3), 8);
});

test('while every worker is busy, no more small batches are read than full ones', async () => {
  assert.equal(await readAhead(3, 1), 4);
});
