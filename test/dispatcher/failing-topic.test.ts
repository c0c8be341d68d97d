import assert from 'node:assert/strict';
import { test } from 'node:test';
import { NOTHING_ANSWERED } from '../../src/ports/transform-pool.js';
import { writeIdentity } from '../../src/wire/output-writer.js';
import { Bench, partition, passThrough } from './bench.js';

const NOT_ENOUGH_REPLICAS = 19;
const FAILED = /topic out can't be written/;

/** Ten records of partition 0 that the output refused. */
async function failing(...ids: number[]): Promise<Bench> {
  const bench = new Bench();
  await bench.start(...ids);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  await bench.settle();
  assert.match(bench.dispatcher.status().stalled ?? '', FAILED);
  return bench;
}

async function ended(bench: Bench): Promise<void> {
  bench.dispatcher.stop();
  assert.equal((await bench.end()).error, undefined);
}

test(
  'a topic that failed for records of a partition that now belongs to another member stalls ' +
    'nothing: ready, and no end after an idle gap',
  async () => {
    const bench = await failing(0, 1);
    await bench.pass(600);
    bench.group.events?.revoked([partition(0)], false);
    await bench.pass(3_000);
    assert.equal(bench.dispatcher.status().stalled, undefined);
    await bench.pass(300_000);
    bench.deliver(1, 0, 10);
    await bench.pass(1_000);
    bench.sink.settle();
    assert.equal(bench.dispatcher.status().state, 'running');
    await ended(bench);
  },
);

test(
  'records that go to another topic when they are read again ' + 'end the failure of the first topic',
  async () => {
    const bench = await failing(0);
    bench.pool.answer = (task) => {
      writeIdentity(task.output.bytes, task.firstRow, task.rowCount, 1);
      return Promise.resolve({ ...NOTHING_ANSWERED, rowsDone: task.rowCount, outputRows: task.rowCount });
    };
    await bench.pass(600);
    bench.deliver(0, 0, 5);
    await bench.settle();
    bench.sink.settle();
    await bench.pass(500);
    assert.match(bench.dispatcher.status().stalled ?? '', FAILED, 'half of them are still to be delivered');
    bench.deliver(0, 5, 10);
    await bench.settle();
    bench.sink.settle();
    await bench.pass(500);
    assert.equal(bench.dispatcher.status().stalled, undefined);
    await ended(bench);
  },
);

test(
  'a failing topic keeps the run not ready while its records ' + 'wait, and recovers when it accepts one',
  async () => {
    const bench = await failing(0);
    await bench.pass(20_000);
    assert.match(bench.dispatcher.status().stalled ?? '', FAILED);
    bench.pool.answer = (task) => Promise.resolve(passThrough(task));
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.sink.settle();
    await bench.settle();
    assert.equal(bench.dispatcher.status().stalled, undefined);
    await ended(bench);
  },
);

test('a topic that accepts only part of each batch ends the run at the timeout', async () => {
  const bench = await failing(0);
  for (let second = 0; second < 100 && bench.report === undefined; second++) {
    await bench.pass(1_000);
    if (bench.sink.written.length === 0 && bench.source.offered.length > 0) bench.deliver(0, 0, 10);
    await bench.settle();
    if (bench.sink.written.length > 0) bench.sink.settle(NOT_ENOUGH_REPLICAS, undefined, 5);
    await bench.settle();
  }
  assert.equal(bench.report?.error?.code, 'DESTINATION_STALLED');
});

test('records that get through do not end the failure of a topic that other records wait for', async () => {
  const bench = await failing(0, 1);
  await bench.pass(600);
  bench.deliver(1, 0, 10);
  await bench.settle();
  bench.sink.settle();
  await bench.pass(500);
  assert.match(bench.dispatcher.status().stalled ?? '', FAILED, 'those of partition 0 wait');
  await ended(bench);
});
