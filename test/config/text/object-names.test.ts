/** Every object has a `constructor`, a `toString` and a `__proto__`: users may write these words, too. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { parse } from 'yaml';
import { kdInMemory } from '../../cli/memory-io.js';
import { directory, load, MINIMAL, problemOf, resolved, write } from '../support.js';

const WORDS = ['__proto__', 'constructor', 'toString', 'hasOwnProperty', 'valueOf'];

const fresh = (): unknown => Object.getOwnPropertyNames(Object.prototype).length;

test('such a word as a key is unknown, in every section', () => {
  for (const word of WORDS) {
    assert.match(problemOf(load(`${MINIMAL}${word}: 1\n`), word).message, /no such key/);
    for (const section of ['dispatcher', 'server', 'logging', 'dispatcher.batch']) {
      const { config, problems } = load(MINIMAL, { set: [`${section}.${word}=1`] });
      assert.equal(config, undefined, `${section}.${word}`);
      assert.match(problems[0]?.message ?? '', /no such key/);
    }
    assert.match(
      problemOf(load(`${MINIMAL}topics: { out: { ${word}: 3 } }\n`), `topics.out.${word}`).message,
      /no such key/,
    );
  }
});

test('such a word as a value is refused with the choices, and never as code', () => {
  for (const word of WORDS)
    for (const key of [
      'logging.level.root',
      'logging.format',
      'dispatcher.delivery',
      'dispatcher.input.format',
      'kafka.consumer.auto-offset-reset',
    ]) {
      const problem = problemOf(load(MINIMAL, { set: [`${key}=${word}`] }), key);
      assert.match(problem.message, new RegExp(`"${word.toLowerCase()}" is not one of the choices`));
      assert.match(problem.remedy ?? '', /^use /);
    }
});

test('such a word as a login module or an environment variable does not exist', () => {
  for (const word of WORDS) {
    const loaded = load(MINIMAL, {
      set: [
        'kafka.properties.security.protocol=SASL_SSL',
        'kafka.properties.sasl.mechanism=PLAIN',
        `kafka.properties.sasl.jaas.config=org.apache.kafka.${word} required a="b";`,
      ],
    });
    assert.match(
      problemOf(loaded, 'kafka.properties.sasl.jaas.config').message,
      new RegExp(`login module "${word}" is not supported`),
    );
    const missing = problemOf(load(`name: \${${word}}\n${MINIMAL}`), 'name');
    assert.match(missing.message, new RegExp(`environment variable ${word} is not set`));
    assert.equal(resolved(`name: \${${word}:-kd}\n${MINIMAL}`).name, 'kd');
  }
});

test('a topic with such a name is shown as any other, and nothing is added to all objects', async () => {
  const before = fresh();
  const settings = '{ partitions: 3, configs: { retention.ms: 5 } }';
  write('words.yml', [`${MINIMAL}topics:`, ...WORDS.map((word) => `  ${word}: ${settings}`), ''].join('\n'));
  for (const more of [[], ['-o', 'json'], ['--origin']]) {
    const { code, out, err } = await kdInMemory(['config', 'show', '-c', 'words.yml', ...more], {
      workingDirectory: directory,
    });
    assert.equal(code, 0, err);
    assert.equal(({} as Record<string, unknown>)['partitions'], undefined);
    assert.equal(fresh(), before);
    const shown = (more[0] === '-o' ? (JSON.parse(out) as { config: unknown }).config : parse(out)) as {
      topics: object;
    };
    assert.deepEqual(Object.keys(shown.topics).sort(), [...WORDS].sort());
  }
});
