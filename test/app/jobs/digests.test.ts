/** What a job may not be finished with otherwise than it was begun with, and what is nobody's business. */
import assert from 'node:assert/strict';
import { mkdirSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { digestedParts } from '../../../src/app/jobs/digests.js';
import { partDifferences } from '../../../src/core/jobs/job-changes.js';
import type { DigestedParts } from '../../../src/core/jobs/job-record.js';
import { directory, resolved } from '../../config/support.js';

const SCHEMA = JSON.stringify({ type: 'record', name: 'R', fields: [{ name: 'a', type: 'string' }] });
const WIDER = SCHEMA.replace('"string"', '["null","string"]');

interface Files {
  readonly transform?: string;
  readonly helper?: string;
  readonly schema?: string;
}

function writeFiles(
  folder: string,
  { transform = 'helped', helper = 'v => v', schema = SCHEMA }: Files = {},
): void {
  mkdirSync(join(directory, folder), { recursive: true });
  const text = `import { helped } from './helper.js';\nexport default { transform: ${transform} };\n`;
  writeFileSync(join(directory, folder, 'transform.ts'), text);
  writeFileSync(join(directory, folder, 'helper.ts'), `export const helped = ${helper};\n`);
  writeFileSync(join(directory, folder, 'in.avsc'), schema);
}

function digests(folder: string, more: readonly string[] = []): Promise<DigestedParts> {
  const config = resolved(
    `kafka:
  bootstrap-servers: a:9092
  consumer: { group-id: g, topics: [in, other] }
  producer: { topic: out }
dispatcher:
  transform: ${folder}/transform.ts
  input: { format: avro, schema: ${folder}/in.avsc }
  options: { a: 1, b: { c: 2, d: 3 } }
`,
    { set: more },
  );
  return digestedParts(config);
}

async function changed(more: readonly string[]): Promise<readonly string[]> {
  writeFiles('job');
  const [before, after] = [await digests('job'), await digests('job', more)];
  return partDifferences(before, after).map((one) => (one.kind === 'part' ? one.key : one.kind));
}

const DECIDING: readonly (readonly [set: string, key: string])[] = [
  ['kafka.consumer.topics=in', 'kafka.consumer.topics'],
  ['kafka.consumer.topics=/in/', 'kafka.consumer.topics'],
  ['kafka.consumer.properties.isolation.level=read_uncommitted', 'isolation.level of the consumer'],
  ['kafka.producer.topic=elsewhere', 'kafka.producer.topic'],
  ['dispatcher.options.a=2', 'dispatcher.options'],
  ['dispatcher.options.b.c=3', 'dispatcher.options'],
  ['dispatcher.output.format=json', 'dispatcher.output'],
  ['dispatcher.dead-letter.topic=dead', 'dispatcher.dead-letter.topic'],
  ['dispatcher.ordering=none', 'dispatcher.ordering'],
];

for (const [set, key] of DECIDING)
  test(`${set} decides the results of a job: ${key} has changed`, async () => {
    assert.deepEqual(await changed([set]), [key]);
  });

const TUNING = [
  'kafka.bootstrap-servers=b:9092,c:9092',
  'kafka.consumer.group-id=another',
  'kafka.consumer.properties.fetch.wait.max.ms=50',
  'kafka.producer.properties.linger.ms=50',
  'dispatcher.threads=3',
  'dispatcher.batch.records-max=100',
  'dispatcher.rate=5/s',
  'logging.level=debug',
];

for (const set of TUNING)
  test(`${set} does not decide the results of a job`, async () => {
    assert.deepEqual(await changed([set]), []);
  });

const CONTENTS: readonly (readonly [title: string, files: Files, keys: readonly string[]])[] = [
  ['the transform', { transform: '(v) => helped(v)' }, ['dispatcher.transform']],
  ['a file that the transform imports', { helper: 'v => [v, v]' }, ['dispatcher.transform']],
  ['the schema', { schema: WIDER }, ['dispatcher.input.schema']],
  ['both', { helper: 'v => [v]', schema: WIDER }, ['dispatcher.input.schema', 'dispatcher.transform']],
  ['nothing', {}, []],
];

for (const [title, files, keys] of CONTENTS)
  test(`with another content of ${title} ${keys.join(' and ') || 'no key'} has changed`, async () => {
    writeFiles('job');
    const before = await digests('job');
    writeFiles('job', files);
    assert.deepEqual(
      partDifferences(before, await digests('job')),
      keys.map((key) => ({ kind: 'part', key })),
    );
  });

test('a job may be resumed from another folder, and with its keys in another order', async () => {
  writeFiles('job');
  const before = await digests('job');
  rmSync(join(directory, 'moved'), { recursive: true, force: true });
  renameSync(join(directory, 'job'), join(directory, 'moved'));
  assert.deepEqual(await digests('moved'), before);
  const parts = await digests('moved', ['dispatcher.options={ b: { d: 3, c: 2 }, a: 1 }']);
  assert.deepEqual(partDifferences(before, parts), []);
});

test('a file that was deleted has changed, and is no error here', async () => {
  writeFiles('job');
  const before = await digests('job');
  rmSync(join(directory, 'job', 'helper.ts'));
  assert.deepEqual(partDifferences(before, await digests('job')), [
    { kind: 'part', key: 'dispatcher.transform' },
  ]);
});

test('digests are short, and say nothing of what they are of', async () => {
  writeFiles('job');
  for (const [key, digest] of Object.entries(await digests('job')))
    assert.match(digest, /^[0-9a-f]{16}$/, key);
});
