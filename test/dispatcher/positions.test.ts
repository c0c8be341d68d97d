import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../src/core/errors.js';
import type { EndOffset } from '../../src/ports/source.js';
import { Bench, partition } from './bench.js';

const BAD_MSG = -199;
const TIMED_OUT = -185;
const OUT_OF_RANGE = -140;

async function quietReports(bench: Bench, times: number, nextOffset: number): Promise<void> {
  for (let n = 0; n < times; n += 1) {
    bench.progress(0, nextOffset);
    await bench.settle();
  }
  await bench.pass(300);
}

test('a tail of control records is committed once several reports agree', async () => {
  const bench = new Bench();
  await bench.start(0);
  await quietReports(bench, 2, 7);
  assert.equal(bench.commits.stored.get(0), 0);
  await quietReports(bench, 1, 7);
  assert.equal(bench.commits.stored.get(0), 7);
});

test(
  'records that the reader holds are not skipped, however often librdkafka reports a position ' +
    'behind them',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    // A batch that lingers: taken from librdkafka, not yet delivered.
    bench.source.onPark = (): void => {
      bench.source.onPark = (): void => undefined;
      bench.deliver(0, 0, 10);
    };
    await quietReports(bench, 5, 10);
    assert.equal(bench.commits.stored.get(0), 0);
    bench.sink.settle();
    await bench.pass(300);
    assert.equal(bench.commits.stored.get(0), 10);
    assert.equal(bench.lines.filter(({ level }) => level === 'error').length, 0);
  },
);

test('a record that waits for a larger block is not skipped', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.source.held = 1;
  await quietReports(bench, 6, 10);
  assert.equal(bench.commits.stored.get(0), 0);
});

test('reports from before a seek do not apply to what comes after it', async () => {
  const bench = new Bench();
  await bench.start(0);
  await quietReports(bench, 2, 9);
  bench.deliver(0, 0, 0, { fault: TIMED_OUT });
  await bench.settle();
  await quietReports(bench, 2, 9);
  assert.equal(bench.commits.stored.get(0), 0);
});

test('after damage no position is trusted: the run stops there and commits what is before it', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 5, { fault: BAD_MSG });
  await bench.settle();
  await quietReports(bench, 5, 500);
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error?.code, 'CORRUPT_INPUT');
  assert.equal(bench.commits.stored.get(0), 5);
});

test('batches that wait for their turn before the damage are settled too (ordering: partition)', async () => {
  const bench = new Bench({ ordering: 'partition' });
  await bench.start(0);
  bench.deliver(0, 0, 5);
  bench.deliver(0, 5, 10, { fault: BAD_MSG });
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error?.code, 'CORRUPT_INPUT');
  assert.equal(bench.commits.stored.get(0), 10);
  assert.equal(report.records.unsettled, 0);
});

test(
  'after a transient read fault reading restarts at its offset in the same epoch; records in ' +
    'flight are settled as usual',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10, { fault: TIMED_OUT });
    await bench.settle();
    assert.equal(bench.source.calls.at(-1), 'seek 0@10 epoch 1');
    await bench.pass(5000);
    assert.equal(bench.commits.stored.get(0), 0, 'not past what is in flight');
    bench.sink.settle();
    await bench.pass(300);
    assert.equal(bench.commits.stored.get(0), 10);
    assert.equal(bench.dispatcher.status().records.handedOver, 0);
  },
);

test('a read fault that keeps coming is retried at growing intervals, with one log line', async () => {
  const bench = new Bench();
  await bench.start(0);
  const seeks = (): number => bench.source.calls.filter((call) => call.startsWith('seek')).length;
  for (let n = 0; n < 40; n += 1) {
    const before = seeks();
    bench.deliver(0, 0, 0, { fault: TIMED_OUT });
    await bench.settle();
    if (n > 0) assert.equal(seeks(), before, 'not at once');
    for (let waited = 0; seeks() === before && waited < 60; waited += 1) await bench.pass(250);
    assert.equal(seeks(), before + 1);
  }
  const elapsedMs = bench.clock.nowMs();
  assert.ok(elapsedMs > 200_000, `40 tries took ${elapsedMs} ms`);
  const lines = bench.warnings('read fault');
  assert.ok(lines <= elapsedMs / 30_000 + 1, `${lines} lines`);
});

test('out of range: what was read before is settled before the partition continues elsewhere', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 10, { fault: OUT_OF_RANGE });
  await bench.pass(10_000);
  assert.ok(!bench.source.calls.some((call) => call.startsWith('seek')));
  bench.sink.settle();
  await bench.pass(300);
  assert.equal(bench.source.calls.at(-1), 'seek 0@100 epoch 2');
  assert.equal(bench.commits.stored.get(0), 100);
  assert.equal(bench.dispatcher.status().records.transformed, 10);
});

test('a bounded run reads nothing before its end offsets are known, and nothing beyond them', async () => {
  const bench = new Bench({ until: 'end' });
  let answer: (ends: readonly { topic: string; partition: number; low: number; end: number }[]) => void =
    () => undefined;
  bench.source.ends = new Promise((resolve) => {
    answer = resolve;
  });
  await bench.start(0);
  assert.deepEqual(bench.source.calls, []);
  assert.equal(bench.dispatcher.status().state, 'starting');
  answer([{ topic: 'in', partition: 0, low: 0, end: 10 }]);
  await bench.pass(1000);
  assert.equal(bench.dispatcher.status().state, 'running');
  assert.equal(bench.source.opened.get(0)?.until, 10);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.endReached, true);
  assert.equal(report.records.transformed, 10);
});

test(
  'a partition that was settled to its end and then lost ' + 'without a commit is waited for again',
  async () => {
    const bench = new Bench({ until: 'end' });
    bench.source.ends = Promise.resolve([0, 1].map((id) => ({ topic: 'in', partition: id, low: 0, end: 5 })));
    await bench.start(0, 1);
    bench.deliver(0, 0, 5);
    await bench.settle();
    bench.sink.settle();
    await bench.settle();
    bench.commits.committed = [{ topic: 'in', partition: 0, offset: -1 }];
    bench.group.events?.revoked([partition(0)], true);
    await bench.settle();
    bench.deliver(1, 0, 5);
    await bench.settle();
    bench.sink.settle();
    await bench.pass(20_000);
    assert.equal(bench.report, undefined, 'nobody has committed the end of partition 0');
    assert.equal(bench.warnings('waiting for partitions that other members'), 1);
    bench.commits.committed = [{ topic: 'in', partition: 0, offset: 5 }];
    const report = await bench.end();
    assert.equal(report.error, undefined);
  },
);

test('a source without a group is read from its only assignment to its end', async () => {
  const bench = new Bench({ until: 'end' }, false);
  bench.source.ends = Promise.resolve([{ topic: 'in', partition: 0, low: 0, end: 5 }]);
  await bench.start(0);
  bench.deliver(0, 0, 5);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(bench.group.events, undefined);
  assert.equal(report.error, undefined);
  assert.deepEqual(
    report.committed.map(({ partition: one, offset }) => [one, offset]),
    [[0, 5]],
  );
});

test('a bounded run that continues in a shorter log ends at the end found there', async () => {
  const bench = new Bench({ until: 'end' });
  bench.source.ends = Promise.resolve([{ topic: 'in', partition: 0, low: 0, end: 500 }]);
  await bench.start(0);
  bench.source.ends = Promise.resolve([{ topic: 'in', partition: 0, low: 90, end: 102 }]);
  bench.deliver(0, 0, 5, { fault: OUT_OF_RANGE });
  await bench.settle();
  bench.sink.settle();
  await bench.pass(300);
  assert.equal(bench.source.calls.at(-1), 'seek 0@100 epoch 2');
  bench.deliver(0, 100, 102);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.endReached, true);
  assert.equal(report.records.transformed, 7);
});

const CHECK_MS = 6_000;
const START: EndOffset = { topic: 'in', partition: 0, low: 0, end: 50, topicId: 'first' };

/** A bounded run to offset 50 that has settled ten records. */
async function readingTen(): Promise<Bench> {
  const bench = new Bench({ until: 'end' });
  bench.source.ends = Promise.resolve([START]);
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  return bench;
}

test('a log that was cut short above the position of a bounded run ends the run there', async () => {
  const bench = await readingTen();
  bench.source.endsLater = [{ ...START, end: 10 }];
  await bench.pass(CHECK_MS);
  const report = await bench.end();
  assert.equal(report.error, undefined);
  assert.equal(report.endReached, true);
  assert.equal(report.records.skipped, 40);
  assert.ok(bench.source.calls.includes('accept loss in[0] [10, 50)'));
});

test('if the policy is to stop, a log that was cut short above the position is an error', async () => {
  const bench = await readingTen();
  bench.source.lossError = new DispatcherError('OFFSET_OUT_OF_RANGE', 'cut short');
  bench.source.endsLater = [{ ...START, end: 10 }];
  await bench.pass(CHECK_MS);
  const report = await bench.end();
  assert.equal(report.error?.code, 'OFFSET_OUT_OF_RANGE');
  assert.equal(report.records.transformed, 10);
  assert.equal(bench.commits.stored.get(0), 10, 'what was read is committed');
});

test('an end behind an open transaction is not mistaken for a log that was cut short', async () => {
  const bench = await readingTen();
  bench.source.endsLater = [{ ...START, end: 10, high: 50 }];
  await bench.pass(CHECK_MS);
  assert.equal(bench.report, undefined);
  assert.ok(!bench.source.calls.some((call) => call.startsWith('accept')));
  bench.dispatcher.stop();
  await bench.end();
});

test('the end of a topic created again counts, also if the old end has just been reached', async () => {
  const bench = await readingTen();
  bench.source.endsLater = [{ ...START, end: 60, topicId: 'second' }];
  bench.deliver(0, 10, 50);
  await bench.settle();
  bench.sink.settle();
  await bench.pass(1_000);
  assert.equal(bench.report, undefined, 'it goes on');
  bench.deliver(0, 50, 60);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.endReached, true);
  assert.equal(report.ends?.[0]?.topicId, 'second', 'for the legs to come');
});

test("a run that can't compare its logs at the end still ends", async () => {
  const bench = await readingTen();
  bench.source.endsNow = () => Promise.reject(new Error('no broker answers'));
  bench.deliver(0, 10, 50);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error, undefined);
  assert.equal(report.endReached, true);
});
