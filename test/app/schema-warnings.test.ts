import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { SchemaWarnings } from '../../src/app/schema-warnings.js';
import type { ResolvedConfig } from '../../src/config/keys/resolved.js';
import { loadConfiguration } from '../../src/config/load.js';
import { Lines } from './reload/helpers.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-warnings-'));
after(() => rmSync(directory, { recursive: true, force: true }));

function config(readers: readonly string[], writers: readonly string[]): ResolvedConfig {
  const schema = (symbols: readonly string[]): string =>
    JSON.stringify({
      type: 'record',
      name: 'R',
      fields: [{ name: 'e', type: { type: 'enum', name: 'E', symbols } }],
    });
  writeFileSync(join(directory, 'new.avsc'), schema(readers));
  writeFileSync(join(directory, 'old.avsc'), schema(writers));
  writeFileSync(
    join(directory, 'kd.yml'),
    `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher:
  transform: ./transform.mjs
  input: { format: avro, schema: { path: ./new.avsc, writer: ./old.avsc } }
  output: { format: json }
`,
  );
  writeFileSync(join(directory, 'transform.mjs'), 'export default (value) => value;\n');
  const loaded = loadConfiguration({ file: 'kd.yml', environment: {}, workingDirectory: directory });
  assert.ok(loaded.config, JSON.stringify(loaded.problems));
  return loaded.config;
}

test('a warning is logged once, and after a reload only if it is new or was gone in between', () => {
  const lines = new Lines();
  const warnings = new SchemaWarnings(lines);
  const logged = (): readonly (string | undefined)[] =>
    lines.all.splice(0).map(({ level, message }) => `${level} ${/the symbol (\w+)/.exec(message)?.[1]}`);
  warnings.watch(config(['A'], ['A', 'B']));
  assert.deepEqual(logged(), ['warn B']);
  warnings.watch(config(['A'], ['A', 'B']));
  assert.deepEqual(logged(), []);
  warnings.watch(config(['A'], ['A', 'B', 'C']));
  assert.deepEqual(logged(), ['warn C']);
  warnings.watch(config(['A', 'B', 'C'], ['A', 'B', 'C']));
  assert.deepEqual(logged(), []);
  warnings.watch(config(['A'], ['A', 'B']));
  assert.deepEqual(logged(), ['warn B']);
});

test('of many warnings the first ones are logged, and how many more there are', () => {
  const lines = new Lines();
  new SchemaWarnings(lines).watch(config(['A'], ['A', ...Array.from({ length: 50 }, (_, i) => `S${i}`)]));
  assert.equal(lines.all.length, 21);
  assert.equal(lines.all[0]?.fields['writer'], join(directory, 'old.avsc'));
  assert.equal(lines.all[20]?.fields['more'], 30);
});

test("a schema that can't be used is left to the workers to report", () => {
  const lines = new Lines();
  new SchemaWarnings(lines).watch(config(['A'], ['B']));
  assert.deepEqual(lines.all, []);
});
