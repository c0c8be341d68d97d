/** Receipts of millions of records: of a job that was killed, and against copies with one mistake. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job, sized } from '../integration/job.js';
import { refuses, verify } from '../integration/receipts/checking.js';
import type { Mutation, Recipe } from '../support/java/requests.js';
import { type TestCluster, uniqueName } from '../support/kafka-cluster.js';
import { runKd, spawnKd } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';

const RECORDS = sized(4_000_000, 400_000);
const PARTITIONS = 8;
const KILLS = 5;
const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
const timeoutMs = 900_000;

let cluster: TestCluster;

before(async () => {
  cluster = await sharedCluster();
});

test('a job killed five times: its receipts say exactly how many records came twice', async (t) => {
  const recipe: Recipe = { seed: 81, records: RECORDS, partitions: PARTITIONS, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: PARTITIONS, consumer: { properties: SESSION } });
  await cluster.tool.produce({ topic: job.input, recipe, timeoutMs });
  const elsewhere = mkdtempSync(join(tmpdir(), 'kd-elsewhere-'));
  cpSync(join(job.folder, 'kd.yml'), join(elsewhere, 'kd.yml'));
  const folders = [job.folder, elsewhere];
  const args = ['run', '--job', 'night', '--from', 'earliest', '--until', 'end', '-o', 'json'];
  const receipt = ['--receipt', 'receipt.jsonl'];
  for (let kill = 0; kill < KILLS; kill++) {
    const cwd = folders[kill % 2] ?? '';
    const kd = spawnKd([...args, ...receipt, '--rate', `${RECORDS / 20}/s`], { cwd });
    await kd.waitFor(/"message":"assigned"/, 60_000);
    await sleep(1_500 + kill * 300);
    kd.kill('SIGKILL');
    await kd.ended;
    // Of later days: not of the job.
    await cluster.tool.send(job.input, [{ value: Buffer.from('later'), partition: kill }]);
  }
  const done = await runKd([...args, ...receipt], { cwd: job.folder, timeoutMs });
  assert.equal(done.code, 0, done.stderr.slice(-3_000));
  const { duplicates, missing } = await cluster.tool.verify({ topics: [job.output], recipe, timeoutMs });
  assert.equal(missing, 0);
  const files = folders.map((folder) => join(folder, 'receipt.jsonl'));
  const { message, input } = await verify(job, files);
  t.diagnostic(message);
  assert.equal(message, duplicates === 0 ? 'all exact' : `${duplicates} records twice, all else exact`);
  assert.equal(input.records - input.settledTwice, RECORDS);
  // The job has its range in its receipt: what one machine has done is missed where it is left out.
  await refuses(job, [], { kind: 'missing', side: 'input' });
  job.remove();
});

test('of millions of records the one that is changed, lost, doubled or moved is named', async () => {
  const recipe: Recipe = { seed: 82, records: RECORDS, partitions: PARTITIONS, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: PARTITIONS });
  await cluster.tool.produce({ topic: job.input, recipe, timeoutMs });
  await job.runToEnd({ args: ['--receipt', 'receipt.jsonl'], timeoutMs });
  assert.equal((await verify(job)).message, 'all exact');
  const partition = 3;
  const sequence = Math.floor(RECORDS / PARTITIONS / 2);
  const copyWith = async (kind: Mutation): Promise<string> => {
    const copy = uniqueName('copy');
    await cluster.createTopic(copy, { partitions: PARTITIONS });
    const mutate = { kind, partition, sequence };
    await cluster.tool.copy({ from: job.output, to: copy, recipe, mutate });
    return copy;
  };
  const as = (copy: string): readonly string[] => ['--read-as', `${job.output}=${copy}`];
  const place = { topic: job.output, partition };
  await refuses(job, as(await copyWith('alter-value')), { kind: 'changed', offset: sequence, ...place });
  await refuses(job, as(await copyWith('duplicate')), { kind: 'doubled', offset: sequence + 1, ...place });
  const lost = await copyWith('drop');
  await refuses(job, as(lost), { kind: 'dropped', offset: sequence, ...place });
  const offsets = Object.fromEntries(
    Array.from({ length: PARTITIONS }, (_, n) => [n, n === partition ? sequence : RECORDS / PARTITIONS - 1]),
  );
  const record = (await cluster.tool.consume([job.output], { max: 10_000_000, offsets })).find(
    (one) => one.partition === partition && one.offset === sequence,
  );
  assert.ok(record);
  await cluster.tool.send(lost, [{ ...record, partition: 6 }]);
  const { differences } = await refuses(job, as(lost), { kind: 'moved', offset: sequence, ...place });
  assert.match(differences[0]?.message ?? '', /now in partition 6/);
  job.remove();
});
