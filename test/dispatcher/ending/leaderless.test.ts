import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { EndOffset } from '../../../src/ports/source.js';
import { Bench } from '../bench.js';

const STALL_TIMEOUT_MS = 60_000;
const OUT_OF_RANGE = -140;
/** Where the scripted source continues after a position that was out of range. */
const DECIDED = 100;
const ends = (...lows: readonly number[]) =>
  Promise.resolve(lows.map((end, id) => ({ topic: 'in', partition: id, low: 0, end })));

function leaderless(bench: Bench, id: number, isLeaderless: boolean): void {
  const known = { partitionId: id, nextOffset: -1, fetchQueueRecords: 0, endOffset: -1, highOffset: -1 };
  bench.source.events?.progress([isLeaderless ? { ...known, leaderless: true } : known]);
}

test('a bounded run for which only partitions without a leader are left ends and names them', async () => {
  const bench = new Bench({ until: 'end', stallTimeoutMs: STALL_TIMEOUT_MS });
  bench.source.ends = ends(3, 3);
  await bench.start(0, 1);
  leaderless(bench, 1, true);
  await bench.pass(2 * STALL_TIMEOUT_MS);
  assert.equal(bench.report, undefined, 'partition 0 is still to be read');
  bench.deliver(0, 0, 3);
  await bench.settle();
  bench.sink.settle();
  await bench.pass(STALL_TIMEOUT_MS - 1000);
  assert.equal(bench.report, undefined);
  const { error } = await bench.end();
  assert.equal(error?.code, 'KAFKA_UNREACHABLE');
  assert.equal(error.exitCode, 3);
  assert.match(error.message, /^in\[1\] has no leader/);
  assert.equal(bench.commits.stored.get(0), 3);
});

test('a start that is decided only when the leader is back holds up nobody', async () => {
  const bench = new Bench({ stallTimeoutMs: STALL_TIMEOUT_MS });
  await bench.start(0, 1);
  leaderless(bench, 1, true);
  bench.deliver(0, 0, 3);
  await bench.settle();
  bench.sink.settle();
  await bench.pass(3 * STALL_TIMEOUT_MS);
  assert.deepEqual(bench.dispatcher.status().leaderless, [{ topic: 'in', partition: 1 }]);
  assert.equal(bench.commits.stored.get(0), 3);
  leaderless(bench, 1, false);
  bench.deliver(1, 0, 0, { fault: OUT_OF_RANGE });
  await bench.settle();
  assert.equal(bench.source.opened.get(1)?.offset, DECIDED);
  bench.deliver(1, DECIDED, DECIDED + 2);
  await bench.settle();
  bench.sink.settle();
  bench.dispatcher.stop();
  assert.equal((await bench.end()).error, undefined);
  assert.equal(bench.commits.stored.get(1), DECIDED + 2);
});

test('a bounded run does not take its wait for a leader at the start for a silent destination', async () => {
  const bench = new Bench({ until: 'end', stallTimeoutMs: 6000 });
  let know: (seen: readonly EndOffset[]) => void = () => undefined;
  bench.source.ends = new Promise((resolve) => {
    know = resolve;
  });
  await bench.start(0, 1);
  await bench.pass(25_000);
  know(await ends(5, 0));
  await bench.pass(1000);
  assert.equal(bench.report, undefined);
  bench.deliver(0, 0, 5);
  await bench.settle();
  bench.sink.settle();
  const { error, endReached } = await bench.end();
  assert.deepEqual([error, endReached], [undefined, true]);
});

test('a leader that comes back in time lets a bounded run reach its end', async () => {
  const bench = new Bench({ until: 'end', stallTimeoutMs: STALL_TIMEOUT_MS });
  bench.source.ends = ends(3);
  await bench.start(0);
  for (let round = 0; round < 3; round += 1) {
    leaderless(bench, 0, true);
    await bench.pass(STALL_TIMEOUT_MS - 1000);
    leaderless(bench, 0, false);
    await bench.pass(1000);
  }
  bench.deliver(0, 0, 3);
  await bench.settle();
  bench.sink.settle();
  const { error, endReached } = await bench.end();
  assert.deepEqual([error, endReached], [undefined, true]);
});

test('a run without an end reports partitions without a leader, and goes on', async () => {
  const bench = new Bench({ stallTimeoutMs: STALL_TIMEOUT_MS });
  await bench.start(0, 1);
  leaderless(bench, 1, true);
  await bench.pass(9000);
  assert.equal(bench.warnings('partitions without a leader'), 0);
  await bench.pass(3 * STALL_TIMEOUT_MS);
  assert.ok(bench.warnings('partitions without a leader') > 0);
  assert.deepEqual(bench.dispatcher.status().leaderless, [{ topic: 'in', partition: 1 }]);
  leaderless(bench, 1, false);
  assert.deepEqual(bench.dispatcher.status().leaderless, []);
  assert.equal(bench.report, undefined);
  bench.dispatcher.stop();
  assert.equal((await bench.end()).error, undefined);
});
