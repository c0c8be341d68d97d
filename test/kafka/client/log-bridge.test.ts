import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { test } from 'node:test';
import { LogBridge } from '../../../src/kafka/client/log-bridge.js';
import { RecordingLogger } from '../support.js';

function setUp(): { client: EventEmitter; logger: RecordingLogger; clock: { nowMs: number } } {
  const client = new EventEmitter();
  const logger = new RecordingLogger();
  const clock = { nowMs: 0 };
  const bridge = new LogBridge({ role: 'consumer', logger, nowMs: () => clock.nowMs });
  bridge.attach(client);
  return { client, logger, clock };
}

test('a flood of one kind of line is logged once per interval, with the number suppressed', () => {
  const { client, logger, clock } = setUp();
  for (let i = 0; i < 150; i++) client.emit('event.error', new Error('all broker connections are down'));
  assert.equal(logger.entries.length, 1);
  clock.nowMs = 61_000;
  client.emit('event.error', new Error('all broker connections are down'));
  assert.equal(logger.entries.length, 2);
  assert.equal(logger.entries[1]?.fields['suppressed'], 149);
  assert.match(logger.entries[1].message, /\(149 more like this in the last 61 s\)$/);
});

test('lines that differ only in numbers are one kind, others are not suppressed', () => {
  const { client, logger } = setUp();
  const line = (message: string) => client.emit('event.log', { severity: 4, fac: 'OFFSET', message });
  line('[thrd:b:1/1]: b:1/1: offset 3 is odd');
  line('[thrd:b:1/1]: b:1/1: offset 17 is odd');
  line('[thrd:b:1/1]: b:1/1: position is odd');
  assert.deepEqual(
    logger.entries.map(({ level, message }) => [level, message]),
    [
      ['debug', 'kafka consumer: b:1/1: offset 3 is odd'],
      ['debug', 'kafka consumer: b:1/1: position is odd'],
    ],
  );
});

test("a producer's property on a consumer is not a warning: common properties go to every client", () => {
  const { client, logger } = setUp();
  client.emit('event.log', {
    severity: 4,
    fac: 'CONFWARN',
    message:
      '[thrd:app]: Configuration property linger.ms is a producer property ' +
      'and will be ignored by this consumer instance',
  });
  assert.equal(logger.entries[0]?.level, 'debug');
});

test('events in an unexpected form are logged or ignored, and never throw', () => {
  const { client, logger } = setUp();
  client.emit('event.log', null);
  client.emit('event.log', { severity: 'x' });
  client.emit('event.throttle', undefined);
  client.emit('event.error', 'text');
  assert.ok(logger.entries.length > 0);
});

test('the number of remembered kinds is limited', () => {
  const { client, logger } = setUp();
  for (let i = 0; i < 1_000; i++)
    client.emit('event.log', {
      severity: 5,
      fac: 'X',
      message: `kind ${String.fromCharCode(97 + (i % 26)).repeat(1 + i / 26)}`,
    });
  assert.ok(logger.entries.length <= 201);
});

test(
  "librdkafka's lines about failed connections and sessions stay at debug: the connection watch " +
    'reports the reason',
  () => {
    const client = new EventEmitter();
    const logger = new RecordingLogger();
    const bridge = new LogBridge({ role: 'consumer', logger, nowMs: () => 0 });
    bridge.attach(client);
    const line = (): boolean =>
      client.emit('event.log', { severity: 3, fac: 'FAIL', message: '[thrd:b:1/1]: b:1/1: Connect failed' });
    line();
    client.emit('event.error', new Error('broker transport failure'));
    client.emit('event.log', { severity: 4, fac: 'SESSTMOUT', message: 'Consumer group session timed out' });
    client.emit('event.log', { severity: 4, fac: 'CONFWARN', message: 'a property is deprecated' });
    assert.deepEqual(
      logger.entries.map(({ level }) => level),
      ['debug', 'debug', 'debug', 'debug'],
    );
  },
);

test('the end of a throttle is no warning of one for 0 ms', () => {
  const { client, logger } = setUp();
  client.emit('event.throttle', { brokerName: 'b-1:9092', throttleTime: 250 });
  client.emit('event.throttle', { brokerName: 'b-1:9092', throttleTime: 0 });
  assert.deepEqual(
    logger.entries.map(({ level, message }) => [level, message]),
    [
      ['warn', 'kafka consumer: broker b-1:9092 throttles this client for 250 ms (a quota)'],
      ['debug', 'kafka consumer: broker b-1:9092 throttles this client no longer'],
    ],
  );
});
