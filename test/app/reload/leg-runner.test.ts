import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { pass, settle } from './helpers.js';
import { Play, RELOAD_TIMEOUT_MS } from './play.js';

const unreachable = new DispatcherError('KAFKA_UNREACHABLE', 'no broker answered');

test(
  'a new configuration lets the running leg drain, and the next leg continues with its counters to ' +
    'the end',
  async () => {
    const play = await new Play().running();
    const ends = [{ topic: 't', partition: 0, low: 0, end: 10 }];
    play.leg.consume(7);
    play.leg.drains = false;
    await play.change('b');
    assert.equal(play.names, 'a');
    assert.equal(play.leg.stops, 1);
    assert.equal(play.runner.status().state, 'reloading');
    play.leg.end({ ends, activeMs: 5, committed: [{ topic: 't', partition: 0, offset: 7 }] });
    await settle();
    assert.equal(play.names, 'a b');
    assert.deepEqual(play.leg.carried.ends, ends);
    assert.equal(play.runner.status().state, 'reloading');
    await play.running();
    assert.equal(play.runner.status().state, 'running');
    assert.deepEqual(play.reloaded, ['b']);
    assert.deepEqual(play.runner.reloadStatus, { count: 1, switching: false, rejected: undefined });
    play.leg.consume(3);
    play.leg.end({ endReached: true, activeMs: 4, committed: [{ topic: 't', partition: 0, offset: 10 }] });
    await settle();
    assert.equal(play.report?.records.consumed, 10);
    assert.equal(play.report.activeMs, 9);
    assert.deepEqual(play.report.committed, [{ topic: 't', partition: 0, offset: 10 }]);
    assert.equal(play.runner.bytesOut(), 200);
  },
);

test(
  'what a leg left unsettled is read again: counted once, as retried, and listed as a possible ' +
    'duplicate',
  async () => {
    const play = await new Play().running();
    play.leg.consume(10, 6);
    play.leg.drains = false;
    await play.change('b');
    play.leg.cut(4, {
      state: 'failed',
      error: new DispatcherError('DRAIN_CUT', 'late'),
      redelivery: [{ topic: 't', partition: 0, from: 6, to: 10 }],
    });
    await settle();
    await play.running();
    play.leg.consume(4);
    play.runner.stop();
    await settle();
    assert.ok(play.report !== undefined);
    const { records, redelivery, state, error } = play.report;
    assert.deepEqual(
      [records.consumed, records.transformed, records.unsettled, records.retried],
      [10, 10, 0, 4],
    );
    assert.deepEqual(redelivery, [{ topic: 't', partition: 0, from: 6, to: 10 }]);
    assert.equal(state, 'stopped');
    assert.equal(error, undefined);
  },
);

test('many reload requests become one, plus one for those that arrive in the meantime', async () => {
  const play = await new Play().running();
  play.source.say('b');
  for (let i = 0; i < 20; i++) play.runner.reload('signal');
  await settle();
  for (let i = 0; i < 20; i++) play.runner.reload('signal');
  await play.running();
  assert.equal(play.names, 'a b');
  assert.equal(play.source.loads, 2);
  assert.deepEqual(play.lines.of('info').slice(-2), [
    'info the new configuration is in use',
    'info the configuration was reloaded and is unchanged; nothing to do',
  ]);
});

test(
  'a faulty configuration, one of another group and one that Kafka refuses keep the running leg, ' +
    'and give the reason',
  async () => {
    const play = await new Play().running();
    play.source.now = { kind: 'faulty', problems: ['kd.yml:3:5: unknown key'] };
    play.runner.reload('signal');
    await settle();
    assert.equal(
      play.runner.reloadStatus.rejected,
      'the new configuration is faulty: kd.yml:3:5: unknown key',
    );
    play.source.refused = 'another group is another job';
    await play.change('b');
    play.source.refused = undefined;
    play.source.trialFault = new DispatcherError('KAFKA_REFUSED', 'wrong password');
    await play.change('c');
    assert.equal(play.names, 'a');
    assert.equal(play.leg.stops, 0);
    assert.deepEqual(
      play.lines.all
        .filter(({ level }) => level === 'error')
        .map(({ message, fields }) => `${message}: ${String(fields['why'] ?? fields['error'])}`),
      [
        'the new configuration is faulty; the run continues with the old one: kd.yml:3:5: unknown key',
        'the new configuration needs a restart; the run continues with ' +
          'the old one: another group is another job',
        "Kafka can't be used with the new configuration; the run continues with the old one: wrong password",
      ],
    );
    assert.equal(play.runner.reloadStatus.rejected, 'wrong password');
  },
);

test(
  'a configuration that Kafka refuses is tried again at growing intervals, and used once Kafka ' +
    'accepts it',
  async () => {
    const play = await new Play().running();
    play.source.trialFault = new DispatcherError('KAFKA_REFUSED', 'wrong password');
    await play.change('b');
    await pass(play.clock, 300_000);
    // At 0, 5, 15, 35, 75, 135, 195, 255 s.
    assert.equal(play.source.trials.length, 8);
    play.source.trialFault = undefined;
    await pass(play.clock, 60_000);
    assert.equal(play.names, 'a b');
    await play.running();
    assert.equal(play.runner.reloadStatus.rejected, undefined);
  },
);

test('when the files change back to the running configuration, nothing is tried any more', async () => {
  const play = await new Play().running();
  play.source.trialFault = new DispatcherError('KAFKA_REFUSED', 'wrong password');
  await play.change('b');
  await play.change('a');
  await pass(play.clock, 300_000);
  assert.deepEqual(play.source.trials, ['b']);
  assert.equal(play.runner.reloadStatus.rejected, undefined);
});

test(
  'a configuration that passes its trial but does not start is replaced by the old one, and not ' +
    'tried again without a request',
  async () => {
    const play = await new Play().running();
    await play.change('b');
    play.leg.fail(new DispatcherError('TRANSFORM_LOAD', 'setup failed'));
    await pass(play.clock, 2_000);
    assert.equal(play.names, 'a b a');
    await play.running();
    assert.equal(play.runner.reloadStatus.count, 0);
    assert.equal(play.runner.reloadStatus.rejected, 'setup failed');
    play.runner.reload('files');
    await settle();
    assert.equal(play.names, 'a b a');
    play.runner.reload('signal');
    await settle();
    assert.equal(play.names, 'a b a b');
  },
);

test(
  'when neither the new nor the old configuration starts any more, the run ends with the reason ' +
    'after the reload timeout',
  async () => {
    const play = await new Play().running();
    play.leg.consume(5);
    await play.change('b');
    while (play.report === undefined && play.legs.length < 50) {
      play.leg.fail(unreachable);
      await pass(play.clock, 20_000);
    }
    assert.equal(play.report?.error?.code, 'KAFKA_UNREACHABLE');
    assert.equal(play.report.records.consumed, 5);
    assert.equal(play.report.records.unsettled, 0);
    assert.match(play.names, /^a b a b a/);
    assert.ok(
      play.clock.nowMs() >= RELOAD_TIMEOUT_MS && play.clock.nowMs() < 2 * RELOAD_TIMEOUT_MS,
      String(play.clock.nowMs()),
    );
  },
);

test('the first leg is not retried: a run that does not start ends immediately', async () => {
  const play = new Play();
  play.leg.fail(unreachable);
  await settle();
  assert.equal(play.report?.error, unreachable);
  assert.equal(play.names, 'a');
});

test('after clients fail, the run continues with the new contents of the files if they changed', async () => {
  const play = await new Play().running();
  play.source.say('b');
  play.leg.fail(unreachable);
  await settle();
  assert.equal(play.names, 'a b');
  await play.running();
  play.leg.fail(unreachable);
  await settle();
  assert.equal(play.report?.error, unreachable);
});

test(
  "a leg that can't be created is reported, and the run " + 'continues with the old configuration',
  async () => {
    const play = await new Play().running();
    play.leg.consume(7);
    play.composeFaults.set('b', new DispatcherError('CONFIGURATION', 'in-flight.bytes-max is too small'));
    await play.change('b');
    assert.match(play.lines.of('error').join(), /the new configuration does not start; trying the old one/);
    assert.equal(play.runner.reloadStatus.rejected, 'in-flight.bytes-max is too small');
    assert.equal(play.runner.bytesOut(), 100, 'the finished leg is counted once');
    await pass(play.clock, 2_000);
    assert.equal(play.names, 'a a');
    await play.running();
    play.leg.consume(3);
    play.runner.stop();
    await settle();
    assert.equal(play.report?.state, 'stopped');
    assert.equal(play.report.records.consumed, 10);
  },
);

test(
  'when no further leg can be created, the run ends with the reason and its exit code, and its ' +
    'counters add up',
  async () => {
    for (const [fault, exitCode] of [
      [new DispatcherError('KAFKA_REFUSED', 'librdkafka refuses it'), 8],
      [new TypeError('undefined is not a function'), 1],
    ] as const) {
      const play = await new Play().running();
      play.leg.consume(10, 6);
      play.leg.drains = false;
      for (const name of ['a', 'b']) play.composeFaults.set(name, fault);
      await play.change('b');
      play.leg.cut(4, { state: 'failed', error: new DispatcherError('DRAIN_CUT', 'late') });
      for (let tries = 0; tries < 50 && play.report === undefined; tries++) await pass(play.clock, 20_000);
      const { report } = play;
      assert.equal(report?.error?.exitCode, exitCode);
      assert.match(report.error.message, new RegExp(fault.message));
      assert.equal(report.state, 'failed');
      const { consumed, transformed, unsettled, retried } = report.records;
      assert.deepEqual([consumed, transformed, unsettled, retried], [6, 6, 0, 4]);
      assert.ok(play.clock.nowMs() < 2 * RELOAD_TIMEOUT_MS);
    }
  },
);

test('an error that protects data ends the run, even if a new configuration is waiting', async () => {
  const play = await new Play().running();
  const rejected = new DispatcherError('RECORD_REJECTED', 'no dead-letter topic');
  play.leg.drains = false;
  await play.change('b');
  play.leg.fail(rejected);
  await settle();
  assert.equal(play.report?.error, rejected);
  assert.equal(play.names, 'a');
});

test(
  'a stop while the old leg drains for a reload ends the run in ' + 'order, and no new leg is created',
  async () => {
    const play = await new Play().running();
    play.leg.drains = false;
    await play.change('b');
    play.runner.stop();
    play.leg.end();
    await settle();
    assert.equal(play.names, 'a');
    assert.equal(play.report?.state, 'stopped');
  },
);

test('a stop while no leg can start ends the run in order: everything that was read is settled', async () => {
  const play = await new Play().running();
  await play.change('b');
  play.leg.fail(unreachable);
  await settle();
  play.runner.stop();
  await settle();
  assert.equal(play.report?.error, undefined);
  assert.equal(play.report?.state, 'stopped');
});

test('a stop while a configuration is loaded for another attempt starts no further leg', async () => {
  const play = await new Play().running();
  await play.change('b');
  play.leg.fail(unreachable);
  await settle();
  await pass(play.clock, 1_500);
  assert.equal(play.names, 'a b a');
  const loaded = play.source.holdLoading();
  play.leg.fail(unreachable);
  await settle();
  await pass(play.clock, 2_500);
  play.runner.stop();
  loaded();
  await settle();
  assert.equal(play.names, 'a b a');
  assert.equal(play.report?.state, 'stopped');
  assert.equal(play.report.error, undefined);
});

test('a client that does not stop ends the run: no second one is created', async () => {
  const play = await new Play().running();
  play.leg.drains = false;
  await play.change('b');
  play.leg.end({ hung: true });
  await settle();
  assert.equal(play.names, 'a');
  assert.equal(play.report?.error?.code, 'DRAIN_CUT');
  assert.equal(play.report.hung, true);
});

test('a reload request during the start of the first leg is carried out afterwards', async () => {
  const play = new Play();
  await play.change('b');
  assert.equal(play.names, 'a b');
  await play.running();
  assert.equal(play.runner.status().state, 'running');
});
