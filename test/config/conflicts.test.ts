import assert from 'node:assert/strict';
import { test } from 'node:test';
import { load, MINIMAL, problemOf, write } from './support.js';

const side = (name: 'consumer' | 'producer', yaml: string): string =>
  MINIMAL.replace(`${name}: {`, `${name}: { properties: { ${yaml} },`);

const CONSUMER: readonly (readonly [yaml: string, key: string, message: RegExp])[] = [
  ['heartbeat.interval.ms: 45000', 'heartbeat.interval.ms', /less than session\.timeout\.ms \(45000\)/],
  ['session.timeout.ms: 6000, heartbeat.interval.ms: 6000', 'heartbeat.interval.ms', /less than session/],
  ['max.poll.interval.ms: 6000, session.timeout.ms: 10000', 'max.poll.interval.ms', /at least session/],
  [
    'receive.message.max.bytes: 4194400',
    'receive.message.max.bytes',
    /at least fetch\.max\.bytes \(4194304\)/,
  ],
  ['group.protocol: consumer, session.timeout.ms: 10000', 'session.timeout.ms', /group\.protocol: consumer/],
  ['group.protocol: consumer, heartbeat.interval.ms: 100', 'heartbeat.interval.ms', /group\.protocol/],
  [
    'group.protocol: consumer, partition.assignment.strategy: range',
    'partition.assignment.strategy',
    /group\.protocol: consumer/,
  ],
  ['reconnect.backoff.ms: 5000, reconnect.backoff.max.ms: 100', 'reconnect.backoff.max.ms', /at least/],
];

const PRODUCER: readonly (readonly [yaml: string, key: string, message: RegExp])[] = [
  ['linger.ms: 9000000', 'linger.ms', /between 0 and 900000/],
  ['queue.buffering.backpressure.threshold: 2', 'queue.buffering.backpressure.threshold', /must be 1/],
  ['acks: 1', 'acks', /enable\.idempotence/],
  ['retries: 0', 'retries', /enable\.idempotence/],
  ['max.in.flight: 6', 'max.in.flight', /at most 5/],
];

test('properties that exclude each other are refused with the line of the one that was set', () => {
  for (const [name, cases] of [
    ['consumer', CONSUMER],
    ['producer', PRODUCER],
  ] as const) {
    for (const [yaml, key, message] of cases) {
      const loaded = load(side(name, yaml));
      const problem = problemOf(loaded, `kafka.${name}.properties.${key}`);
      assert.equal(problem.severity, 'error', yaml);
      assert.match(problem.message, message, yaml);
      assert.equal(problem.line, name === 'consumer' ? 3 : 4, yaml);
      assert.ok(problem.remedy !== null, yaml);
      assert.equal(loaded.config, undefined);
    }
  }
});

test('a long wait for fetches that the socket timeout would cut is a warning', () => {
  const loaded = load(side('consumer', 'fetch.wait.max.ms: 60000'));
  assert.match(
    problemOf(loaded, 'kafka.consumer.properties.fetch.wait.max.ms').message,
    /socket\.timeout\.ms/,
  );
  assert.ok(loaded.config);
});

test('names with control characters are refused, wherever they are given', () => {
  const group = load(MINIMAL.replace('group-id: g', 'group-id: "g\\0x"'));
  assert.match(problemOf(group, 'kafka.consumer.group-id').message, /control character U\+0000/);
  const topic = load(MINIMAL.replace('topics: [in]', 'topics: ["in\\tx"]'));
  assert.match(problemOf(topic, 'kafka.consumer.topics').message, /control character|not a topic name/);
  const pattern = load(MINIMAL.replace('topics: [in]', 'topics: "/in\\0/"'));
  assert.match(problemOf(pattern, 'kafka.consumer.topics').message, /control character U\+0000/);
  const property = load(side('consumer', 'client.rack: "a\\0b"'));
  assert.match(problemOf(property, 'kafka.consumer.properties.client.rack').message, /control character/);
  const instance = load(side('consumer', 'group.instance.id: "a\\nb"'));
  assert.match(
    problemOf(instance, 'kafka.consumer.properties.group.instance.id').message,
    /control character/,
  );
});

test('a web address is refused as a bootstrap server, and one with a password is shown without it', () => {
  for (const server of ['https://host:9092', 'http://host:9092', 'kafka://host:9092']) {
    const problem = problemOf(load(MINIMAL.replace('a:9092', server)), 'kafka.bootstrap-servers');
    assert.match(problem.message, /is not host:port/);
    assert.match(problem.remedy ?? '', /host:9092/);
  }
  assert.ok(load(MINIMAL.replace('a:9092', 'SASL_SSL://host:9092')).config);
  const loaded = load(MINIMAL.replace('a:9092', 'jane:hunter22@host:9092'));
  const problem = problemOf(loaded, 'kafka.bootstrap-servers');
  assert.doesNotMatch(JSON.stringify(loaded.problems), /hunter22/);
  assert.match(problem.message, /user name|user:password/);
});

test(
  'an empty PEM and an empty secret are refused, because librdkafka would understand them ' + 'differently',
  () => {
    const yaml = 'kafka:\n  properties: { security.protocol: SSL, ssl.ca.pem: "" }\n';
    const pem = load(MINIMAL.replace('kafka:\n', yaml));
    assert.match(problemOf(pem, 'kafka.properties.ssl.ca.pem').message, /empty/);
    const secret =
      'kafka:\n  properties: { security.protocol: SASL_SSL, sasl.mechanism: PLAIN, sasl.username: u,\n' +
      '    sasl.password: "${PASSWORD_OF_KAFKA}" }\n';
    const loaded = load(MINIMAL.replace('kafka:\n', secret), { environment: { PASSWORD_OF_KAFKA: '' } });
    assert.match(problemOf(loaded, 'kafka.properties.sasl.password').message, /PASSWORD_OF_KAFKA.*empty/);
  },
);

test('a dotted key beside its section is read, and a key given twice is refused', () => {
  const twice = load(`${MINIMAL}kafka.bootstrap-servers: b:9092\n`);
  const problem = problemOf(twice, 'kafka.bootstrap-servers');
  assert.equal(problem.line, 5);
  assert.match(problem.message, /twice/);
  const once = load(
    'kafka.bootstrap-servers: b:9092\n' + MINIMAL.replace('  bootstrap-servers: a:9092\n', ''),
  );
  assert.deepEqual(once.config?.consumer.bootstrapServers, ['b:9092']);
});

test('an output topic is required only without a transform', () => {
  const without = MINIMAL.replace('  producer: { topic: out }\n', '');
  assert.match(problemOf(load(without), 'kafka.producer.topic').message, /missing/);
  const none = `${without}dispatcher: { transform: none }\n`;
  assert.match(problemOf(load(none), 'kafka.producer.topic').message, /missing/);
  write('sink.mjs', 'export default () => undefined;');
  const { config, problems } = load(
    `${without}dispatcher: { transform: ./sink.mjs, input: { format: raw }, output: { partition: same } }\n`,
  );
  assert.deepEqual(problems, []);
  assert.equal(config?.producer.topic, undefined);
});
