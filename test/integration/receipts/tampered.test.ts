import assert from 'node:assert/strict';
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { after, before, test } from 'node:test';
import type { ConsumedRecord, Mutation, Recipe } from '../../support/java/requests.js';
import { type TestCluster, uniqueName } from '../../support/kafka-cluster.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { refuses, verify } from './checking.js';

const RECIPE: Recipe = { seed: 71, records: 6_000, partitions: 3, keys: 'sequence', headers: true };
/** A record in the middle of partition 1. */
const PLACE = { partition: 1, sequence: 700 };

let cluster: TestCluster;
let job: Job;
let written: readonly ConsumedRecord[];

before(async () => {
  cluster = await sharedCluster();
  job = await Job.create({ cluster, partitions: RECIPE.partitions });
  await cluster.tool.produce({ topic: job.input, recipe: RECIPE });
  await job.runToEnd({ args: ['--receipt', 'receipt.jsonl'] });
  written = await cluster.tool.consume([job.output]);
});

after(() => {
  job.remove();
});

/** Writes the output again, with other records in each partition. */
async function rewritten(
  change: (partition: number, records: ConsumedRecord[]) => void,
): Promise<readonly string[]> {
  const copy = uniqueName('copy');
  await cluster.createTopic(copy, { partitions: RECIPE.partitions });
  for (let partition = 0; partition < RECIPE.partitions; partition++) {
    const records = written.filter((record) => record.partition === partition);
    change(partition, records);
    await cluster.tool.send(
      copy,
      records.map((record) => ({ ...record, partition })),
    );
  }
  return ['--read-as', `${job.output}=${copy}`];
}

function recordAt(partition: number, offset: number): ConsumedRecord {
  const found = written.find((record) => record.partition === partition && record.offset === offset);
  assert.ok(found);
  return found;
}

test('the receipt of a run agrees with both topics: every record, once', async () => {
  const result = await verify(job);
  assert.equal(result.message, 'all exact');
  assert.equal(result.input.records, RECIPE.records);
  assert.equal(result.output.records, RECIPE.records);
  assert.equal(result.complete, true);
  assert.deepEqual([result.input.missing, result.output.twice, result.output.others], [0, 0, 0]);
  // What came into the input since is not of the run.
  await cluster.tool.send(job.input, [{ value: Buffer.from('later'), partition: 0 }]);
  assert.equal((await verify(job)).input.missing, 0);
  // An exact copy agrees, too.
  await verify(job, ['receipt.jsonl', ...(await rewritten(() => undefined))]);
});

const CHANGES: readonly Mutation[] = [
  'alter-value',
  'alter-key',
  'alter-header',
  'alter-timestamp',
  'null-value',
];

for (const kind of CHANGES)
  test(`a record with another content is refused with its place: ${kind}`, async () => {
    const copy = uniqueName('copy');
    await cluster.createTopic(copy, { partitions: RECIPE.partitions });
    await cluster.tool.copy({ from: job.output, to: copy, recipe: RECIPE, mutate: { kind, ...PLACE } });
    await refuses(job, ['--read-as', `${job.output}=${copy}`], {
      kind: 'changed',
      side: 'output',
      topic: job.output,
      partition: PLACE.partition,
      offset: PLACE.sequence,
    });
  });

test('a record of the input that is not what was read is refused with its place', async () => {
  const copy = uniqueName('copy');
  await cluster.createTopic(copy, { partitions: RECIPE.partitions });
  await cluster.tool.copy({
    from: job.input,
    to: copy,
    recipe: RECIPE,
    mutate: { kind: 'alter-value', ...PLACE },
  });
  const { partition, sequence: offset } = PLACE;
  const place = { side: 'input', topic: job.input, partition, offset } as const;
  await refuses(job, ['--read-as', `${job.input}=${copy}`], { kind: 'changed', ...place });
});

test('a record that is lost is refused with its place, in the middle and at the end', async () => {
  for (const offset of [700, 1_999]) {
    const copy = await rewritten((partition, records) => {
      if (partition === 1) records.splice(offset, 1);
    });
    await refuses(job, copy, { kind: 'dropped', partition: 1, offset });
  }
});

test('a record that is there twice is refused with its place, in the middle and at the end', async () => {
  for (const offset of [700, 1_999]) {
    const copy = await rewritten((partition, records) => {
      if (partition === 1) records.splice(offset, 0, recordAt(1, offset));
    });
    await refuses(job, copy, { kind: 'doubled', partition: 1, offset: offset + 1 });
  }
});

test('a record in another partition is refused with both places', async () => {
  for (const to of [900, 2_000]) {
    const copy = await rewritten((partition, records) => {
      if (partition === 1) records.splice(700, 1);
      if (partition === 2) records.splice(to, 0, recordAt(1, 700));
    });
    const { differences } = await refuses(job, copy, { kind: 'moved', partition: 1, offset: 700 });
    assert.match(differences[0]?.message ?? '', new RegExp(`now in partition 2, at offset ${to}`));
  }
});

test('a record of others is refused with its place, unless others are allowed', async () => {
  const copy = await rewritten((partition, records) => {
    if (partition === 2) records.push({ ...recordAt(2, 5), value: Buffer.from('of another producer') });
  });
  await refuses(job, copy, { kind: 'foreign', partition: 2, offset: 2_000 });
  const { output } = await verify(job, ['receipt.jsonl', '--allow-others', ...copy]);
  assert.equal(output.others, 1);
});

test('records that were deleted since are named; the others are still compared', async () => {
  const copy = await rewritten(() => undefined);
  await cluster.tool.deleteRecords(copy[1]?.split('=')[1] ?? '', { 0: 50 });
  const { message, unchecked } = await verify(job, ['receipt.jsonl', ...copy]);
  assert.match(message, /as far as the records still exist/);
  assert.deepEqual(unchecked, [{ side: 'output', topic: job.output, partition: 0, from: 0, to: 50 }]);
});

test('a line that was edited, or is missing, is refused with its number, and not continued', async () => {
  const lines = readFileSync(join(job.folder, 'receipt.jsonl'), 'utf8').trimEnd().split('\n');
  const forged: Readonly<Record<string, readonly [lines: readonly string[], said: RegExp]>> = {
    'edited.jsonl': [
      lines.map((line, index) => (index === 2 ? line.replace(/"records":\d/, '"records":9') : line)),
      /edited\.jsonl, line 3: was changed after it was written/,
    ],
    'last.jsonl': [
      lines.map((line, index) =>
        index === lines.length - 1 ? line.replace('"exitCode":0', '"exitCode":1') : line,
      ),
      new RegExp(`last\\.jsonl, line ${lines.length}: was changed`),
    ],
    'short.jsonl': [lines.filter((_, index) => index !== 1), /short\.jsonl, line 2: does not follow/],
    'notes.jsonl': [['{"hello":"world"}'], /notes\.jsonl, line 1: is not a line of a receipt/],
  };
  for (const [name, [text, said]] of Object.entries(forged)) {
    writeFileSync(join(job.folder, name), `${text.join('\n')}\n`);
    const checked = await runKd(['verify', name], { cwd: job.folder });
    assert.equal(checked.code, 6);
    assert.match(checked.stderr, said);
  }
  const continued = await runKd(['run', '--until', 'end', '--receipt', 'edited.jsonl'], { cwd: job.folder });
  assert.equal(continued.code, 2);
  assert.match(continued.stderr, /line 3/);
});
