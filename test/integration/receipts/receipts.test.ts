import assert from 'node:assert/strict';
import { appendFileSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { before, test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recipe } from '../../support/java/requests.js';
import type { TestCluster } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, sized } from '../job.js';
import { refuses, verify } from './checking.js';

const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
const RECEIPT = ['--receipt', 'receipt.jsonl'];

let cluster: TestCluster;

before(async () => {
  cluster = await sharedCluster();
});

test('after kill -9 the receipt is continued, and verify counts what is there twice', async () => {
  const kills = sized(5, 3);
  const recipe: Recipe = {
    seed: 72,
    records: kills * 40_000,
    partitions: 4,
    keys: 'sequence',
    headers: true,
  };
  const job = await Job.create({
    cluster,
    partitions: 4,
    properties: SESSION,
    consumer: { properties: { 'group.instance.id': 'only-one', ...SESSION } },
    dispatcher: { 'commit-interval': '2s' },
  });
  const filling = cluster.tool.produce({ topic: job.input, recipe, perSecond: 25_000 });
  for (let kill = 0; kill < kills; kill++) {
    const kd = job.spawn(['--until', 'forever', ...RECEIPT]);
    await kd.waitFor(/assigned/);
    await sleep(900 + ((kill * 379) % 900));
    kd.kill('SIGKILL');
    await kd.ended;
  }
  await filling;
  // As if the process had been killed while it wrote a line.
  appendFileSync(join(job.folder, 'receipt.jsonl'), '{"previous":"0');
  const { result: last } = await job.runToEnd({ args: RECEIPT });
  assert.match(last.stderr, /removed a last line that was not written completely/);
  const { duplicates, missing, records } = await cluster.tool.verify({ topics: [job.output], recipe });
  const result = await verify(job);
  assert.equal(missing, 0);
  assert.equal(result.output.twice, duplicates);
  assert.equal(result.output.records, records);
  assert.equal(
    result.message,
    duplicates === 0 ? 'all exact' : `${duplicates} records twice, all else exact`,
  );
  assert.ok(duplicates > 0, 'a kill that repeats nothing shows nothing');
  assert.equal(result.complete, false);
  assert.ok(result.input.settledTwice <= duplicates, 'what was settled twice was also written twice');
  job.remove();
});

test('the receipts of two instances are one: neither is enough alone', async () => {
  const recipe: Recipe = { seed: 73, records: 60_000, partitions: 4, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: 4, properties: SESSION });
  const members = ['receipt.jsonl', 'other.jsonl'].map((file) =>
    job.spawn(['--until', 'forever', '--receipt', file]),
  );
  await Promise.all(members.map((kd) => kd.waitFor(/"owned":2|owned=2|owned 2/)));
  await cluster.tool.produce({ topic: job.input, recipe });
  while ((await job.committed()) < recipe.records) await sleep(200);
  for (const kd of members) kd.kill('SIGTERM');
  for (const kd of members) assert.equal((await kd.ended).code, 0);
  const { input, output, message, instances } = await verify(job, [
    'receipt.jsonl',
    'other.jsonl',
    'other.jsonl',
  ]);
  assert.equal(message, 'all exact');
  assert.deepEqual([input.records, output.records, instances], [recipe.records, recipe.records, 2]);
  await refuses(job, [], { kind: 'foreign', side: 'output' });
  job.remove();
});

test('filtered records, several results, dead letters and refused ones are all in the receipt', async () => {
  const recipe: Recipe = { seed: 74, records: 8_000, partitions: 3, keys: 'sequence', idHeader: true };
  const job = await Job.create({
    cluster,
    partitions: 3,
    outputPartitions: 5,
    deadLetter: true,
    outputConfigs: { 'max.message.bytes': '20000' },
    transform: `
      import { drop, emitAll, emitRaw, reject } from 'kafka-dispatcher';
      export default (value, record) => {
        const kind = record.offset % 10;
        if (kind === 0) return drop('TENTH');
        if (kind === 1 && record.offset % 50 === 1) return reject('ODD', 'one of fifty');
        if (kind === 2) return emitAll([emitRaw(Buffer.from('a' + record.offset)), emitRaw(value)]);
        if (kind === 3 && record.offset % 500 === 3) return emitRaw(Buffer.alloc(30000, record.offset % 7));
        if (kind === 4) return emitRaw(value, { key: 'other' });
        return value;
      };
    `,
    dispatcher: { ordering: 'none' },
  });
  await cluster.tool.produce({ topic: job.input, recipe });
  const { summary } = await job.runToEnd({ args: RECEIPT });
  assert.ok(summary.records.deadLettered > 0 && summary.records.filtered > 0);
  const { output, input, message } = await verify(job);
  assert.equal(message, 'all exact');
  assert.equal(input.records, recipe.records);
  assert.equal(output.records, summary.records.emitted + summary.records.deadLettered);
  const lines = readFileSync(join(job.folder, 'receipt.jsonl'), 'utf8');
  assert.match(lines, /"filtered":\{"TENTH":\d+/);
  assert.match(lines, /"deadLettered":\{[^}]*"ODD":\d+/);
  job.remove();
});

test('records that were settled by a run without the receipt are named as missing', async () => {
  const recipe: Recipe = { seed: 75, records: 3_000, partitions: 2, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: 2 });
  await cluster.tool.produce({ topic: job.input, recipe, to: 1_000 });
  await job.runToEnd({ args: RECEIPT });
  await cluster.tool.produce({ topic: job.input, recipe, from: 1_000 });
  // Not in the receipt.
  await job.runToEnd();
  await cluster.tool.send(job.input, [{ value: Buffer.from('last'), partition: 0 }]);
  await job.runToEnd({ args: RECEIPT });
  await refuses(job, [], { kind: 'missing', side: 'input', partition: 0, offset: 1_000, records: 500 });
  job.remove();
});

test('a topic that was created again is refused: it has other records now', async () => {
  const recipe: Recipe = { seed: 76, records: 1_000, partitions: 2, keys: 'sequence' };
  const job = await Job.create({ cluster, partitions: 2 });
  await cluster.tool.produce({ topic: job.input, recipe });
  await job.runToEnd({ args: RECEIPT });
  await cluster.tool.deleteTopics([job.output]);
  await cluster.createTopic(job.output, { partitions: 2 });
  await refuses(job, [], { kind: 'replaced', side: 'output', topic: job.output });
  job.remove();
});
