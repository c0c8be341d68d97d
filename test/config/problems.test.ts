import assert from 'node:assert/strict';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { directory, load, MINIMAL, problemOf, write } from './support.js';

test('every problem is reported at once, each with its file, line, column, key and remedy', () => {
  const loaded = load(`kafka:
  bootstrap-servers: a:9092
  consumer:
    group-id: g
    topics: [in]
    auto-offset-reset: earlyest
  producer: { topic: out }
dispatcher:
  workers: 4
  timeout: 30
  batch: { bytes-max: tiny }
`);
  assert.equal(loaded.config, undefined);
  assert.deepEqual(
    loaded.problems.map(({ file, line, column, key }) => [file, line, column, key]),
    [
      ['kd.yml', 6, 24, 'kafka.consumer.auto-offset-reset'],
      ['kd.yml', 9, 3, 'dispatcher.workers'],
      ['kd.yml', 10, 12, 'dispatcher.timeout'],
      ['kd.yml', 11, 23, 'dispatcher.batch.bytes-max'],
    ],
  );
  for (const problem of loaded.problems) assert.ok(problem.remedy, problem.message);
});

test('an unknown key is reported with the nearest key, by spelling, by meaning and by place', () => {
  const cases: readonly (readonly [string, string])[] = [
    ['dispatcher: { thread: 4 }', 'dispatcher.threads'],
    ['dispatcher: { dlq: x }', 'dispatcher.dead-letter.topic'],
    ['dispatcher: { workers: 4 }', 'dispatcher.threads'],
    ['dispatcher: { max-records: 4 }', 'dispatcher.batch.records-max'],
    ['dispatcher: { batch: { recordsMax: 4 } }', 'dispatcher.batch.records-max'],
    ['dispatcher: { batch: { records_max: 4 } }', 'dispatcher.batch.records-max'],
    ['dispatcher: { processor: ./x.ts }', 'dispatcher.transform'],
    ['brokers: x', 'kafka.bootstrap-servers'],
    ['group-id: x', 'kafka.consumer.group-id'],
    ['loggin: { level: info }', 'logging'],
    ['server: { host: x }', 'server.address'],
    ['dispatcher: { dead-letter: { name: x } }', 'dispatcher.dead-letter.topic'],
    ['dispatcher: { in-flight: { max-records: 4 } }', 'dispatcher.in-flight.records-max'],
    ['dispatcher: { batch: { size: 4 } }', 'dispatcher.batch.records-max'],
    ['logging: { lvl: info }', 'logging.level'],
  ];
  for (const [yaml, wanted] of cases) {
    const remedies = load(`${MINIMAL}${yaml}\n`).problems.map((problem) => problem.remedy);
    assert.ok(remedies.includes(`did you mean ${wanted}?`), `${yaml}: ${remedies.join(' / ')}`);
  }
});

test('a librdkafka property one level too high is reported with the section it belongs in', () => {
  const loaded = load(MINIMAL.replace('topics: [in]', 'topics: [in], session.timeout.ms: 6000'));
  assert.match(
    problemOf(loaded, 'kafka.consumer.session.timeout.ms').remedy ?? '',
    /put it under kafka.consumer.properties/,
  );
});

test('keys reserved for later are refused, never ignored', () => {
  for (const yaml of [
    'delivery: exactly-once',
    'ordering: key',
    'retry: { attempts-max: 5 }',
    'dead-letter: { topic: d, headers: [kafka] }',
  ]) {
    const { config, problems } = load(`${MINIMAL}dispatcher: { ${yaml} }\n`);
    assert.equal(config, undefined, yaml);
    assert.equal(problems.length, 1, yaml);
    assert.match(problems[0]?.message ?? '', /not available yet/);
  }
  assert.equal(load(MINIMAL, { environment: { KD_DISPATCHER_RETRY_ATTEMPTS_MAX: '3' } }).config, undefined);
  assert.equal(load(MINIMAL, { set: ['dispatcher.retry.backoff=1s'] }).config, undefined);
});

test('a missing required key is reported once, and not at all when its value was invalid', () => {
  assert.deepEqual(
    load('dispatcher: {}\n')
      .problems.map((problem) => problem.key)
      .sort(),
    ['kafka.bootstrap-servers', 'kafka.consumer.group-id', 'kafka.consumer.topics', 'kafka.producer.topic'],
  );
  const faulty = load(MINIMAL.replace('group-id: g', 'group-id: ${UNSET}'));
  assert.equal(faulty.problems.length, 1);
  assert.match(faulty.problems[0]?.message ?? '', /UNSET is not set/);
  assert.equal(faulty.problems[0]?.key, 'kafka.consumer.group-id');
});

test(
  'unreadable files are named as what they are: missing, a directory, UTF-16, NUL bytes, invalid ' +
    'UTF-8, too large, not a mapping',
  () => {
    mkdirSync(join(directory, 'folder'), { recursive: true });
    const message = (loaded: ReturnType<typeof load>): string => {
      assert.equal(loaded.config, undefined);
      assert.equal(loaded.problems.length, 1);
      return loaded.problems[0]?.message ?? '';
    };
    assert.match(message(load('', { file: 'nowhere.yml' })), /does not exist/);
    assert.match(message(load('', { file: 'folder' })), /is a directory/);
    assert.match(message(load(Buffer.from(`\ufeff${MINIMAL}`, 'utf16le'))), /UTF-16/);
    assert.match(message(load(Buffer.from('name: a\0b'))), /NUL/);
    assert.match(message(load(Buffer.from([0x6e, 0x3a, 0x20, 0xff, 0xfe, 0xfd]))), /UTF-8/);
    assert.match(message(load(`# ${'x'.repeat(1_100_000)}`)), /larger than/);
    assert.match(message(load('- a\n- b\n')), /must be a mapping/);
    assert.match(message(load('just text')), /must be a mapping/);
  },
);

test('an empty file, and one with a UTF-8 byte order mark, are read', () => {
  assert.ok(load('').problems.every((problem) => problem.message.startsWith('is missing')));
  assert.ok(load(`\ufeff${MINIMAL}`).config);
});

test('YAML errors are reported with their place and without the text around them', () => {
  const cases: readonly (readonly [string, RegExp])[] = [
    ['a: 1\na: 2\n', /given twice/],
    ['password: *hunter2\n', /anchor/],
    ['password: !hunter2 x\n', /unknown tag/],
    ['password: @hunter2\n', /reserved character/],
    ['kafka:\n\tx: hunter2\n', /tabs/],
    ['a: 1\n---\nb: hunter2\n', /more than one document/],
    ['a: "hunter2\n', /missing|not valid/],
  ];
  for (const [text, wanted] of cases) {
    const { problems, config } = load(text);
    assert.equal(config, undefined);
    const found = problems.find((problem) => wanted.test(problem.message));
    assert.ok((found?.line ?? 0) >= 1, text);
    assert.ok(!JSON.stringify(problems).includes('hunter2'), text);
  }
});

test('deep nesting and multiplying aliases are refused, in bounded time', () => {
  const refusal = (text: string): string =>
    load(text)
      .problems.map((problem) => problem.message)
      .join();
  assert.match(refusal('a: {'.repeat(20_000)), /nested too deeply/);
  assert.match(
    refusal(`${MINIMAL}dispatcher: { options: { a: ${'['.repeat(200)}${']'.repeat(200)} } }\n`),
    /nested deeper than 32 levels/,
  );
  const bomb = [
    'a: &a0 [x]',
    ...Array.from(
      { length: 12 },
      (_, index) => `b${index}: &a${index + 1} [${Array(10).fill(`*a${index}`).join(', ')}]`,
    ),
  ];
  assert.match(
    refusal(`${MINIMAL}dispatcher:\n  options:\n${bomb.map((line) => `    ${line}\n`).join('')}`),
    /more than 50000 values/,
  );
});

test('the loader never throws, whatever the text', () => {
  const piece = fc.constantFrom(
    'kafka:',
    ' ',
    '\n',
    '  ',
    'consumer:',
    '${',
    '}',
    '${A:-',
    '{',
    '[',
    ']',
    ',',
    ': ',
    '- ',
    '&a',
    '*a',
    '!!x',
    '"',
    "'",
    '|',
    '#',
    'dispatcher:',
    'topics',
    '%',
    '\t',
    'properties',
    '<<',
    '?',
    '1e9',
    '~',
  );
  fc.assert(
    fc.property(fc.array(fc.oneof(piece, fc.string({ maxLength: 5 })), { maxLength: 40 }), (pieces) => {
      const { config, problems } = load(pieces.join(''));
      assert.ok(config !== undefined || problems.length > 0);
    }),
    { numRuns: 2_000 },
  );
});

test('files that are named must exist, relative to the file that names them', () => {
  write('t.ts', 'export default (v: unknown) => v;');
  const text = `${MINIMAL}dispatcher: { transform: ./t.ts, input: { format: raw } }\n`;
  assert.equal(load(text).config?.dispatcher.transform, join(directory, 't.ts'));
  assert.match(
    problemOf(load(text.replace('./t.ts', './gone.ts')), 'dispatcher.transform').message,
    /gone\.ts does not exist/,
  );
  assert.match(
    problemOf(load(text.replace('./t.ts', '.')), 'dispatcher.transform').message,
    /is a directory/,
  );
  // Relative paths on the command line start at the working directory.
  const elsewhere = load('', {
    file: join('..', 'kd.yml'),
    workingDirectory: join(directory, 'folder'),
    set: ['dispatcher.transform=t.ts'],
  });
  assert.match(problemOf(elsewhere, 'dispatcher.transform').message, /folder.t\.ts does not exist/);
});
