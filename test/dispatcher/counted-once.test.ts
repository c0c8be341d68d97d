/** A rewind reads settled records again. They are written again, in order, and counted once. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Bench } from './bench.js';

const NOT_ENOUGH_REPLICAS = 19;

/** Of offsets 0 to 20 the second half is settled before the first is refused. */
async function firstRefused(): Promise<Bench> {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 10);
  bench.deliver(0, 10, 20);
  await bench.settle();
  bench.sink.written.reverse();
  bench.sink.settle();
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  return bench;
}

async function readAgain(bench: Bench, ...ranges: readonly (readonly [number, number])[]): Promise<void> {
  await bench.pass(5_000);
  for (const [from, to] of ranges) bench.deliver(0, from, to);
  await bench.settle();
}

async function finish(bench: Bench): Promise<Awaited<ReturnType<Bench['end']>>['records']> {
  while (bench.sink.written.length > 0) bench.sink.settle();
  bench.dispatcher.stop();
  const { error, records } = await bench.end();
  assert.equal(error, undefined);
  return records;
}

test('records that were settled ahead of a refused batch are counted once, and as retried', async () => {
  const bench = await firstRefused();
  await readAgain(bench, [0, 10], [10, 20]);
  const { consumed, transformed, retried, unsettled, emitted } = await finish(bench);
  assert.deepEqual([consumed, transformed, retried, unsettled], [20, 20, 20, 0]);
  assert.equal(emitted, 30, 'ten were written twice');
  assert.equal(bench.commits.stored.get(0), 20);
});

test('however the records are cut into batches when they are read again, each counts once', async () => {
  const bench = new Bench();
  await bench.start(0);
  for (const from of [0, 10, 20, 30]) bench.deliver(0, from, from + 10);
  await bench.settle();
  // Offsets 10 to 20 and 30 to 40 are settled before the others are refused.
  const [first, second, third, fourth] = bench.sink.written.splice(0);
  assert.ok(first && second && third && fourth);
  bench.sink.written.push(second, fourth, first, third);
  bench.sink.settle();
  bench.sink.settle();
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  await readAgain(bench, [0, 13], [13, 35], [35, 45]);
  const { consumed, transformed, retried } = await finish(bench);
  assert.deepEqual([consumed, transformed, retried], [45, 45, 40]);
});

test('a second rewind before they were settled again does not count them either', async () => {
  const bench = await firstRefused();
  await readAgain(bench, [0, 5], [5, 20]);
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  await readAgain(bench, [0, 20]);
  const { consumed, transformed } = await finish(bench);
  assert.deepEqual([consumed, transformed], [20, 20]);
});

test('what is settled again is counted as any other record once the run has passed it', async () => {
  const bench = await firstRefused();
  await readAgain(bench, [0, 20], [20, 30]);
  const { consumed, transformed, retried } = await finish(bench);
  assert.deepEqual([consumed, transformed, retried], [30, 30, 20]);
});
