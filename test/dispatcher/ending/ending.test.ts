import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { Bench, partition } from '../bench.js';

const never = new Promise<never>(() => undefined);

test(
  'a stop does not wait for start positions that the brokers have not sent yet: nothing is opened ' +
    'any more',
  async () => {
    const bench = new Bench();
    await bench.start();
    bench.source.askPositions = () => never;
    await bench.assign(0);
    bench.dispatcher.stop();
    await bench.settle();
    assert.equal(bench.report?.error, undefined);
    assert.equal(bench.report?.state, 'stopped');
    assert.deepEqual(bench.source.calls, ['stop']);
  },
);

test(
  'partitions assigned during a drain are not opened; revoked ones ' + 'are drained, stored and given back',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.dispatcher.stop();
    await bench.settle();
    await bench.assign(1);
    bench.group.events?.revoked([partition(0)], false);
    await bench.settle();
    assert.ok(!bench.source.calls.includes('close 0'), 'not before its records are settled');
    bench.sink.settle();
    const report = await bench.end();
    assert.equal(report.error, undefined);
    assert.deepEqual(bench.source.calls, ['open 0@0', 'close 0', 'stop']);
    assert.equal(bench.commits.stored.get(0), 10);
    assert.equal(report.records.handedOver, 0);
  },
);

test('after a cut the source is only stopped, whatever was in progress', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.group.events?.revoked([partition(0)], false);
  await bench.settle();
  bench.dispatcher.stop();
  bench.dispatcher.cutNow();
  const report = await bench.end();
  assert.equal(report.error?.code, 'DRAIN_CUT');
  assert.equal(report.error.exitCode, 4);
  assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 0, to: 10 }]);
  assert.equal(report.records.unsettled, 10);
  await bench.pass(10_000);
  assert.deepEqual(bench.source.calls, ['open 0@0', 'stop']);
});

test('a run that is stopped before it begins connects to nothing', async () => {
  const bench = new Bench();
  bench.sink.start = () => never;
  bench.dispatcher.stop();
  bench.run();
  await bench.settle();
  assert.equal(bench.report?.state, 'stopped');
  assert.equal(bench.report.error, undefined);
});

test('a cut while the clients close leaves each of them only a little time', async () => {
  const bench = new Bench();
  await bench.start();
  bench.source.stop = () => never;
  bench.dispatcher.stop();
  await bench.pass(6_000);
  assert.equal(bench.report, undefined);
  bench.dispatcher.cutNow();
  const cutAtMs = bench.clock.nowMs();
  const report = await bench.end();
  assert.equal(report.hung, true);
  const tookMs = bench.clock.nowMs() - cutAtMs;
  assert.ok(tookMs >= 3_000 && tookMs <= 4_500, `${tookMs} ms`);
});

test('a stop during a hanging start waits as long as a drain, and a cut ends it immediately', async () => {
  const slow = new Bench();
  slow.source.starting = never;
  slow.run();
  await slow.settle();
  slow.dispatcher.stop();
  const report = await slow.end();
  assert.equal(report.error, undefined);
  assert.ok(slow.clock.nowMs() >= 20_000);

  const cut = new Bench();
  cut.source.starting = never;
  cut.run();
  await cut.settle();
  cut.dispatcher.stop();
  await cut.settle();
  assert.equal(cut.report, undefined);
  cut.dispatcher.cutNow();
  await cut.end();
  assert.equal(cut.clock.nowMs(), 0);
});

test('a stop while the pool loads the transform does not wait: nothing was read yet', async () => {
  const bench = new Bench();
  bench.pool.starting = never;
  bench.run();
  await bench.settle();
  bench.dispatcher.stop();
  await bench.settle();
  assert.equal(bench.report?.state, 'stopped');
  assert.equal(bench.report.error, undefined);
  assert.equal(bench.clock.nowMs(), 0);
});

test('a start that fails after the stop was requested does not make the stop a failure', async () => {
  const bench = new Bench();
  bench.source.starting = new Promise((_resolve, reject) =>
    bench.clock.after(3000, () => reject(new DispatcherError('KAFKA_UNREACHABLE', 'no broker answers'))),
  );
  bench.run();
  await bench.settle();
  bench.dispatcher.stop();
  const report = await bench.end();
  assert.equal(report.state, 'stopped');
  assert.equal(report.error, undefined);
  assert.equal(bench.lines.filter(({ level }) => level === 'error').length, 0);
  assert.match(bench.lines.map(({ message }) => message).join(), /the start failed after the stop/);
});

test('a refused commit promises no next one when the run is ending', async () => {
  const ending = new Bench();
  await ending.start(0);
  ending.deliver(0, 0, 10);
  await ending.settle();
  ending.dispatcher.stop();
  ending.commits.events?.committed([], new Error('coordinator not available'));
  assert.equal(ending.warnings('committed with the next one'), 0);
  assert.equal(ending.warnings('a commit was refused while the run ends'), 1);

  const fenced = new Bench();
  await fenced.start(0);
  fenced.source.events?.failed(new DispatcherError('FENCED', 'the consumer was fenced'));
  fenced.commits.events?.committed([], new Error('fenced'));
  assert.equal(fenced.warnings('a commit was refused'), 0, 'the reason was given');
});

test("an offset that can't be stored ends the run in order, never the process", async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle();
  bench.commits.storeFails = new Error('planted');
  const report = await bench.end();
  assert.equal(report.error?.code, 'DEFECT');
  assert.match(report.error.message, /planted/);
});

test('a missing assignment is reported after 15 s and then once per minute, with a reason', async () => {
  const bench = new Bench();
  await bench.start();
  await bench.pass(14_000);
  assert.equal(bench.warnings('no partitions assigned'), 0);
  await bench.pass(2000);
  assert.equal(bench.warnings('no partitions assigned'), 1);
  assert.match(String(bench.lines.at(-1)?.fields['reason']), /the group has not answered/);
  await bench.assign();
  await bench.pass(58_000);
  assert.equal(bench.warnings('no partitions assigned'), 1);
  await bench.pass(3000);
  assert.equal(bench.warnings('no partitions assigned'), 2);
  assert.match(
    String(bench.lines.at(-1)?.fields['reason']),
    /other members of the group hold all partitions/,
  );
  await bench.assign(0);
  await bench.pass(200_000);
  assert.equal(bench.warnings('no partitions assigned'), 2);
});

test('a commit that keeps being refused is reported once per minute', async () => {
  const bench = new Bench();
  await bench.start(0);
  for (let n = 0; n < 1_200; n += 1) {
    bench.commits.events?.committed([], new Error('coordinator not available'));
    await bench.pass(100);
  }
  assert.equal(bench.warnings('a commit was refused'), 2);
  assert.ok(Number(bench.lines.at(-1)?.fields['suppressed']) > 200);
});

test(
  'transforms are aborted when the drain is given up, not when it begins, because an aborted ' +
    'good record would become a dead letter',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.pool.answer = () => never;
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.dispatcher.stop();
    await bench.pass(10_000);
    assert.equal(bench.pool.stopsSignalled, 0);
    const report = await bench.end();
    assert.equal(bench.pool.stopsSignalled, 1);
    assert.equal(report.error?.code, 'DRAIN_CUT');
    assert.equal(report.records.unsettled, 10);
  },
);

test(
  'while the brokers are asked for the positions of new ' + 'partitions, the existing ones are still read',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.source.askPositions = () => never;
    await bench.assign(1);
    for (let n = 0; n < 5; n += 1) {
      bench.deliver(0, n * 10, n * 10 + 10);
      await bench.settle();
      bench.sink.settle();
      await bench.settle();
    }
    await bench.pass(300);
    assert.equal(bench.commits.stored.get(0), 50);
  },
);

test('a last commit that is not confirmed is reported: exit 4, with the range that comes again', async () => {
  for (const confirms of [true, false]) {
    const bench = new Bench();
    bench.commits.confirms = confirms;
    await bench.start(0, 1);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.sink.settle();
    await bench.settle();
    bench.commits.events?.committed([{ partitionId: 0, offset: 4 }]);
    bench.dispatcher.stop();
    const report = await bench.end();
    assert.equal(report.error?.code, confirms ? undefined : 'DRAIN_CUT');
    assert.deepEqual(report.redelivery, confirms ? [] : [{ topic: 'in', partition: 0, from: 4, to: 10 }]);
    assert.equal(report.records.unsettled, 0);
  }
});
