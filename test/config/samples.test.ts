import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { parse } from 'yaml';
import { convert } from '../../src/config/convert.js';
import { JAVA_ROWS, outcomeWords } from '../../src/config/java-table.js';
import { loadConfiguration } from '../../src/config/load.js';
import { formatProblem } from '../../src/config/problem.js';
import {
  environmentName,
  FIELD_BY_PATH,
  FIELDS,
  isPropertyMap,
  OPTIONS_PATH,
  PROPERTY_MAP_DOCS,
  PROPERTY_MAPS,
  TOPICS_PATH,
} from '../../src/config/schema.js';

const root = fileURLToPath(new URL('../../../', import.meta.url));
const environment = { KAFKA: 'broker:9092', HOSTNAME: 'host-1' };

test('every sample in configs loads without a single problem', () => {
  const samples = readdirSync(`${root}configs`).filter((name) => name.endsWith('.yml'));
  assert.ok(samples.length >= 4);
  for (const file of samples) {
    const { config, problems } = loadConfiguration({ file, environment, workingDirectory: `${root}configs` });
    assert.deepEqual(problems.map(formatProblem), [], file);
    assert.ok(config, file);
  }
});

/** Path → value of a parsed file; free maps are one value. */
function leaves(value: unknown, path: string, found: Map<string, unknown>): Map<string, unknown> {
  if (
    typeof value === 'object' &&
    value !== null &&
    !Array.isArray(value) &&
    !isPropertyMap(path) &&
    path !== OPTIONS_PATH &&
    path !== TOPICS_PATH
  ) {
    for (const [key, child] of Object.entries(value)) leaves(child, path === '' ? key : `${path}.${key}`, found);
  } else {
    found.set(path, value);
  }
  return found;
}

const EXAMPLES = ['kafka.bootstrap-servers', 'kafka.consumer.group-id', 'kafka.consumer.topics', 'kafka.producer.topic'];

test('the example says every default as it is', () => {
  const text = readFileSync(`${root}configs/kd.example.yml`, 'utf8');
  for (const [path, value] of leaves(parse(text), '', new Map())) {
    if (EXAMPLES.includes(path)) continue;
    const field = FIELD_BY_PATH.get(path);
    assert.ok(field?.fallback !== undefined && field.fallback !== null, `${path} has no default`);
    assert.deepEqual(convert(field, value), convert(field, field.fallback), path);
  }
});

test('the example has every key, commented out where there is no default', () => {
  const text = readFileSync(`${root}configs/kd.example.yml`, 'utf8').replaceAll(
    /^(\s*)# ([a-z-]+: \S.*)$/gm,
    (line, indent: string, rest: string) =>
      /^[a-z-]+: [[{./\w]/.test(rest) && !/ \| | — |: \w+ \(|[a-z] [a-z]/.test(rest) ? `${indent}${rest}` : line,
  );
  const found = new Set(leaves(parse(text), '', new Map()).keys());
  const wanted = [...FIELDS.map((field) => field.path), ...PROPERTY_MAPS, OPTIONS_PATH, TOPICS_PATH];
  assert.deepEqual(
    wanted.filter((path) => !found.has(path)),
    [],
  );
  assert.deepEqual(
    [...found].filter((path) => !wanted.includes(path)),
    [],
  );
});

/** The table of docs/CONFIG.md, as it must be. */
function table(): string {
  const rows = [
    ...FIELDS.map((field) => [
      field.path,
      field.fallback === null ? '' : String(field.fallback),
      field.choices?.join(' \\| ') ?? field.kind,
      field.doc,
    ]),
    ...PROPERTY_MAPS.map((map) => [map, '', 'map', PROPERTY_MAP_DOCS[map]]),
    [OPTIONS_PATH, '{}', 'map', 'handed to the transform'],
    [TOPICS_PATH, '{}', 'map', 'what `kd topics create` makes; topics named here are wanted, too'],
  ].sort(([a = ''], [b = '']) => order(a) - order(b));
  return [
    '| key | default | values | |',
    '|---|---|---|---|',
    ...rows.map(([path, fallback, values, doc]) => `| \`${path}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${values} | ${doc} |`),
  ].join('\n');
}

/** The table of Java's names in docs/CONFIG.md, as it must be. */
function javaTable(): string {
  const rows = JAVA_ROWS.map(([name, , outcome, doc]) => `| \`${name}\` | ${outcomeWords(name, outcome)} | ${doc} |`);
  return ['| Java | here | |', '|---|---|---|', ...rows].join('\n');
}

test("the table of Java's names in docs/CONFIG.md is that of the translation", () => {
  const text = readFileSync(`${root}docs/CONFIG.md`, 'utf8');
  const between = text.split('<!-- java -->')[1]?.trim();
  assert.equal(between, javaTable(), `put this between the two marks of docs/CONFIG.md:\n${javaTable()}`);
});

function order(path: string): number {
  return ['name', 'kafka', 'dispatcher', 'topics', 'server', 'logging'].indexOf(path.split('.')[0] ?? '');
}

test('the table in docs/CONFIG.md is that of the schema', () => {
  const text = readFileSync(`${root}docs/CONFIG.md`, 'utf8');
  const between = text.split('<!-- keys -->')[1]?.trim();
  assert.equal(between, table(), `put this between the two marks of docs/CONFIG.md:\n${table()}`);
  assert.equal(environmentName('dispatcher.batch.bytes-max'), 'KD_DISPATCHER_BATCH_BYTES_MAX');
});
