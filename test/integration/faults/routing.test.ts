import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import kafka from 'node-rdkafka';
import type { PlainRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { countsByCode, Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';

const FAST_METADATA = { 'topic.metadata.refresh.interval.ms': '1000' };
/** Workers ask again for partition counts that are older than this. */
const COUNTS_STALE_MS = 10_500;

function numbered(count: number, partition = 0): PlainRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    partition,
    key: Buffer.from(`key ${n}`),
    value: Buffer.from(`value ${n}`),
  }));
}

const LARGE: PlainRecord = { partition: 0, key: Buffer.from('k'), value: Buffer.alloc(300_000, 'v') };

async function grow(servers: string, topic: string, partitions: number): Promise<void> {
  const admin = kafka.AdminClient.create({ 'bootstrap.servers': servers });
  try {
    await new Promise<void>((resolve, reject) => {
      admin.createPartitions(topic, partitions, 10_000, (error: unknown) =>
        error instanceof Error ? reject(error) : resolve(),
      );
    });
  } finally {
    admin.disconnect();
  }
}

/** Records 5, 15 and 25 go to a topic that does not exist. */
const TO_NOWHERE = `import { emit } from 'kafka-dispatcher';
export default (value, record) =>
  record.offset % 10 === 5 ? emit(value, { topic: record.topic.replace(/-in$/, '-nowhere') }) : value;`;

test('a record sent to a topic that does not exist is rejected; its neighbours are delivered', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, deadLetter: true, transform: TO_NOWHERE });
  await cluster.tool.send(job.input, numbered(30));
  const { summary } = await job.runToEnd();
  assert.deepEqual(countsByCode(summary), { UNKNOWN_TOPIC: 3 });
  const letters = await cluster.tool.consume([job.deadLetters]);
  const header = (n: number, name: string): string =>
    letters[n]?.headers.find(([one]) => one === name)?.[1]?.toString() ?? '';
  assert.deepEqual(letters.map((_, n) => header(n, 'kd-offset')).sort(), ['15', '25', '5']);
  assert.match(header(0, 'kd-message'), /topic .*-nowhere does not exist/);
  assert.equal(await arrived(job, job.output), 27);
  job.remove();
});

test('unknown-topic: stop names the record, and no restart makes copies of its neighbours', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: TO_NOWHERE,
    dispatcher: { 'unknown-topic': 'stop' },
  });
  await cluster.tool.send(job.input, numbered(10));
  for (let run = 1; run <= 2; run++) {
    const { summary } = await job.runToEnd({ expect: 3 });
    assert.equal(summary.reason.code, 'TOPIC_MISSING');
    assert.match(summary.reason.message, /-in, partition 0, offset 5: .*-nowhere/);
    assert.match(summary.reason.remedy ?? '', /topics: \{ .*-nowhere: \{\} \}/);
    assert.equal(await arrived(job, job.output), 5);
    assert.equal(await job.committed(), 5);
  }
  job.remove();
});

test(
  'with partition: same, an input that gets partitions stalls ' + 'the run; nothing is a dead letter',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      properties: FAST_METADATA,
      dispatcher: { output: { partition: 'same' }, 'stall-timeout': '3s' },
    });
    const kd = job.spawn(['--until', 'forever']);
    await cluster.tool.send(job.input, numbered(3));
    await eventually('delivered', async () => (await arrived(job, job.output)) === 3);
    await grow(cluster.bootstrapServers, job.input, 2);
    await sleep(2_000);
    await cluster.tool.send(job.input, numbered(20, 1));
    const { code, stderr } = await kd.ended;
    assert.equal(code, 3, stderr);
    assert.match(stderr, /PARTITION_COUNTS_DIFFER.*partition is same/);
    assert.equal(await arrived(job, job.deadLetters), 0);
    await grow(cluster.bootstrapServers, job.output, 2);
    await job.runToEnd();
    assert.equal(await arrived(job, job.output), 23);
    job.remove();
  },
);

test('partitions added to an output topic are used without a restart', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: `import { emit } from 'kafka-dispatcher';
      export default (value, record) => emit(value, { partition: Number(String(record.key)) });`,
  });
  const to = (partition: string): PlainRecord => ({
    partition: 0,
    key: Buffer.from(partition),
    value: Buffer.from('v'),
  });
  const kd = job.spawn(['--until', 'forever']);
  await cluster.tool.send(job.input, [to('0'), to('0')]);
  await eventually('delivered', async () => (await arrived(job, job.output)) === 2);
  await grow(cluster.bootstrapServers, job.output, 3);
  await sleep(COUNTS_STALE_MS);
  await cluster.tool.send(job.input, [to('2'), to('1'), to('7'), to('2')]);
  await eventually('all have an outcome', async () => {
    const dead = await arrived(job, job.deadLetters);
    return (await arrived(job, job.output)) + dead === 6;
  });
  kd.kill('SIGTERM');
  await kd.ended;
  const letters = await cluster.tool.consume([job.deadLetters]);
  assert.deepEqual(
    letters.map(({ key }) => key?.toString()),
    ['7'],
  );
  job.remove();
});

test('a record larger than the share of the producer in in-flight.bytes-max gets through', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    dispatcher: { 'in-flight': { 'bytes-max': '512KiB' }, 'stall-timeout': '5s' },
  });
  await cluster.tool.send(job.input, [...numbered(2), LARGE, ...numbered(2)]);
  const { summary } = await job.runToEnd();
  assert.deepEqual([summary.records.transformed, summary.records.deadLettered], [5, 0]);
  job.remove();
});

test("a record larger than the user's buffer.memory is blamed immediately, not retried forever", async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    dispatcher: { 'stall-timeout': '60s' },
    producer: { properties: { 'buffer.memory': '262144' } },
  });
  await cluster.tool.send(job.input, [...numbered(2), LARGE]);
  const { summary } = await job.runToEnd({ expect: 5 });
  assert.match(summary.reason.message, /offset 2: LARGER_THAN_QUEUE/);
  assert.equal(await arrived(job, job.output), 2);
  job.remove();
});
