import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { test } from 'node:test';
import { consumerDefaults, producerDefaults, withDefaults } from '../../src/kafka/properties/defaults.js';
import { canonicalName, LIBRDKAFKA_NAMES, valueFault } from '../../src/kafka/properties/names.js';
import { ownedProperties } from '../../src/kafka/properties/owned.js';
import { directory, load, MINIMAL, problemOf, resolved, write } from './support.js';

const properties = (yaml: string): string =>
  MINIMAL.replace('kafka:\n', `kafka:\n  properties: { ${yaml} }\n`);

test('dotted and nested names are the same, and numbers and booleans become text', () => {
  write('ca.pem', 'x');
  const config = resolved(
    properties(
      'ssl: { ca: { location: ./ca.pem }, ca.certificate.stores: Root }, linger.ms: 5, ' +
        'socket.keepalive.enable: true',
    ),
  );
  assert.equal(config.consumer.properties.get('ssl.ca.location'), join(directory, 'ca.pem'));
  assert.equal(config.consumer.properties.get('ssl.ca.certificate.stores'), 'Root');
  assert.equal(config.producer.properties.get('linger.ms'), '5');
  assert.equal(config.producer.properties.get('socket.keepalive.enable'), 'true');
  assert.match(
    problemOf(
      load(properties('security.protocol: SSL, ssl: { ca.location: probe }, ssl.ca: { location: probe }')),
      'kafka.properties.ssl.ca.location',
    ).message,
    /twice/,
  );
});

test('every property that kd owns is refused with its reason', () => {
  for (const [name, { reason, instead }] of ownedProperties) {
    const { config, problems } = load(properties(`"${name}": x`));
    assert.equal(config, undefined, name);
    assert.ok(problems[0]?.message.includes(reason), name);
    if (instead !== undefined)
      assert.match(problems[0]?.remedy ?? '', new RegExp(instead.replaceAll('.', '\\.')));
  }
  for (const name of [
    'enable.auto.commit',
    'enable.auto.offset.store',
    'delivery.report.only.error',
    'plugin.library.paths',
    'enable.partition.eof',
    'message.timeout.ms',
  ]) {
    assert.ok(ownedProperties.has(name), name);
  }
  assert.match(load(properties('rebalance_cb: x')).problems[0]?.message ?? '', /callback/);
});

test('unknown names get the nearest name of librdkafka or Java', () => {
  assert.equal(
    problemOf(load(properties('lingr.ms: 5')), 'kafka.properties.lingr.ms').remedy,
    'did you mean linger.ms?',
  );
  assert.equal(
    problemOf(load(properties('ssl.trustore.location: x')), 'kafka.properties.ssl.trustore.location').remedy,
    'did you mean ssl.truststore.location?',
  );
});

test("values are checked against librdkafka's types and ranges", () => {
  for (const [name, value] of [
    ['linger.ms', '5.5'],
    ['acks', 'ALL'],
    ['acks', '-1'],
    ['security.protocol', 'SASL_SSL'],
    ['enable.idempotence', 'TRUE'],
    ['session.timeout.ms', '6000'],
    ['debug', 'broker,topic'],
  ] as const) {
    assert.equal(valueFault(name, value), undefined, `${name}=${value}`);
  }
  for (const [name, value] of [
    ['linger.ms', 'x'],
    ['acks', 'most'],
    ['security.protocol', 'TLS'],
    ['enable.idempotence', 'maybe'],
    ['session.timeout.ms', '0'],
    ['session.timeout.ms', '6s'],
    // In range for librdkafka, which then overflows 32 bits of microseconds.
    ['session.timeout.ms', '2147484'],
    ['topic.metadata.refresh.interval.ms', '3600000'],
    ['metadata.max.age.ms', '2147484'],
  ] as const) {
    assert.ok(valueFault(name, value), `${name}=${value}`);
  }
});

test("a rare refresh of metadata does not overflow librdkafka's age of metadata, three times as long", () => {
  const ageOf = (user: readonly (readonly [string, string])[]): string | undefined =>
    withDefaults(consumerDefaults, new Map(user)).get('metadata.max.age.ms');
  assert.equal(ageOf([['topic.metadata.refresh.interval.ms', '715827']]), undefined);
  assert.equal(ageOf([['topic.metadata.refresh.interval.ms', '715828']]), '2147483');
  assert.equal(
    ageOf([
      ['topic.metadata.refresh.interval.ms', '900000'],
      ['metadata.max.age.ms', '1000000'],
    ]),
    '1000000',
  );
  assert.equal(
    resolved(properties('metadata.max.age.ms: 86400001')).consumer.properties.get('metadata.max.age.ms'),
    '2147483',
  );
});

test('a negative number that Java refuses is refused, not raised to the smallest of librdkafka', () => {
  for (const [name, value] of [
    ['fetch.min.bytes', '-1'],
    ['fetch.max.bytes', '-1'],
    ['max.poll.records', '0'],
    ['max.poll.interval.ms', '0'],
    ['metadata.max.age.ms', '-1'],
    ['auto.commit.interval.ms', '-1'],
    ['delivery.timeout.ms', '-1'],
    ['retry.backoff.ms', '-7'],
    ['batch.size', '-7'],
    ['buffer.memory', '-7'],
    ['send.buffer.bytes', '-2'],
    ['request.timeout.ms', '-1'],
  ] as const) {
    const [problem] = load(properties(`${name}: ${value}`)).problems;
    assert.equal(problem?.severity, 'error', name);
    assert.match(problem.message, new RegExp(`"${value}" must be at least (-1|0|1)`), name);
    assert.ok(problem.remedy, name);
  }
  assert.ok(load(properties('connections.max.idle.ms: -1, fetch.min.bytes: 0, batch.size: 0')).config);
});

test("a property of the other kind of client is refused in a client's own map", () => {
  const loaded = load(MINIMAL.replace('topics: [in]', 'topics: [in], properties: { linger.ms: 5 }'));
  assert.match(
    problemOf(loaded, 'kafka.consumer.properties.linger.ms').remedy ?? '',
    /kafka\.producer\.properties/,
  );
});

test(
  "two names of one property are refused in one place, and a client's own name replaces the " +
    'alias in the shared map',
  () => {
    assert.match(
      load(properties('linger.ms: 1, queue.buffering.max.ms: 2')).problems[0]?.message ?? '',
      /same property/,
    );
    const config = resolved(
      properties('linger.ms: 1').replace(
        'topic: out',
        'topic: out, properties: { queue.buffering.max.ms: 2 }',
      ),
    );
    assert.equal(config.producer.properties.get('queue.buffering.max.ms'), '2');
    assert.equal(config.producer.properties.has('linger.ms'), false);
  },
);

test('the requirements of idempotence are checked while the configuration is read', () => {
  assert.match(problemOf(load(properties('acks: 1')), 'kafka.properties.acks').message, /idempotence/);
  assert.match(
    problemOf(load(properties('max.in.flight: 6')), 'kafka.properties.max.in.flight').message,
    /idempotence/,
  );
  const off = load(properties('acks: 1, enable.idempotence: false'));
  assert.ok(off.config);
  assert.deepEqual(
    off.problems.map((problem) => problem.severity),
    ['warning', 'warning'],
  );
});

test('the value of the user replaces a default, under any alias', () => {
  assert.equal(
    withDefaults(producerDefaults, new Map([['queue.buffering.max.ms', '1']])).has('linger.ms'),
    false,
  );
  assert.equal(
    withDefaults(consumerDefaults, new Map([['group.protocol', 'consumer']])).has(
      'partition.assignment.strategy',
    ),
    false,
  );
  assert.equal(
    withDefaults(consumerDefaults, new Map([['fetch.min.bytes', '9']])).get('fetch.min.bytes'),
    '9',
  );
});

test('clients that log in with tokens reconnect more slowly, as MSK limits new connections of IAM', () => {
  const backoffMs = (user: readonly (readonly [string, string])[]): string | undefined =>
    withDefaults(consumerDefaults, new Map(user)).get('reconnect.backoff.ms');
  assert.equal(backoffMs([]), '250');
  assert.equal(backoffMs([['sasl.mechanisms', 'SCRAM-SHA-512']]), '250');
  assert.equal(backoffMs([['sasl.mechanism', 'OAUTHBEARER']]), '1000');
  assert.equal(
    backoffMs([
      ['sasl.mechanisms', 'OAUTHBEARER'],
      ['reconnect.backoff.ms', '80'],
    ]),
    '80',
  );
  const iam = resolved(
    properties('security.protocol: SASL_SSL, sasl.mechanism: AWS_MSK_IAM').replace(
      'a:9092',
      'b-1.x.y.c2.kafka.eu-west-1.amazonaws.com:9098',
    ),
  );
  assert.equal(iam.consumer.properties.get('reconnect.backoff.ms'), '1000');
});

test("the resolved configuration has the user's values over the defaults", () => {
  const config = resolved(properties('fetch.wait.max.ms: 9'));
  assert.equal(config.consumer.properties.get('fetch.wait.max.ms'), '9');
  assert.equal(config.consumer.properties.get('fetch.queue.backoff.ms'), '5');
  assert.equal(config.producer.properties.get('enable.idempotence'), 'true');
});

test("kd's own defaults pass the checks for users' values, and none is a property that kd owns", () => {
  for (const [name, value] of [...consumerDefaults, ...producerDefaults]) {
    assert.equal(valueFault(name, value), undefined, name);
    assert.ok(LIBRDKAFKA_NAMES.includes(name), name);
    assert.equal(ownedProperties.has(name), false, name);
  }
});

test('the table of names matches the librdkafka that node-rdkafka ships', () => {
  const home = dirname(createRequire(import.meta.url).resolve('node-rdkafka/package.json'));
  const text = readFileSync(join(home, 'deps/librdkafka/CONFIGURATION.md'), 'utf8');
  const documented = new Set([...text.matchAll(/^([a-z][a-z0-9_.]+) +\|/gm)].map((match) => match[1]));
  for (const name of LIBRDKAFKA_NAMES) assert.ok(documented.has(name), name);
  for (const name of documented)
    assert.ok(
      name === undefined ||
        LIBRDKAFKA_NAMES.includes(name) ||
        /_cb$|opaque|^ssl_|interceptors|default_topic_conf|msg_order_cmp|verify_cb/.test(name),
      name,
    );
  assert.equal(canonicalName('acks'), 'request.required.acks');
});
