import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, test } from 'node:test';
import { inspectParts } from '../../../src/app/compose/inspect-parts.js';
import { loadConfiguration } from '../../../src/config/load.js';
import type { Problem } from '../../../src/config/text/problem.js';

const directory = mkdtempSync(join(tmpdir(), 'kd-parts-'));
after(() => rmSync(directory, { recursive: true, force: true }));

/** The problems of a configuration in its schemas and its transform. */
async function problemsOf(dispatcher: string): Promise<readonly Problem[]> {
  const text = `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in] }
  producer: { topic: out }
dispatcher:
${dispatcher}`;
  writeFileSync(join(directory, 'kd.yml'), text);
  const loaded = loadConfiguration({ file: 'kd.yml', environment: {}, workingDirectory: directory });
  assert.ok(loaded.config, JSON.stringify(loaded.problems));
  return inspectParts(loaded.config, loaded);
}

test('an unusable schema and an unusable transform are both reported, each at its own line', async () => {
  writeFileSync(join(directory, 'bad.avsc'), '{ "type": "recrod" }');
  writeFileSync(join(directory, 'bad.mjs'), 'export const nothing = 1;\n');
  const problems = await problemsOf(`  transform: ./bad.mjs
  input: { format: json }
  output: { format: avro, schema: ./bad.avsc }
`);
  assert.deepEqual(
    problems.map(({ severity, key, line }) => [severity, key, line]),
    [
      ['error', 'dispatcher.transform', 6],
      ['error', 'dispatcher.output.schema', 8],
    ],
  );
});

test('usable schemas and transforms have no problems', async () => {
  writeFileSync(join(directory, 'good.avsc'), '{ "type": "string" }');
  writeFileSync(join(directory, 'good.mjs'), 'export default (value) => value;\n');
  const good = `  transform: ./good.mjs
  input: { format: json }
  output: { format: avro, schema: ./good.avsc }
`;
  assert.deepEqual(await problemsOf(good), []);
});

test('declared fields that the schemas do not have are reported at the transform, by name', async () => {
  const schema = { type: 'record', name: 'Order', fields: [{ name: 'amount', type: 'double' }] };
  writeFileSync(join(directory, 'order.avsc'), JSON.stringify(schema));
  writeFileSync(
    join(directory, 'fields.mjs'),
    'export default { reads: ["amuont"], transform: () => ({}) };\n',
  );
  const job = (output: string): string => `  transform: ./fields.mjs
  input: { format: avro, schema: ./order.avsc }
  output: ${output}
`;
  const [problem, ...more] = await problemsOf(job('{ format: avro, schema: ./order.avsc }'));
  assert.deepEqual(more, []);
  assert.deepEqual([problem?.severity, problem?.key, problem?.line], ['error', 'dispatcher.transform', 6]);
  assert.match(problem?.message ?? '', /the input schema has no field amuont; did you mean amount\?/);
  const [other] = await problemsOf(job('{ format: json }'));
  assert.match(other?.message ?? '', /can't be used from avro to json/);
});

/** The problems of a job that reads with an enum of one symbol what was written with others. */
function enumProblems(transform: string, writers: readonly string[]): Promise<readonly Problem[]> {
  const enumeration = (symbols: readonly string[]): object => ({ type: 'enum', name: 'E', symbols });
  const schema = (symbols: readonly string[]): string =>
    JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'e', type: enumeration(symbols) }] });
  writeFileSync(join(directory, 'new.avsc'), schema(['A']));
  writeFileSync(join(directory, 'old.avsc'), schema(writers));
  return problemsOf(`  transform: ${transform}
  input:
    format: avro
    schema: { path: ./new.avsc, writer: ./old.avsc }
  output: { format: json }
`);
}

test('an enum symbol of the writer that the input schema lacks is a warning at its line', async () => {
  writeFileSync(join(directory, 'good.mjs'), 'export default (value) => value;\n');
  const problems = await enumProblems('./good.mjs', ['A', 'B']);
  assert.deepEqual(
    problems.map(({ severity, key, line }) => [severity, key, line]),
    [['warning', 'dispatcher.input.schema', 9]],
  );
  assert.match(problems[0]?.message ?? '', /^R\.e: the symbol B of the writer .*UNREADABLE/);
});

test('more warnings than can be listed are no error, and hide none', async () => {
  const writers = ['A', ...Array.from({ length: 300 }, (_, i) => `S${i}`)];
  writeFileSync(join(directory, 'good.mjs'), 'export default (value) => value;\n');
  writeFileSync(join(directory, 'bad.mjs'), 'export const nothing = 1;\n');
  const warned = await enumProblems('./good.mjs', writers);
  assert.ok(warned.every(({ severity }) => severity === 'warning'));
  assert.equal(warned.at(-1)?.message, 'and 100 more problems');
  const failed = await enumProblems('./bad.mjs', writers);
  assert.ok(failed.some(({ severity }) => severity === 'error'));
});
