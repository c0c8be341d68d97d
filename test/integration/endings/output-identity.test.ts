import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlainRecord } from '../../support/java/requests.js';
import type { KdProcess } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { arrived, eventually, texts } from '../waiting.js';

const OLD = 1_000;
const ALL = 6_000;
const PARTITIONS = 2;

const cluster = await sharedCluster();

/** Every record becomes a dead letter. */
const REJECT_ALL = `export default () => { throw new Error('never'); };`;

function records(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: i % PARTITIONS,
    key: Buffer.from(`key ${i % 97}`),
    value: Buffer.from(String(from + i)),
  }));
}

async function distinct(topic: string): Promise<Set<string | null>> {
  return new Set(texts(await cluster.tool.consume([topic], { max: 3 * ALL })));
}

async function replace(topic: string, partitions: number): Promise<void> {
  await cluster.tool.deleteTopics([topic]);
  await cluster.createTopic(topic, { partitions });
}

/** How many results the run says are gone with the old topic. */
async function reported(kd: KdProcess, topic: string): Promise<number> {
  const said = new RegExp(`topic ${topic} was deleted and created again: up to (\\d+) results`);
  return Number((await kd.waitFor(said))[1]);
}

interface Case {
  readonly which: 'output' | 'deadLetters';
  readonly protocol: 'classic' | 'consumer';
  readonly partitions: number;
}

const CASES: readonly Case[] = [
  { which: 'output', protocol: 'classic', partitions: PARTITIONS },
  { which: 'output', protocol: 'classic', partitions: 5 },
  { which: 'output', protocol: 'consumer', partitions: 1 },
  { which: 'deadLetters', protocol: 'classic', partitions: 1 },
  { which: 'deadLetters', protocol: 'consumer', partitions: PARTITIONS },
  { which: 'deadLetters', protocol: 'consumer', partitions: 5 },
];

for (const { which, protocol, partitions } of CASES) {
  test(`${which} created again with ${partitions} partitions takes what follows (${protocol})`, async () => {
    const job = await Job.create({
      cluster,
      partitions: PARTITIONS,
      deadLetter: true,
      ...(which === 'deadLetters' ? { transform: REJECT_ALL } : {}),
      consumer: { properties: protocol === 'consumer' ? { 'group.protocol': 'consumer' } : {} },
    });
    const topic = job[which];
    const kd = job.spawn(['--until', 'forever', '--set', 'dispatcher.dead-letter.stop-above=100%']);
    await cluster.tool.send(job.input, records(0, OLD));
    await eventually('the first records are through', async () => (await arrived(job, topic)) === OLD);
    await replace(topic, partitions);
    await cluster.tool.send(job.input, records(OLD, ALL));
    await eventually('the others are through', async () => (await distinct(topic)).size === ALL - OLD);
    kd.kill('SIGTERM');
    const { code, stderr } = await kd.ended;
    assert.equal(code, 0, stderr);
    assert.ok((await reported(kd, topic)) >= OLD, stderr);
    assert.match(stderr, /"oldTopicId":"[^"]{22}","newTopicId":"[^"]{22}"/);
    assert.equal(await arrived(job, which === 'output' ? job.deadLetters : job.output), 0, stderr);
    job.remove();
  });
}

test('results in flight while their topic is deleted: none is missing that was not reported', async () => {
  const job = await Job.create({ cluster, partitions: PARTITIONS, deadLetter: true });
  const kd = job.spawn(['--until', 'forever']);
  await cluster.tool.send(job.input, records(0, OLD));
  await eventually('the first records are through', async () => (await arrived(job, job.output)) === OLD);
  const sending = cluster.tool.send(job.input, records(OLD, ALL));
  await replace(job.output, PARTITIONS);
  await sending;
  await eventually('all is committed', async () => (await job.committed()) === ALL);
  kd.kill('SIGTERM');
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr);
  const missing = ALL - (await distinct(job.output)).size;
  assert.ok(missing <= (await reported(kd, job.output)), `${missing} of ${ALL} are missing\n${stderr}`);
  assert.equal(await arrived(job, job.deadLetters), 0);
  job.remove();
});

test('results for a partition that is gone hold the run: they are no dead letters', async () => {
  const job = await Job.create({
    cluster,
    partitions: PARTITIONS,
    deadLetter: true,
    transform: `import { emit } from 'kafka-dispatcher';
      export default (value, record) => emit(value, { partition: record.partition });`,
    dispatcher: { 'stall-timeout': '4s' },
  });
  const kd = job.spawn(['--until', 'forever']);
  await cluster.tool.send(job.input, records(0, 10));
  await eventually('the first records are through', async () => (await arrived(job, job.output)) === 10);
  await replace(job.output, 1);
  await cluster.tool.send(job.input, records(10, 20));
  const { code, stderr } = await kd.ended;
  assert.equal(code, 3, stderr);
  assert.match(stderr, new RegExp(`topic ${job.output} can't be written: PARTITION_GONE.*fewer partitions`));
  assert.equal(await arrived(job, job.deadLetters), 0);
  await cluster.tool.createPartitions(job.output, PARTITIONS);
  await job.runToEnd();
  assert.equal((await distinct(job.output)).size, 10);
  assert.equal(await arrived(job, job.deadLetters), 0);
  job.remove();
});
