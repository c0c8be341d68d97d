import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../src/core/errors.js';
import { Bench } from './bench.js';

const refused = { error: new DispatcherError('KAFKA_REFUSED', "the consumer can't connect: wrong password") };
const unreachable = { error: new DispatcherError('KAFKA_UNREACHABLE', "the consumer can't reach Kafka") };

test(
  'brokers that stop accepting us: not ready once nothing ' + 'moves, and ready again when it is over',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    assert.equal(bench.dispatcher.status().stalled, undefined);
    bench.source.troubled = refused;
    await bench.pass(1_000);
    assert.equal(bench.dispatcher.status().stalled, undefined);
    await bench.pass(4_000);
    assert.match(bench.dispatcher.status().stalled ?? '', /wrong password/);
    bench.source.troubled = undefined;
    await bench.pass(500);
    assert.equal(bench.dispatcher.status().stalled, undefined);
    bench.dispatcher.stop();
    assert.equal((await bench.end()).error, undefined);
  },
);

test('brokers that are away are the reason, not the deliveries that they leave open', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  await bench.pass(11_000);
  assert.equal(bench.dispatcher.status().stalledBy, 'destination');
  bench.source.troubled = unreachable;
  await bench.pass(5_000);
  const { stalledBy, stalled } = bench.dispatcher.status();
  assert.deepEqual([stalledBy, stalled], ['connection', "the consumer can't reach Kafka"]);
  bench.source.troubled = undefined;
  bench.sink.settle();
  bench.dispatcher.stop();
  await bench.end();
});

test('while records still move over the remaining connections, the run is ready', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.source.troubled = refused;
  for (let n = 0; n < 10; n += 1) {
    bench.deliver(0, n * 10, n * 10 + 10);
    await bench.settle();
    bench.sink.settle();
    await bench.pass(2_000);
    assert.equal(bench.dispatcher.status().stalled, undefined);
  }
  bench.dispatcher.stop();
  assert.equal((await bench.end()).error, undefined);
});

test('a run that is refused for stall-timeout ends with the reason; an unreachable one waits', async () => {
  const away = new Bench();
  await away.start(0);
  away.source.troubled = unreachable;
  await away.pass(300_000);
  assert.match(away.dispatcher.status().stalled ?? '', /can't reach Kafka/);
  assert.equal(away.dispatcher.status().state, 'running');
  away.dispatcher.stop();
  await away.end();
  const bench = new Bench();
  await bench.start(0);
  bench.source.troubled = refused;
  await bench.pass(55_000);
  assert.equal(bench.dispatcher.status().state, 'running');
  await bench.pass(10_000);
  const report = await bench.end();
  assert.equal(report.error, refused.error);
});
