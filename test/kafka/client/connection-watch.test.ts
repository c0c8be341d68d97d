import assert from 'node:assert/strict';
import { EventEmitter } from 'node:events';
import { mock, test } from 'node:test';
import type { Diagnosis } from '../../../src/diagnosis/types.js';
import { ConnectionWatch } from '../../../src/kafka/client/connection-watch.js';
import { RecordingLogger } from '../support.js';

const refused: Diagnosis = {
  broker: 'b-1:9096',
  stage: 'sasl',
  fault: 'wrong-credentials',
  message: 'broker b-1:9096: it refuses the login of user alice',
  remedy: 'check user and password',
  refused: true,
};

function watched(servers: readonly string[]): {
  readonly watch: ConnectionWatch;
  readonly client: EventEmitter;
  readonly logger: RecordingLogger;
  readonly looks: { found: readonly Diagnosis[]; count: number };
  readonly fail: (text?: string) => void;
  readonly pass: (ms: number) => Promise<void>;
} {
  let nowMs = 0;
  const looks: { found: readonly Diagnosis[]; count: number } = { found: [], count: 0 };
  const logger = new RecordingLogger();
  const client = new EventEmitter();
  const watch = new ConnectionWatch({
    role: 'consumer',
    cluster: { bootstrapServers: servers, properties: new Map() },
    logger,
    nowMs: () => nowMs,
    look: () => {
      looks.count += 1;
      return Promise.resolve(looks.found);
    },
  });
  watch.listen(client);
  return {
    watch,
    client,
    logger,
    looks,
    fail: (text = 'sasl_ssl://b-1:9096/1: SASL authentication error: no') =>
      void client.emit('event.log', { severity: 3, fac: 'FAIL', message: text }),
    pass: async (ms) => {
      nowMs += ms;
      mock.timers.tick(ms);
      for (let turn = 0; turn < 5; turn++) await Promise.resolve();
    },
  };
}

test('a connection that is lost and re-established quickly is not logged as trouble', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, fail, pass, logger, looks } = watched(['b-1:9096']);
  fail();
  fail();
  await pass(1_500);
  assert.equal(looks.count, 1);
  assert.equal(watch.trouble, undefined);
  assert.deepEqual(logger.entries, []);
  mock.timers.reset();
});

test('a broker that keeps its connection and does not answer is checked, and its reason logged', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, pass, logger, looks } = watched(['b-1:9096']);
  looks.found = [{ ...refused, fault: 'no-answer', message: 'broker b-1:9096 hangs', refused: false }];
  watch.suspect('no answer for 7 s');
  await pass(1);
  assert.match(watch.trouble?.error.message ?? '', /broker b-1:9096 hangs/);
  assert.match(logger.entries[0]?.message ?? '', /no new connection: broker b-1:9096 hangs/);
  looks.found = [];
  await pass(2_000);
  assert.match(logger.entries[1]?.message ?? '', /connected to the brokers again after 2 s/);
  mock.timers.reset();
});

test('where checks find nothing, what was suspected is logged; checks are five seconds apart', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, pass, logger, looks } = watched(['b-1:9096']);
  for (let second = 0; second < 20; second++) {
    watch.suspect('no answer from broker b-1');
    await pass(1_000);
  }
  assert.equal(looks.count, 4);
  assert.equal(logger.entries.length, 1);
  assert.match(
    logger.entries[0]?.message ?? '',
    /connections fail again and again: no answer from broker b-1/,
  );
  mock.timers.reset();
});

test(
  'a refusal by every broker is logged immediately and then once per minute, and checked every ' +
    'ten seconds until it is over',
  async () => {
    mock.timers.enable({ apis: ['setTimeout'] });
    const { watch, fail, pass, logger, looks } = watched(['b-1:9096']);
    looks.found = [refused];
    fail();
    await pass(1_500);
    assert.equal(watch.trouble?.error.code, 'KAFKA_REFUSED');
    assert.match(
      watch.trouble.error.message,
      /the consumer can't connect: broker b-1:9096: it refuses the login of user alice/,
    );
    for (let n = 0; n < 6; n++) await pass(10_000);
    assert.equal(looks.count, 7);
    assert.equal(logger.entries.filter(({ level }) => level === 'warn').length, 2);
    looks.found = [];
    await pass(10_000);
    assert.equal(watch.trouble, undefined);
    assert.match(logger.entries.at(-1)?.message ?? '', /connected to the brokers again/);
    await pass(60_000);
    assert.equal(looks.count, 8);
    mock.timers.reset();
  },
);

test('one broker of two is a warning, not trouble; after stop nothing is checked', async () => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { watch, fail, pass, logger, looks } = watched(['b-1:9096', 'b-2:9096']);
  looks.found = [refused];
  fail();
  await pass(1_500);
  assert.equal(watch.trouble, undefined);
  assert.equal(logger.entries.length, 1);
  watch.stop();
  fail();
  await pass(60_000);
  assert.equal(looks.count, 1);
  mock.timers.reset();
});
