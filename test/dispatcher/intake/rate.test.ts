import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from '../bench.js';

const batchSize = { recordsMin: 50, recordsMax: 50, workMs: 50 };
const sum = (numbers: readonly number[]): number => numbers.reduce((total, n) => total + n, 0);

test('a rate limits the records asked for, and reading goes on when time has passed', async () => {
  const bench = new Bench({ batchSize, rate: { unit: 'records', perSecond: 200 } });
  await bench.start(0);
  assert.deepEqual(bench.source.asked, [50], 'a quarter of a second at once');
  bench.deliver(0, 0, 50);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  assert.equal(bench.source.asked.length, 1, 'nothing is left for now');
  await bench.pass(100);
  const asked = sum(bench.source.asked.slice(1));
  assert.ok(asked >= 1 && asked <= 21, `${asked} records in a tenth of a second`);
});

test('a run that waits for records, not for its rate, is not woken for it', async () => {
  const bench = new Bench({ batchSize, rate: { unit: 'records', perSecond: 200 } });
  await bench.start(0);
  let wakes = 0;
  const { after } = bench.clock;
  bench.clock.after = (delayMs, callback): (() => void) => {
    if (delayMs < 100) wakes += 1;
    return after.call(bench.clock, delayMs, callback);
  };
  await bench.pass(5_000);
  assert.equal(wakes, 0);
});

test('a rate of bytes waits until what was read is paid', async () => {
  const bench = new Bench({ batchSize, rate: { unit: 'bytes', perSecond: 1_000 } });
  await bench.start(0);
  const before = bench.source.asked.length;
  bench.deliver(0, 0, 50);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  const { length } = bench.source.asked;
  await bench.pass(500);
  assert.equal(bench.source.asked.length, length, 'fifty records are more than half a second of bytes');
  await bench.pass(60_000);
  assert.ok(bench.source.asked.length > before);
});

test('a stop does not wait for the rate', async () => {
  const bench = new Bench({ batchSize, rate: { unit: 'records', perSecond: 1 } });
  await bench.start(0);
  bench.deliver(0, 0, 1);
  await bench.settle();
  bench.sink.settle();
  bench.dispatcher.stop();
  const report = await bench.end();
  assert.equal(report.error, undefined);
  assert.equal(report.records.consumed, 1);
});

test('another who limits the rate is asked before every block', async () => {
  let perSecond: number | undefined = 200;
  const bench = new Bench({ batchSize }, true, {
    recordsPerSecond: () => perSecond,
    slowdown: () => ({ group: 'live', lagRecords: 7, boundRecords: 5, recordsPerSecond: 200 }),
  });
  await bench.start(0);
  assert.deepEqual(bench.source.asked, [50]);
  assert.equal(bench.dispatcher.status().slowed?.group, 'live');
  perSecond = undefined;
  bench.deliver(0, 0, 50);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  assert.deepEqual(bench.source.asked, [50, 50, 50], 'two blocks are offered at once');
});
