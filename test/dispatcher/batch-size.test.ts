import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench, passThrough } from './bench.js';

const batchSize = { recordsMin: 10, recordsMax: 100, workMs: 50 };

/** Batches of ten records; what later blocks were offered for. */
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

test('blocks are offered for more records to a fast transform than to a slow one', async () => {
  assert.equal(await askedAfter(0), 100);
  assert.equal(await askedAfter(10), 50);
  assert.equal(await askedAfter(1000), 10);
});

test(
  'blocks are offered only as far as the records they ' + 'may bring fit into what may be in flight',
  async () => {
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
  },
);

test(
  'when workers idle although all batches that may be in flight ' +
    'are, later blocks are offered for more records',
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
