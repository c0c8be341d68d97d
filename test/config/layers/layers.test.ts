import assert from 'node:assert/strict';
import { test } from 'node:test';
import { environmentName, FIELDS } from '../../../src/config/keys/schema.js';
import { loadConfiguration } from '../../../src/config/load.js';
import { directory, load, MINIMAL, problemOf, resolved } from '../support.js';

test(
  'the file wins over defaults, the environment over the file, ' +
    '--set over the environment, options over --set',
  () => {
    const text =
      `${MINIMAL}dispatcher: { threads: 2, concurrency: 2, ` + `batch: { records-max: 2, linger: 2ms } }\n`;
    const environment = {
      KD_DISPATCHER_CONCURRENCY: '3',
      KD_DISPATCHER_BATCH_RECORDS_MAX: '3',
      KD_DISPATCHER_BATCH_LINGER: '3ms',
    };
    const { dispatcher } = resolved(text, {
      environment,
      set: ['dispatcher.batch.records-max=4', 'dispatcher.batch.linger=4ms'],
      options: [{ path: 'dispatcher.batch.linger', text: '5ms', origin: { kind: 'option', option: '-x' } }],
    });
    assert.equal(dispatcher.threads, 2);
    assert.equal(dispatcher.concurrency, 3);
    assert.equal(dispatcher.batch.recordsMax, 4);
    assert.equal(dispatcher.batch.lingerMs, 5);
    assert.equal(dispatcher.timeoutMs, 30_000);
  },
);

test('every key has an environment name of its own', () => {
  const names = FIELDS.map((field) => environmentName(field.path));
  assert.equal(new Set(names).size, names.length);
});

test('an empty environment variable counts as not set', () => {
  assert.equal(
    resolved(MINIMAL, { environment: { KD_DISPATCHER_CONCURRENCY: '' } }).dispatcher.concurrency,
    64,
  );
});

test('booleans in the environment may be written as true and false, yes and no, on and off, 1 and 0', () => {
  for (const [word, meant] of [
    ['0', false],
    ['no', false],
    ['off', false],
    ['FALSE', false],
    ['1', true],
    ['yes', true],
  ] as const) {
    assert.equal(
      resolved(MINIMAL, { environment: { KD_KAFKA_CONSUMER_MISSING_TOPICS_FATAL: word } }).consumer
        .missingTopicsFatal,
      meant,
      word,
    );
  }
  const faulty = load(MINIMAL, { environment: { KD_KAFKA_CONSUMER_MISSING_TOPICS_FATAL: 'maybe' } });
  assert.match(
    problemOf(faulty, 'kafka.consumer.missing-topics-fatal').message,
    /true or false.*KD_KAFKA_CONSUMER_MISSING_TOPICS_FATAL/,
  );
});

test('below properties the rest of a path is one name, in the environment and with --set', () => {
  const config = resolved(`${MINIMAL}`, {
    environment: { KD_KAFKA_PROPERTIES_LOG_LEVEL: '3', KD_KAFKA_CONSUMER_PROPERTIES_FETCH_MIN_BYTES: '7' },
    set: ['kafka.properties.linger.ms=9'],
  });
  assert.equal(config.consumer.properties.get('log_level'), '3');
  assert.equal(config.consumer.properties.get('fetch.min.bytes'), '7');
  assert.equal(config.producer.properties.get('linger.ms'), '9');
});

test('an unknown KD_ variable is a warning with the nearest name; others are left alone', () => {
  const { problems, config } = load(MINIMAL, {
    environment: { KD_DISPATCHER_THREDS: '4', KD_SERVICE_HOST: 'x', PATH: '/bin' },
  });
  assert.ok(config);
  assert.deepEqual(
    problems.map((problem) => [problem.severity, problem.remedy]),
    [['warning', 'did you mean KD_DISPATCHER_THREADS?']],
  );
});

test('options of the transform merge value by value, keep dots and types, and can be set by path', () => {
  const text =
    `${MINIMAL}dispatcher: { options: { limits: { a: 1, b: 2 }, "x.y": [1, two], n: \${N:-5}, ` +
    `quoted: "\${N:-5}" } }\n`;
  const { options } = resolved(text, {
    set: ['dispatcher.options.limits.b=3', 'dispatcher.options.flag=true'],
  }).dispatcher;
  assert.deepEqual(options, { limits: { a: 1, b: 3 }, 'x.y': [1, 'two'], n: 5, quoted: '5', flag: true });
  assert.deepEqual(
    resolved(MINIMAL, { environment: { KD_DISPATCHER_OPTIONS: '{a: 1}' } }).dispatcher.options,
    { a: 1 },
  );
});

test('an option named __proto__ is an ordinary key and pollutes nothing', () => {
  const { options } = resolved(
    `${MINIMAL}dispatcher: { options: { __proto__: { polluted: yes }, constructor: { prototype: { ` +
      `polluted: yes } } } }\n`,
  ).dispatcher;
  assert.equal(Object.hasOwn(options, '__proto__'), true);
  assert.equal('polluted' in {}, false);
});

test('a section without a value is an empty section, and null means not given', () => {
  const config = resolved(`${MINIMAL}dispatcher:\nserver:\nlogging: { level: ~ }\n`);
  assert.equal(config.logging.level.root, 'info');
  assert.equal(config.server, undefined);
});

test('values of another job come between defaults and environment', () => {
  const builtIn = {
    by: 'demo',
    values: {
      'kafka.bootstrap-servers': 'm:1',
      'kafka.consumer.group-id': 'g',
      'kafka.consumer.topics': 'in',
      'kafka.producer.topic': 'out',
      'dispatcher.threads': '1',
    },
  };
  const { config, problems } = loadConfiguration({
    builtIn,
    environment: { KD_DISPATCHER_THREADS: '2' },
    workingDirectory: directory,
  });
  assert.deepEqual(problems, []);
  assert.equal(config?.dispatcher.threads, 2);
  assert.equal(config.name, 'kafka-dispatcher');
});
