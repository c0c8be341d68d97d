/** A problem is only useful with its place, its key, and what to do. These hold for every kind of problem. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FIELDS } from '../../../src/config/keys/schema.js';
import type { Loaded } from '../../../src/config/load.js';
import { formatProblem, Problems } from '../../../src/config/text/problem.js';
import { UNSAFE } from '../../cli/memory-io.js';
import { load, MINIMAL, problemOf } from '../support.js';

/** Wrong in some way for most keys, as YAML. */
const WRONG = [
  '""',
  '"  "',
  'x y',
  '-1',
  '1.5',
  '99999999999999',
  '10',
  '10parsecs',
  '101%',
  '[]',
  '[1, [2]]',
  '{ a: 1 }',
  'constructor',
  '__proto__',
  '"a\\e[31mb"',
  `"${'x'.repeat(11_000)}"`,
  '${UNSET_ANYWHERE}',
  '${',
];

function assertUseful({ problems }: Loaded, about: string): void {
  for (const problem of problems) {
    const shown = formatProblem(problem);
    assert.ok(problem.message.trim() !== '', about);
    assert.ok(problem.remedy !== null && problem.remedy.trim() !== '', `${about} has no remedy: ${shown}`);
    assert.doesNotMatch(shown, /undefined|\[object|native code|NaN/, about);
    assert.equal(shown.split('\n').length, 2, `${about}: ${shown}`);
    assert.doesNotMatch(shown, UNSAFE, about);
    assert.ok(problem.message.length < 500, `${about}: ${problem.message.length} characters`);
  }
}

/** A file that gives every key the same value, and the line of each key. */
function fileWith(value: string): { text: string; lineOf: ReadonlyMap<string, number> } {
  const lines: string[] = [];
  const lineOf = new Map<string, number>();
  const open = new Set<string>();
  const sections = [...FIELDS].sort((a, b) => (a.path < b.path ? -1 : 1));
  for (const { path } of sections) {
    const parts = path.split('.');
    for (let depth = 1; depth < parts.length; depth += 1) {
      const section = parts.slice(0, depth).join('.');
      if (open.has(section)) continue;
      open.add(section);
      lines.push(`${'  '.repeat(depth - 1)}${parts[depth - 1] ?? ''}:`);
    }
    lines.push(`${'  '.repeat(parts.length - 1)}${parts.at(-1) ?? ''}: ${value}`);
    lineOf.set(path, lines.length);
  }
  return { text: lines.join('\n'), lineOf };
}

test('a wrong value of any key in the file is a problem at its line, with its key and a remedy', () => {
  for (const wrong of WRONG) {
    const { text, lineOf } = fileWith(wrong);
    const loaded = load(text);
    assertUseful(loaded, wrong.slice(0, 30));
    for (const { key, line, file } of loaded.problems) {
      const expected = lineOf.get(key ?? '');
      if (expected !== undefined) assert.deepEqual([file, line], ['kd.yml', expected], `${key}: ${wrong}`);
    }
  }
});

test('a wrong value in --set or in the environment is a problem that names its source', () => {
  for (const wrong of ['x y', '-1', '101%', 'constructor', 'a\u001b[31mb']) {
    const variables = FIELDS.map(({ path }) => `KD_${path.toUpperCase().replaceAll(/[.-]/g, '_')}`);
    const bySet = load(MINIMAL, { set: FIELDS.map(({ path }) => `${path}=${wrong}`) });
    const byVariable = load(MINIMAL, {
      environment: Object.fromEntries(variables.map((variable) => [variable, wrong])),
    });
    for (const loaded of [bySet, byVariable]) {
      assertUseful(loaded, wrong);
      const errors = loaded.problems.filter(({ severity }) => severity === 'error');
      assert.ok(errors.length > 20, `${wrong}: ${errors.length}`);
      for (const { message, line, key } of errors)
        assert.ok(
          line !== null || /\(from (--set|the environment variable KD_[A-Z_]+)\)$/.test(message),
          `${key}: ${message}`,
        );
    }
  }
});

test('a mapping or a list where one value belongs says how to write it', () => {
  const remedy = (yaml: string, key: string): string | null =>
    problemOf(load(`${MINIMAL}${yaml}\n`), key).remedy;
  assert.match(remedy('name: {{ .Values.name }}', 'name') ?? '', /put text that begins with "\{" in quotes/);
  assert.match(remedy('name: [a, b]', 'name') ?? '', /write one value/);
  assert.match(remedy('dispatcher: { options: 5 }', 'dispatcher.options') ?? '', /\{ limit: 5 \}/);
  assert.match(remedy('topics: { out: { partitions: { a: 1 } } }', 'topics.out.partitions') ?? '', /12/);
  assert.match(remedy('topics: { out: { partitions: 0 } }', 'topics.out.partitions') ?? '', /digits/);
});

test('an unknown environment variable is named once', () => {
  const { problems } = load(MINIMAL, { environment: { KD_DISPATCHER_THREAD: '4' } });
  assert.deepEqual(problems.map(formatProblem), [
    'warning: the environment variable KD_DISPATCHER_THREAD sets no key\n' +
      '    → did you mean KD_DISPATCHER_THREADS?',
  ]);
});

test('hundreds of problems are cut to what a person reads, and errors among the rest still count', () => {
  const problems = new Problems();
  for (let number = 0; number < 300; number += 1) problems.warning(undefined, `k${number}`, 'm', 'r');
  assert.equal(problems.hasErrors(), false);
  problems.error(undefined, 'late', 'm', 'r');
  assert.equal(problems.hasErrors(), true);
  const list = problems.list();
  assert.equal(list.length, 201);
  assert.deepEqual([list.at(-1)?.severity, list.at(-1)?.message], ['error', 'and 101 more problems']);
});

test('problems are listed in the order of the file, one for each place and message', () => {
  fc.assert(
    fc.property(
      fc.array(fc.tuple(fc.integer({ min: 1, max: 9 }), fc.integer({ min: 1, max: 3 }))),
      (places) => {
        const problems = new Problems();
        for (const [line, column] of places) problems.error({ file: 'f', line, column }, 'k', 'm', 'r');
        const listed = problems.list().map(({ line, column }) => (line ?? 0) * 10 + (column ?? 0));
        const expected = [...new Set(places.map(([line, column]) => line * 10 + column))].sort(
          (a, b) => a - b,
        );
        assert.deepEqual(listed, expected);
      },
    ),
  );
});
