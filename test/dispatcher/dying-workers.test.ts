import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { TransformTask, WorkerDeath } from '../../src/ports/transform-pool.js';
import { Bench, passThrough } from './bench.js';

const TOO_LARGE_ALONE = -10_003;
const GUILTY_ROW = 3;

class Died extends Error implements WorkerDeath {
  readonly kind = 'worker-death';
  readonly code = 'WORKER_CRASHED';
  readonly suspectFirstRow: number;
  readonly suspectRowCount: number;

  constructor({ firstRow, rowCount }: TransformTask) {
    super('planted');
    const isIn = GUILTY_ROW >= firstRow && GUILTY_ROW < firstRow + rowCount;
    this.suspectFirstRow = isIn ? GUILTY_ROW : 0;
    this.suspectRowCount = isIn ? 1 : 0;
  }
}

/** Dies of the guilty row, and each time that this row is to be rejected. */
function benchOf(): { readonly bench: Bench; readonly deaths: () => number } {
  const bench = new Bench();
  let deaths = 0;
  bench.pool.answer = (task) => {
    const { firstRow, rowCount, rejectWith } = task;
    const isIn = GUILTY_ROW >= firstRow && GUILTY_ROW < firstRow + rowCount;
    if (rejectWith === undefined && !isIn) return Promise.resolve(passThrough(task));
    deaths += 1;
    return deaths > 100 ? new Promise(() => undefined) : Promise.reject(new Died(task));
  };
  return { bench, deaths: () => deaths };
}

test('a record that ends its worker even when rejected stops the run, which names it', async () => {
  const { bench, deaths } = benchOf();
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  while (bench.sink.written.length > 0) bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error?.code, 'RECORD_REJECTED');
  assert.match(
    report.error.message,
    /^topic in, partition 0, offset 3: WORKER_CRASHED \(worker\): planted; its dead letter could not be made/,
  );
  assert.match(report.error.remedy ?? '', /worker/);
  assert.ok(deaths() < 10, `${deaths()} deaths`);
  assert.equal(bench.commits.stored.get(0), GUILTY_ROW);
});

test('a refused record whose dead letter ends every worker stops the run, which names it', async () => {
  const { bench, deaths } = benchOf();
  const passing = bench.pool.answer;
  bench.pool.answer = (task) =>
    task.rejectWith === undefined ? Promise.resolve(passThrough(task)) : passing(task);
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  const { batchId, part } = bench.sink.written.shift() ?? { batchId: -1, part: -1 };
  bench.sink.events?.settled({
    batchId,
    part,
    acknowledged: 9,
    failures: [{ part, outputRow: GUILTY_ROW, fault: 'record', name: `ERROR_${TOO_LARGE_ALONE}` }],
    stale: 0,
  });
  const report = await bench.end();
  assert.equal(report.error?.code, 'RECORD_REJECTED');
  assert.match(
    report.error.message,
    /^topic in, partition 0, offset 3: ERROR_-10003 \(deliver\): .*could not/,
  );
  assert.ok(deaths() < 10, `${deaths()} deaths`);
  assert.equal(bench.commits.stored.get(0), GUILTY_ROW);
  assert.equal(report.records.unsettled, 7);
});
