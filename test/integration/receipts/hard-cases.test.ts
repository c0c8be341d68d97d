import assert from 'node:assert/strict';
import { appendFileSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import type { PlainRecord, Recipe } from '../../support/java/requests.js';
import type { TestCluster } from '../../support/kafka-cluster.js';
import { lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { verify } from './checking.js';

const RECEIPT = ['--receipt', 'receipt.jsonl'];

let cluster: TestCluster;

before(async () => {
  cluster = await sharedCluster();
});

function values(from: number, count: number): readonly PlainRecord[] {
  return Array.from({ length: count }, (_, index) => ({
    value: Buffer.from(`value ${from + index}`),
    partition: (from + index) % 2,
  }));
}

test('gaps of transactions and timestamps of the broker are no differences', async () => {
  const job = await Job.create({
    cluster,
    partitions: 2,
    outputConfigs: { 'message.timestamp.type': 'LogAppendTime' },
  });
  await cluster.tool.sendTransaction(job.input, values(0, 300), 'commit');
  await cluster.tool.sendTransaction(job.input, values(300, 100), 'abort');
  await cluster.tool.sendTransaction(job.input, values(400, 200), 'commit');
  await cluster.tool.send(job.input, [
    { key: Buffer.alloc(0), value: Buffer.alloc(0), timestamp: 0, partition: 0 },
    {
      key: null,
      value: null,
      partition: 1,
      headers: [
        ['h', null],
        ['h', Buffer.alloc(0)],
      ],
    },
  ]);
  await job.runToEnd({ args: RECEIPT });
  const { message, input, output } = await verify(job);
  assert.equal(message, 'all exact');
  assert.deepEqual([input.records, output.records], [502, 502]);
  job.remove();
});

test('a drain that is cut and a reload: what is there twice is counted exactly', async () => {
  const recipe: Recipe = {
    seed: 77,
    records: 60_000,
    partitions: 3,
    keys: 'mixed',
    headers: true,
    holes: true,
  };
  const job = await Job.create({
    cluster,
    partitions: 3,
    transform:
      'export default async (value) => { await new Promise((r) => setTimeout(r, 2)); return value; };\n',
    dispatcher: { ordering: 'none', input: { format: 'raw', tombstones: 'pass' } },
  });
  await cluster.tool.produce({ topic: job.input, recipe });
  const cut = job.spawn(['--until', 'forever', ...RECEIPT]);
  await cut.waitFor(/assigned/);
  await sleep(1_500);
  cut.kill('SIGTERM');
  cut.kill('SIGINT');
  assert.equal((await cut.ended).code, 4);
  const reloaded = job.spawn(['--until', 'forever', ...RECEIPT]);
  await reloaded.waitFor(/assigned/);
  await sleep(500);
  const configuration = readFileSync(join(job.folder, 'kd.yml'), 'utf8');
  writeFileSync(join(job.folder, 'kd.yml'), configuration.replace('"200ms"', '"300ms"'));
  reloaded.kill('SIGHUP');
  await reloaded.waitFor(/new configuration/);
  await sleep(500);
  reloaded.kill('SIGTERM');
  assert.equal((await reloaded.ended).code, 0);
  await job.runToEnd({ args: RECEIPT });
  const { duplicates, missing, altered } = await cluster.tool.verify({ topics: [job.output], recipe });
  const { output, message } = await verify(job);
  assert.deepEqual([missing, altered], [0, 0]);
  assert.equal(output.twice, duplicates);
  assert.match(message, duplicates === 0 ? /^all exact$/ : /records twice, all else exact/);
  assert.match(readFileSync(join(job.folder, 'receipt.jsonl'), 'utf8'), /"kind":"reloaded"/);
  job.remove();
});

test('records refused with their neighbours: results of a rewound try are counted', async () => {
  const job = await Job.create({
    cluster,
    partitions: 2,
    deadLetter: true,
    outputConfigs: { 'cleanup.policy': 'compact' },
    dispatcher: { batch: { 'records-max': 500 } },
  });
  // A compacted topic takes no record without a key.
  const records = values(0, 6_000).map((record, n) => ({
    ...record,
    key: n % 1_500 === 700 ? null : Buffer.from(`key ${n}`),
  }));
  const kd = job.spawn(['--until', 'forever', ...RECEIPT]);
  await kd.waitFor(/assigned/);
  for (let from = 0; from < records.length; from += 500)
    await cluster.tool.send(job.input, records.slice(from, from + 500));
  while ((await job.committed()) < records.length) await sleep(100);
  kd.kill('SIGTERM');
  const { stdout, code } = await kd.ended;
  assert.equal(code, 0);
  const { records: counts } = lastJson(stdout) as Summary;
  assert.equal(counts.deadLettered, 4);
  assert.ok(counts.retried > 0, 'records were read again');
  const { output, message, complete } = await verify(job);
  const written = (await cluster.tool.endOffsets([job.output, job.deadLetters])).reduce(
    (n, one) => n + one.offset,
    0,
  );
  assert.equal(complete, true);
  assert.equal(output.records, written);
  // Where two tries overlap with other borders, what is between the borders is not known to be there twice.
  assert.ok(output.twice <= written - records.length, `${output.twice} of ${written}`);
  assert.match(message, output.twice === 0 ? /^all exact$/ : /records twice, all else exact$/);
  job.remove();
});

test('a receipt that another program writes to ends the run before it commits more', async () => {
  const recipe: Recipe = { seed: 78, records: 2_000, partitions: 2, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: 2 });
  const file = join(job.folder, 'receipt.jsonl');
  await cluster.tool.produce({ topic: job.input, recipe, to: 500 });
  const kd = job.spawn(['--until', 'forever', ...RECEIPT]);
  await kd.waitFor(/assigned/);
  while ((await job.committed()) < 1_000) await sleep(50);
  const whole = readFileSync(file);
  appendFileSync(file, 'of another program\n');
  await cluster.tool.produce({ topic: job.input, recipe, from: 500 });
  const { code, stderr } = await kd.ended;
  assert.equal(code, 5);
  assert.match(stderr, /receipt\.jsonl can't be written: another process has written to it/);
  assert.equal(await job.committed(), 1_000);
  writeFileSync(file, whole);
  await job.runToEnd({ args: ['--receipt', 'second.jsonl'] });
  const { duplicates, missing } = await cluster.tool.verify({ topics: [job.output], recipe });
  const { output, message } = await verify(job, ['receipt.jsonl', 'second.jsonl']);
  assert.deepEqual([missing, output.twice], [0, duplicates]);
  assert.match(message, /all (else )?exact$/);
  job.remove();
});
