import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import fc from 'fast-check';
import { ValueFault } from '../../../src/config/keys/value-fault.js';
import { parseJavaProperties } from '../../../src/config/layers/properties-file.js';
import { bootstrapServers } from '../../../src/config/resolve/bootstrap.js';
import { type ExplainedProperty, explainClient, ours } from '../../../src/config/show/explain.js';
import { formatProblem } from '../../../src/config/text/problem.js';
import { consumerProperties, producerProperties } from '../../../src/kafka/client/client-config.js';
import { type TlsMaterial, tlsMaterial } from '../../support/tls-material.js';
import { directory, load, MINIMAL, problemOf, resolved, write } from '../support.js';

let tls: TlsMaterial;
before(async () => {
  tls = await tlsMaterial();
});

test('the YAML of the older Java dispatcher loads unchanged, also with new keys added', () => {
  const loaded = load(`kafka:
  bootstrap-servers: b-1.example:9094,b-2.example:9094
  properties:
    security.protocol: SSL
    ssl.truststore.location: ${tls.path('ca', 'jks')}
    ssl.truststore.password: ${tls.password}
  consumer:
    group-id: flights
    topics: [flights]
    auto-offset-reset: earliest
    enable-auto-commit: false
    max-poll-records: 500
    missing-topics-fatal: false
    key-deserializer: org.apache.kafka.common.serialization.StringDeserializer
    value-deserializer: org.apache.kafka.common.serialization.StringDeserializer
  producer:
    topic: flights-out
    key-serializer: org.apache.kafka.common.serialization.StringSerializer
dispatcher: { threads: 2 }
`);
  assert.deepEqual(loaded.problems, []);
  const { config } = loaded;
  assert.ok(config);
  assert.equal(config.consumer.missingTopicsFatal, false);
  assert.equal(config.dispatcher.batch.recordsMax, 500);
  assert.match(config.consumer.properties.get('ssl.ca.pem') ?? '', /BEGIN CERTIFICATE/);
  assert.deepEqual(loaded.notes.map(({ key }) => key).sort(), [
    'kafka.consumer.enable-auto-commit',
    'kafka.consumer.key-deserializer',
    'kafka.consumer.value-deserializer',
    'kafka.producer.key-serializer',
  ]);
});

const SPRING = `spring:
  application: { name: orders }
  datasource: { url: "\${NOT_SET_ANYWHERE}" }
  kafka:
    bootstrapServers: "\${app.kafka.servers:one:9092,two:9092}"
    security.protocol: SSL
    ssl:
      trust-store-location: "file:TRUSTSTORE"
      trust-store-password: PASSWORD
    consumer:
      group-id: orders
      auto-offset-reset: latest
      fetch-max-wait: 250ms
      fetch-min-size: 1KB
      heartbeat-interval: PT3S
      isolation-level: READ_COMMITTED
      max-poll-records: 100
      properties: { "max.partition.fetch.bytes": 1048576, spring.json.trusted.packages: "*" }
    producer: { acks: all, batch-size: 64KB, client-id: orders, properties: { linger: { ms: 3 } } }
    template: { default-topic: out }
    listener: { missing-topics-fatal: false, concurrency: 3 }
kafka: { consumer: { topics: [in] } }
management: { endpoints.web.exposure.include: "\${ALSO_NOT_SET}" }
server: { port: 8081, servlet: { context-path: /x } }
logging: { level: { root: WARN, org.apache.kafka: DEBUG }, pattern: { console: "%m" } }
`;

test("Spring's layout is read with its names, units and prefixes; its other sections are skipped", () => {
  const text = SPRING.replace('TRUSTSTORE', tls.path('ca', 'p12')).replace('PASSWORD', tls.password);
  const loaded = load(text, { environment: { APP_KAFKA_SERVERS: 'three:9094' } });
  assert.ok(loaded.config, loaded.problems.map(formatProblem).join('\n'));
  const { config } = loaded;
  assert.deepEqual(loaded.problems, []);
  assert.equal(config.name, 'orders');
  assert.deepEqual(config.producer.bootstrapServers, ['three:9094']);
  assert.equal(config.consumer.groupId, 'orders');
  assert.equal(config.consumer.autoOffsetReset, 'latest');
  assert.equal(config.consumer.missingTopicsFatal, false);
  assert.equal(config.producer.topic, 'out');
  assert.equal(config.logging.level.root, 'warn');
  assert.equal(config.server?.port, 8081);
  const read = config.consumer.properties;
  assert.deepEqual(
    [
      'fetch.wait.max.ms',
      'fetch.min.bytes',
      'heartbeat.interval.ms',
      'isolation.level',
      'max.partition.fetch.bytes',
    ].map((name) => read.get(name)),
    ['250', '1024', '3000', 'read_committed', '1048576'],
  );
  assert.equal(config.producer.properties.get('batch.size'), '65536');
  assert.equal(config.producer.properties.get('linger.ms'), '3');
  assert.match(read.get('ssl.ca.pem') ?? '', /BEGIN CERTIFICATE/);
  assert.deepEqual(config.consumer.origins.get('ssl.ca.pem')?.key, 'spring.kafka.ssl.trust-store-location');
});

test("Spring's dotted keys equal nested ones, and mistakes in them are reported under Spring's names", () => {
  const dotted = `spring.kafka.bootstrap-servers: a:1
spring.kafka.consumer.group-id: g
spring:
  kafka.consumer.properties.fetch.min.bytes: 7
  kafka:
    { template.default-topic: out, producer: { linger: 5 }, consumer: { grup-id: x }, ssl: { bundle: b } }
kafka.consumer.topics: [in]
`;
  const loaded = load(dotted);
  assert.equal(loaded.details.merged.fields.get('kafka.consumer.group-id')?.value, 'g');
  assert.equal(
    loaded.details.merged.properties['kafka.consumer.properties'].get('fetch.min.bytes')?.value,
    '7',
  );
  assert.match(
    problemOf(loaded, 'spring.kafka.producer.linger').remedy ?? '',
    /spring\.kafka\.producer\.properties\.linger\.ms/,
  );
  assert.equal(
    problemOf(loaded, 'spring.kafka.consumer.grup-id').remedy,
    'did you mean spring.kafka.consumer.group-id?',
  );
  assert.match(problemOf(loaded, 'spring.kafka.ssl.bundle').remedy ?? '', /trust-store-location/);
  const contradiction = load(`${dotted.replace(/ {2}kafka: .*\n/, '')}kafka.consumer.group-id: other\n`);
  assert.ok(contradiction.problems.some(({ message }) => /differs from/.test(message)));
});

test("a file that is not in Spring's layout is checked against kd's keys as before", () => {
  assert.equal(problemOf(load(`${MINIMAL}management: { x: 1 }\n`), 'management').severity, 'error');
  assert.equal(problemOf(load(`${MINIMAL}spring: { datasource: x }\n`), 'spring').severity, 'error');
});

test(
  "the configuration's own properties override a properties file, " + 'whose problems name its own lines',
  () => {
    mkdirSync(join(directory, 'conf'), { recursive: true });
    write('conf/ca.pem', tls.pem('ca').certificate);
    write(
      'conf/client.properties',
      '# comment\nsecurity.protocol=SSL\nssl.truststore.location=ca.pem\n' +
        'fetch.max.wait.ms=1\nclient.id=shared\nlinger.ms=1\n',
    );
    const text = MINIMAL.replace(
      'kafka:\n',
      'kafka:\n  properties-file: conf/client.properties\n  properties: { fetch.wait.max.ms: 2 }\n',
    );
    const config = resolved(text);
    assert.equal(config.name, 'shared');
    assert.equal(config.consumer.properties.get('fetch.wait.max.ms'), '2');
    assert.equal(config.producer.properties.get('linger.ms'), '1');
    assert.equal(config.producer.origins.get('linger.ms')?.place, 'conf/client.properties:6:1');
    assert.match(config.consumer.properties.get('ssl.ca.pem') ?? '', /BEGIN CERTIFICATE/);
    for (const name of ['conf/client.properties', 'conf/ca.pem', 'kd.yml'])
      assert.ok(config.consumer.watchedFiles.includes(join(directory, name)), name);
    write('conf/client.properties', '\n\nbootstrap.servers=other:1\nmetric.reporter=x\n');
    const faulty = load(text);
    const unknown = problemOf(faulty, 'metric.reporter');
    assert.deepEqual(
      [unknown.file, unknown.line, unknown.remedy],
      ['conf/client.properties', 4, 'did you mean metric.reporters?'],
    );
    assert.match(
      load(text.replace('client.properties', 'nowhere.properties')).problems[0]?.message ?? '',
      /does not exist/,
    );
  },
);

test(
  'a key in the configuration wins over the ' + 'properties file, with a note that names both places',
  () => {
    write('over.properties', 'bootstrap.servers=other:1\ngroup.id=g\nclient.id=shared\n');
    const text = MINIMAL.replace('kafka:\n', 'kafka:\n  properties-file: over.properties\n');
    const loaded = load(text);
    assert.deepEqual(loaded.problems, []);
    assert.deepEqual(loaded.config?.consumer.bootstrapServers, ['a:9092']);
    assert.equal(loaded.config.name, 'shared');
    const message = 'kafka.bootstrap-servers at kd.yml:3:22 is used instead';
    assert.deepEqual(loaded.notes, [{ key: 'bootstrap.servers', place: 'over.properties:1:1', message }]);
    assert.deepEqual(load(text.replace('a:9092', '[other:1]')).notes, []);
    const named = load(
      text.replace('  bootstrap-servers: a:9092', '  properties: { bootstrap.servers: a:9092 }'),
    );
    assert.deepEqual(named.config?.producer.bootstrapServers, ['a:9092']);
    assert.match(named.notes[0]?.message ?? '', /^kafka\.properties\.bootstrap\.servers at kd\.yml:3:/);
    // In one place two different values are an error.
    const twice = load(
      text.replace(
        '  bootstrap-servers: a:9092',
        '  bootstrap-servers: a:9092\n  properties: { bootstrap.servers: b:1 }',
      ),
    );
    assert.equal(problemOf(twice, 'kafka.properties.bootstrap.servers').severity, 'error');
  },
);

test('an explanation says where servers, group and name were written, also when under a Java name', () => {
  write('named.properties', '\nbootstrap.servers=x:1\ngroup.id=gg\nclient.id=me\n');
  const rowsOf = (text: string): Map<string, ExplainedProperty> => {
    const loaded = load(text);
    assert.ok(loaded.config, JSON.stringify(loaded.problems));
    return new Map(explainClient('consumer', loaded.config, loaded).map((row) => [row.name, row]));
  };
  const place = (row: ExplainedProperty | undefined): unknown => [row?.value, row?.origin, row?.key];
  const rest = '  consumer: { topics: [in] }\n  producer: { topic: out }\n';
  const rows = rowsOf(`kafka:\n  properties-file: named.properties\n${rest}`);
  assert.deepEqual(place(rows.get('bootstrap.servers')), [
    'x:1',
    'named.properties:2:1',
    'bootstrap.servers',
  ]);
  assert.deepEqual(place(rows.get('group.id')), ['gg', 'named.properties:3:1', 'group.id']);
  assert.deepEqual(place(rows.get('client.id')), ['me', 'named.properties:4:1', 'client.id']);
  assert.equal(rows.get('group.id')?.explanation, 'kafka.consumer.group-id');
  const section = rowsOf(`kafka:\n  properties: { bootstrap.servers: y:1, group.id: gs }\n${rest}`);
  assert.deepEqual(place(section.get('group.id')), ['gs', 'kd.yml:2:51', 'kafka.properties.group.id']);
  const own = rowsOf(MINIMAL);
  assert.deepEqual(place(own.get('bootstrap.servers')), ['a:9092', 'kd.yml:2:22', 'kafka.bootstrap-servers']);
  assert.deepEqual(place(own.get('auto.commit.interval.ms')), ['1000', 'ours', null]);
});

test('a properties file may be in ISO 8859-1, as Java reads it, or in UTF-8', () => {
  const text = MINIMAL.replace('kafka:\n', 'kafka:\n  properties-file: conf/latin.properties\n');
  const lines =
    'security.protocol=SASL_SSL\nsasl.mechanism=PLAIN\nsasl.username=me\nsasl.password=p\u00e4ss\n';
  for (const encoding of ['latin1', 'utf8'] as const) {
    mkdirSync(join(directory, 'conf'), { recursive: true });
    write('conf/latin.properties', Buffer.from(lines, encoding));
    assert.equal(resolved(text).consumer.properties.get('sasl.password'), 'p\u00e4ss', encoding);
  }
});

test('any name and value that Java writes to a properties file is read back', () => {
  const escape = (value: string): string =>
    [...value]
      .map((char) =>
        /^[\w.-]$/.test(char)
          ? char
          : [...char].length === 1 && char.length === 1
            ? `\\u${char.charCodeAt(0).toString(16).padStart(4, '0')}`
            : char,
      )
      .join('');
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.string({ minLength: 1 }), fc.string()), { maxLength: 5 }),
      fc.constantFrom('=', ':', ' = ', '\t'),
      (pairs, separator) => {
        const text = pairs.map(([name, value]) => `${escape(name)}${separator}${escape(value)}`).join('\n');
        assert.deepEqual(
          parseJavaProperties(text).map(({ name, value }) => [name, value]),
          pairs,
        );
      },
    ),
  );
});

const MSK = {
  BootstrapBrokerString:
    'b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9092,b-2.c.x.c2.kafka.eu-west-1.amazonaws.com:9092',
  BootstrapBrokerStringTls: 'b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9094',
  BootstrapBrokerStringSaslScram: 'b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9096',
  BootstrapBrokerStringSaslIam: 'b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9098',
};
const PRINTED: Readonly<Record<string, string>> = {
  json: JSON.stringify(MSK, null, 4),
  yaml: Object.entries(MSK)
    .map(([name, value]) => `${name}: ${value}`)
    .join('\n'),
  table: `---\n|  GetBootstrapBrokers  |\n+---+\n${Object.entries(MSK)
    .map(([name, value]) => `||  ${name}  |  ${value}  ||`)
    .join('\n')}\n+---+`,
  text: Object.values(MSK).join('\t'),
};

test(
  'from the output of aws kafka get-bootstrap-brokers the listener is chosen that fits protocol ' +
    'and mechanism',
  () => {
    for (const [form, text] of Object.entries(PRINTED)) {
      const port = (properties: Record<string, string>): string =>
        bootstrapServers(text, new Map(Object.entries(properties)))[0]?.split(':')[1] ?? '';
      assert.equal(port({ 'security.protocol': 'plaintext' }), '9092', form);
      assert.equal(port({ 'security.protocol': 'SSL' }), '9094', form);
      assert.equal(
        port({ 'security.protocol': 'SASL_SSL', 'sasl.mechanisms': 'SCRAM-SHA-512' }),
        '9096',
        form,
      );
      assert.equal(port({ 'security.protocol': 'SASL_SSL', 'sasl.mechanisms': 'OAUTHBEARER' }), '9098', form);
      for (const properties of [{}, { 'security.protocol': 'SASL_SSL', 'sasl.mechanisms': 'PLAIN' }])
        assert.throws(() => port(properties), ValueFault, form);
    }
    assert.deepEqual(bootstrapServers(MSK.BootstrapBrokerString, new Map()).length, 2);
    assert.deepEqual(bootstrapServers('a:9092 b:9094', new Map()), ['a:9092', 'b:9094']);
    assert.throws(() => bootstrapServers('{}', new Map()), ValueFault);
  },
);

test('an MSK port that does not fit the protocol is a warning', () => {
  const warning = (servers: string, protocol: string): string =>
    load(
      MINIMAL.replace('a:9092', JSON.stringify(servers)).replace(
        'kafka:\n',
        `kafka:\n  properties: { security.protocol: ${protocol} }\n`,
      ),
    )
      .problems.map(({ message }) => message)
      .join();
  assert.match(
    warning('b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9094', 'PLAINTEXT'),
    /security\.protocol: SSL/,
  );
  assert.match(warning('b-1.c.x.c2.kafka.eu-west-1.amazonaws.com:9092', 'SSL'), /PLAINTEXT/);
  assert.match(warning('b-1.example:9098', 'PLAINTEXT'), /AWS_MSK_IAM/);
  for (const servers of ['127.0.0.1:9094', 'localhost:9094', 'kafka:9094', '[::1]:9094'])
    assert.equal(warning(servers, 'PLAINTEXT'), '');
  assert.equal(warning('b-1.example:9092', 'SSL'), '');
});

test('the properties shown as set by kd are those that the Kafka adapter sets', () => {
  const config = resolved(MINIMAL);
  const identity = { pluginPath: '/plugin', handleId: 1 };
  const common = { clientId: config.name, cluster: config.consumer };
  const read = consumerProperties(identity, {
    ...common,
    groupId: 'g',
    commitIntervalMs: config.dispatcher.commitIntervalMs,
    statisticsIntervalMs: 0,
  });
  const produced = producerProperties(identity, { ...common, queueBytesMax: 1 });
  for (const [name, value] of ours('consumer', config)) assert.equal(String(read[name]), value, name);
  for (const [name, value] of ours('producer', config)) assert.equal(String(produced[name]), value, name);
});
