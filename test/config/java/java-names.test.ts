import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { JAVA_NAMES, JAVA_ROWS, javaRow } from '../../../src/config/java/java-table.js';
import { FIELD_BY_PATH } from '../../../src/config/keys/schema.js';
import { LIBRDKAFKA_NAMES } from '../../../src/kafka/properties/names.js';
import { load, MINIMAL, problemOf, resolved } from '../support.js';

const shared = (yaml: string): string =>
  MINIMAL.replace('kafka:\n', `kafka:\n  properties:\n${indented(yaml, 4)}\n`);
const consumer = (yaml: string): string =>
  MINIMAL.replace('topics: [in]', `topics: [in], properties: { ${yaml} }`);
const producer = (yaml: string): string =>
  MINIMAL.replace('topic: out', `topic: out, properties: { ${yaml} }`);

function indented(yaml: string, columns: number): string {
  return yaml
    .split('\n')
    .map((line) => ' '.repeat(columns) + line)
    .join('\n');
}

test("every name of the Java clients' configuration is in the table", () => {
  const file = fileURLToPath(new URL('../../../../test/config/java-config-names.txt', import.meta.url));
  const names = readFileSync(file, 'utf8')
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'));
  assert.ok(names.length > 130);
  assert.deepEqual(
    names.filter((name) => javaRow(name) === undefined),
    [],
  );
});

test('every row has a valid target and a reason', () => {
  assert.equal(new Set(JAVA_NAMES).size, JAVA_ROWS.length);
  for (const [name, , outcome, doc] of JAVA_ROWS) {
    assert.ok(doc.length > 5, name);
    if (outcome.kind === 'property') {
      for (const target of [outcome.name, outcome.consumerName, outcome.also])
        if (target !== undefined) assert.ok(LIBRDKAFKA_NAMES.includes(target), `${name} → ${target}`);
    } else if (outcome.kind === 'key') {
      for (const path of [outcome.path, outcome.consumerPath, outcome.producerPath])
        if (path !== undefined) assert.ok(FIELD_BY_PATH.has(path), `${name} → ${path}`);
    }
  }
});

test("Java's largest numbers, which mean that there is no limit, become librdkafka's largest", () => {
  const { consumer, producer, dispatcher } = resolved(
    shared(`fetch.max.bytes: 2147483647
max.partition.fetch.bytes: 2147483647
fetch.max.wait.ms: 2147483647
max.poll.interval.ms: 2147483647
max.poll.records: 2147483647
max.request.size: 2147483647
delivery.timeout.ms: 2147483647
request.timeout.ms: 2147483647
connections.max.idle.ms: 9223372036854775807
metadata.max.age.ms: 9223372036854775807`),
  );
  const of = (name: string): string | undefined => consumer.properties.get(name);
  assert.equal(of('fetch.max.bytes'), '2147483135');
  assert.equal(of('max.partition.fetch.bytes'), '1000000000');
  assert.equal(of('fetch.wait.max.ms'), '300000');
  assert.equal(of('max.poll.interval.ms'), '86400000');
  assert.equal(of('connections.max.idle.ms'), '2147483647');
  assert.equal(of('topic.metadata.refresh.interval.ms'), '2147483');
  assert.equal(producer.properties.get('message.max.bytes'), '1000000000');
  assert.equal(dispatcher.batch.recordsMax, 200_000);
  assert.equal(dispatcher.stallTimeoutMs, 86_400_000);
});

test('of two limits that librdkafka wants in order, the one that is not set follows the other', () => {
  const of = (yaml: string, name: string): string | undefined =>
    resolved(shared(yaml)).consumer.properties.get(name);
  assert.equal(of('max.poll.interval.ms: 30000', 'session.timeout.ms'), '30000');
  assert.equal(of('max.poll.interval.ms: 60000', 'session.timeout.ms'), undefined);
  assert.equal(of('max.poll.interval.ms: 30000\ngroup.protocol: consumer', 'session.timeout.ms'), undefined);
  assert.equal(of('max.poll.interval.ms: 30000\nsession.timeout.ms: 20000', 'session.timeout.ms'), '20000');
  assert.equal(of('reconnect.backoff.max.ms: 50', 'reconnect.backoff.ms'), '50');
  assert.equal(of('reconnect.backoff.ms: 20000', 'reconnect.backoff.max.ms'), '20000');
});

test('names and values of Java become those of librdkafka', () => {
  const config = resolved(
    shared(`security.protocol: SSL
fetch.max.wait.ms: 400
buffer.memory: 1048576
max.request.size: 2000000
send.buffer.bytes: -1
connections.max.idle.ms: -1
metadata.max.age.ms: 60000
request.timeout.ms: 305000
partition.assignment.strategy: org.apache.kafka.clients.consumer.RangeAssignor
compression.type: zstd
compression.zstd.level: 3
compression.gzip.level: 9
batch.size: 0
acks: all
retries: 2147483647
exclude.internal.topics: true
ssl.endpoint.identification.algorithm: HTTPS`),
  );
  const read = Object.fromEntries(config.consumer.properties);
  const write = Object.fromEntries(config.producer.properties);
  assert.equal(read['fetch.wait.max.ms'], '400');
  assert.equal(read['socket.timeout.ms'], '300000');
  assert.equal(read['request.timeout.ms'], undefined);
  assert.equal(read['partition.assignment.strategy'], 'range');
  assert.equal(read['topic.metadata.refresh.interval.ms'], '60000');
  assert.match(read['topic.blacklist'] ?? '', /__consumer_offsets/);
  assert.equal(read['queue.buffering.max.kbytes'], undefined);
  assert.equal(write['queue.buffering.max.kbytes'], '1024');
  assert.equal(write['message.max.bytes'], '2000000');
  assert.equal(write['request.timeout.ms'], '305000'.replace('305000', '300000'));
  assert.equal(write['socket.send.buffer.bytes'], '0');
  assert.equal(write['connections.max.idle.ms'], '0');
  assert.equal(write['compression.level'], '3');
  assert.equal(write['batch.size'], '1');
  assert.equal(write['ssl.endpoint.identification.algorithm'], 'https');
  assert.equal(write['ssl.ca.location'], 'probe');
});

test('every property that librdkafka gets has an origin, with the key and the place that was written', () => {
  const config = resolved(shared('fetch.max.wait.ms: 400'));
  for (const side of ['consumer', 'producer'] as const)
    assert.deepEqual(
      [...config[side].origins.keys()].sort(),
      ['bootstrap.servers', ...config[side].properties.keys()].sort(),
    );
  assert.equal(config.producer.origins.get('bootstrap.servers')?.key, 'kafka.bootstrap-servers');
  assert.match(config.producer.origins.get('bootstrap.servers')?.place ?? '', /^kd\.yml:\d+:\d+$/);
  assert.deepEqual(config.consumer.origins.get('fetch.wait.max.ms'), {
    key: 'kafka.properties.fetch.max.wait.ms',
    place: 'kd.yml:3:24',
    note: 'from fetch.max.wait.ms',
  });
  assert.equal(config.consumer.origins.get('fetch.min.bytes')?.place, '');
  assert.match(config.consumer.origins.get('fetch.min.bytes')?.note ?? '', /^default: /);
});

test('Java names of a kd key set that key where it is not set', () => {
  const text = `kafka:
  properties:
    bootstrap.servers: a:1,b:2
    group.id: g
    client.id: job-7
    auto.offset.reset: LATEST
    max.poll.records: 250
    auto.commit.interval.ms: 2000
    delivery.timeout.ms: 120000
    partitioner.class: org.apache.kafka.clients.producer.internals.DefaultPartitioner
  consumer: { topics: [in] }
  producer: { topic: out }
`;
  const config = resolved(text);
  assert.deepEqual(config.consumer.bootstrapServers, ['a:1', 'b:2']);
  assert.equal(config.consumer.groupId, 'g');
  assert.equal(config.name, 'job-7');
  assert.equal(config.consumer.autoOffsetReset, 'latest');
  assert.equal(config.dispatcher.batch.recordsMax, 250);
  assert.equal(config.dispatcher.commitIntervalMs, 2_000);
  assert.equal(config.dispatcher.stallTimeoutMs, 120_000);
  assert.equal(config.dispatcher.output.partition, 'key');
  for (const name of ['group.id', 'client.id', 'bootstrap.servers', 'auto.offset.reset'])
    assert.ok(!config.consumer.properties.has(name), name);
});

test('a kd key and a Java name with different values in one place are refused; a later layer wins', () => {
  const text = shared('group.id: other');
  assert.match(problemOf(load(text), 'kafka.properties.group.id').message, /kafka\.consumer\.group-id/);
  assert.deepEqual(load(shared('group.id: g')).problems, []);
  assert.equal(resolved(MINIMAL, { set: ['kafka.properties.group.id=mine'] }).consumer.groupId, 'mine');
  assert.equal(
    resolved(MINIMAL.replace('group-id: g, ', ''), { environment: { KD_KAFKA_PROPERTIES_GROUP_ID: 'env' } })
      .consumer.groupId,
    'env',
  );
  assert.equal(
    resolved(shared('fetch.max.wait.ms: 1'), {
      set: ['kafka.properties.fetch.wait.max.ms=7'],
    }).consumer.properties.get('fetch.wait.max.ms'),
    '7',
  );
});

test('a name without a counterpart is left out with one note when its value asks for nothing', () => {
  const loaded = load(
    shared(
      'key.serializer: x.Y\nmetric.reporters: ""\nspring.json.trusted.packages: "*"\nenable.auto.commit: ' +
        'false\ncheck.crcs: true',
    ),
  );
  assert.deepEqual(loaded.problems, []);
  assert.deepEqual(
    loaded.notes.map(({ key, place }) => [key.replace('kafka.properties.', ''), place.split(':')[1]]),
    [
      ['key.serializer', '3'],
      ['metric.reporters', '4'],
      ['spring.json.trusted.packages', '5'],
      ['enable.auto.commit', '6'],
      ['check.crcs', '7'],
    ],
  );
});

test(
  'a name that is not supported is an error with its line and remedy, reported once for both ' + 'clients',
  () => {
    for (const [yaml, message, remedy] of [
      ['interceptor.classes: com.example.Spy', /is not supported/, /leave it out/],
      ['transactional.id: t', /exactly-once/, /dispatcher\.delivery|leave/],
      ['schema.registry.url: http://r', /registry/, /dispatcher\.input\.schema/],
      ['enable.auto.commit: true', /settled records/, /remove/],
      ['sasl.login.class: x.Y', /Java classes/, /leave it out/],
      ['ssl.engine.factory.class: x.Y', /Java classes/, /leave it out/],
      ['ssl.provider: BCFIPS', /OpenSSL/, /ssl\.providers/],
      ['auto.offset.reset: by_duration:PT1H', /by_duration/, /earliest/],
      [
        'partition.assignment.strategy: org.apache.kafka.clients.consumer.StickyAssignor',
        /StickyAssignor/,
        /cooperative-sticky/,
      ],
      ['partition.assignment.strategy: range,cooperative-sticky', /mixes/, /cooperative-sticky/],
      ['partitioner.class: com.example.Mine', /Mine/, /dispatcher\.output\.partition/],
      ['send.buffer.bytes: many', /whole number/, /./],
      ['sasl.oauthbearer.header.urlencode: true', /encode/, /leave/],
    ] as const) {
      const { config, problems } = load(shared(yaml));
      assert.equal(config, undefined, yaml);
      const [problem, ...others] = problems;
      assert.deepEqual(others, []);
      assert.equal(problem?.line, 3, yaml);
      assert.match(problem.message, message, yaml);
      assert.match(problem.remedy ?? 'none', remedy, yaml);
    }
  },
);

test("a property of the other client is skipped in the shared map, and refused in a client's own map", () => {
  assert.deepEqual(load(shared('fetch.max.wait.ms: 1\nbuffer.memory: 1024')).problems, []);
  assert.match(
    problemOf(load(producer('fetch.max.wait.ms: 1')), 'kafka.producer.properties.fetch.max.wait.ms').remedy ??
      '',
    /kafka\.consumer/,
  );
  assert.match(
    problemOf(load(consumer('buffer.memory: 1')), 'kafka.consumer.properties.buffer.memory').remedy ?? '',
    /kafka\.producer/,
  );
  assert.match(
    problemOf(load(producer('group.id: x')), 'kafka.producer.properties.group.id').message,
    /no effect/,
  );
});

test(
  'two names of one property are refused in one place, also across Java and librdkafka, and ' +
    'override each other across places',
  () => {
    assert.match(
      load(shared('fetch.max.wait.ms: 1\nfetch.wait.max.ms: 2')).problems[0]?.message ?? '',
      /same property/,
    );
    const config = resolved(
      shared('fetch.wait.max.ms: 1').replace(
        'topics: [in]',
        'topics: [in], properties: { fetch.max.wait.ms: 2 }',
      ),
    );
    assert.equal(config.consumer.properties.get('fetch.wait.max.ms'), '2');
  },
);

test('retries and acks that idempotence does not allow are refused before librdkafka refuses them', () => {
  assert.match(load(shared('acks: 1')).problems[0]?.message ?? '', /idempotence/);
  assert.match(load(shared('retries: 0')).problems[0]?.message ?? '', /idempotence/);
});
