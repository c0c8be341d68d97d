import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { type Loaded, loadConfiguration } from '../../src/config/load.js';
import { shownValues } from '../../src/config/show/show.js';
import { formatProblem } from '../../src/config/text/problem.js';

const JOB =
  'kafka:\n  bootstrap-servers: a:9092\n  consumer: { group-id: g, ' +
  'topics: [in] }\n  producer: { topic: out }\n';

function load(section: string, more: { environment?: Record<string, string>; set?: string[] } = {}): Loaded {
  const folder = mkdtempSync(join(tmpdir(), 'kd-config-'));
  try {
    writeFileSync(join(folder, 'kd.yml'), `${JOB}${section}`);
    return loadConfiguration({ file: 'kd.yml', environment: {}, workingDirectory: folder, ...more });
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

test(
  'topics can be configured by name, with dotted or nested settings, and values merge over all ' + 'layers',
  () => {
    const section =
      'topics:\n  defaults: { partitions: 12 }\n  a.b: { replication: 2, configs: { retention: { ms: 1 }, ' +
      'cleanup.policy: compact } }\n  c:\n';
    const { config, problems } = load(section, {
      environment: { KD_TOPICS: '{ defaults: { replication: 3 }, a.b: { replication: 1 } }' },
      set: ['topics.a.b.partitions=4', 'topics.a.b.configs.retention.ms=5'],
    });
    assert.deepEqual(problems, []);
    const { defaults, named } = config?.topics ?? assert.fail('loaded');
    assert.deepEqual([defaults.partitions, defaults.replication], [12, 3]);
    assert.deepEqual([...named.keys()], ['a.b', 'c']);
    const own = named.get('a.b') ?? assert.fail('a.b');
    assert.deepEqual(
      [own.partitions, own.replication, [...own.configs]],
      [
        4,
        1,
        [
          ['retention.ms', '5'],
          ['cleanup.policy', 'compact'],
        ],
      ],
    );
  },
);

test('every mistake in the section is reported with its line', () => {
  const section = [
    'topics:',
    '  defaults: { partition: 3 }',
    '  a: 5',
    '  b: { partitions: many, replication: 0, configs: [x] }',
    '  "not a name": {}',
    '  c: { partitions: { x: 1 }, configs: { y: } }',
  ];
  const texts = load(section.join('\n')).problems.map(formatProblem);
  for (const expected of [
    /^kd\.yml:6:15: error: topics\.defaults\.partition: there is no such key\n.*did you mean partitions/,
    /^kd\.yml:7:6: error: topics\.a: must be a mapping/,
    /^kd\.yml:8:20: error: topics\.b\.partitions: must be a whole number/,
    /^kd\.yml:8:39: error: topics\.b\.replication: must be a whole number from 1/,
    /^kd\.yml:8:\d+: error: topics\.b\.configs: must be a mapping/,
    /^kd\.yml:9:3: error: topics\.not a name: .*is not a topic name/,
    /^kd\.yml:10:8: error: topics\.c\.partitions: must be a number/,
    /^kd\.yml:10:\d+: error: topics\.c\.configs\.y: has no value/,
  ])
    assert.ok(
      texts.some((text) => expected.test(text)),
      `${expected}\n${texts.join('\n')}`,
    );
  assert.equal(texts.length, 8);
  assert.match(
    formatProblem(load('topics: [in]').problems[0] ?? assert.fail('a problem')),
    /must be a mapping of topic names\n.*kafka\.consumer\.topics/,
  );
  assert.match(
    formatProblem(load('', { set: ['topics.a.size=1'] }).problems[0] ?? assert.fail('a problem')),
    /topics\.NAME\.partitions/,
  );
});

test('the section is shown with the origin of each value', () => {
  const loaded = load('topics: { a.b: { partitions: 4, configs: { retention.ms: 5 } } }', {
    set: ['topics.a.b.replication=2'],
  });
  const rows = shownValues(loaded.config ?? assert.fail('loaded'), loaded).filter(
    ({ path }) => path[0] === 'topics',
  );
  assert.deepEqual(
    rows.map(({ path, value, origin }) => [path.slice(1), value, origin]),
    [
      [['a.b', 'partitions'], 4, 'kd.yml:5:30'],
      [['a.b', 'configs', 'retention.ms'], '5', 'kd.yml:5:58'],
      [['a.b', 'replication'], 2, '--set'],
    ],
  );
});

test('a dead-letter topic that is also the output topic is a warning with its line', () => {
  const { config, problems } = load('dispatcher: { dead-letter: { topic: out } }\n');
  assert.ok(config);
  assert.deepEqual(
    problems.map(({ severity, key }) => [severity, key]),
    [['warning', 'dispatcher.dead-letter.topic']],
  );
  assert.match(problems[0]?.message ?? '', /^out is also the output topic/);
  assert.ok(problems[0]?.remedy);
});
