import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PlainRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { arrived, eventually, texts } from '../waiting.js';

function values(from: number, to: number): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: 0,
    value: Buffer.from(String(from + i)),
  }));
}

function numbers(from: number, to: number): string[] {
  return Array.from({ length: to - from }, (_, i) => String(from + i));
}

test(
  'a group that starts with earliest reads everything; after its first commit the setting has no ' + 'effect',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1, consumer: { 'auto-offset-reset': 'earliest' } });
    await cluster.tool.send(job.input, values(0, 100));
    assert.equal((await job.runToEnd()).summary.records.consumed, 100);
    await cluster.tool.send(job.input, values(100, 120));
    const { summary } = await job.runToEnd({ args: ['--set', 'kafka.consumer.auto-offset-reset=latest'] });
    assert.equal(summary.records.consumed, 20);
    assert.deepEqual(texts(await cluster.tool.consume([job.output])), numbers(0, 120));
    job.remove();
  },
);

test(
  'a group that starts with latest reads what is written after its start, and a restart continues ' + 'there',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1, consumer: { 'auto-offset-reset': 'latest' } });
    await cluster.tool.send(job.input, values(0, 100));
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/assigned/);
    await cluster.tool.send(job.input, values(100, 150));
    await eventually('the new records are through', async () => (await arrived(job, job.output)) === 50);
    kd.kill('SIGTERM');
    assert.equal((await kd.ended).code, 0);
    await cluster.tool.send(job.input, values(150, 170));
    assert.equal((await job.runToEnd()).summary.records.consumed, 20);
    assert.deepEqual(texts(await cluster.tool.consume([job.output])), numbers(100, 170));
    job.remove();
  },
);

test('a start with latest that read no record still keeps its position', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, consumer: { 'auto-offset-reset': 'latest' } });
  await cluster.tool.send(job.input, values(0, 100));
  assert.equal((await job.runToEnd()).summary.records.consumed, 0);
  await cluster.tool.send(job.input, values(100, 130));
  assert.equal(
    (await job.runToEnd()).summary.records.consumed,
    30,
    'records written between two runs are not skipped',
  );
  job.remove();
});

test(
  'auto-offset-reset: none refuses a group without a committed offset (exit 5 that names it) and ' +
    'accepts one with it',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1, consumer: { 'auto-offset-reset': 'none' } });
    await cluster.tool.send(job.input, values(0, 100));
    const { summary } = await job.runToEnd({ expect: 5 });
    assert.equal(summary.reason.code, 'NO_COMMITTED_OFFSET');
    assert.match(summary.reason.message, new RegExp(job.group));
    assert.match(summary.reason.message, new RegExp(job.input));
    assert.equal(summary.records.consumed, 0);
    await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 40 }]);
    assert.equal((await job.runToEnd()).summary.records.consumed, 60);
    job.remove();
  },
);

/** The group has committed 100; the log begins at 200 and ends at 260. */
async function overtaken(outOfRange: string): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, consumer: { 'out-of-range': outOfRange } });
  await cluster.tool.send(job.input, values(0, 100));
  await job.runToEnd();
  await cluster.tool.send(job.input, values(100, 260));
  await cluster.tool.deleteRecords(job.input, { 0: 200 });
  return job;
}

test(
  'a committed offset whose records were deleted stops the run: exit 5 with topic, partition and ' +
    'offset, on every start',
  async () => {
    const job = await overtaken('stop');
    for (let run = 0; run < 2; run++) {
      const { summary } = await job.runToEnd({ expect: 5 });
      assert.equal(summary.reason.code, 'OFFSET_OUT_OF_RANGE');
      assert.match(summary.reason.message, new RegExp(`offset 100 of ${job.input}\\[0\\].*\\[200, 260\\)`));
      assert.equal(summary.records.consumed, 0);
      assert.equal(await job.committed(), 100);
    }
    job.remove();
  },
);

test('out-of-range: earliest goes on with what is left', async () => {
  const job = await overtaken('earliest');
  assert.equal((await job.runToEnd()).summary.records.consumed, 60);
  assert.deepEqual(texts(await job.cluster.tool.consume([job.output])), [
    ...numbers(0, 100),
    ...numbers(200, 260),
  ]);
  assert.equal(await job.committed(), 260);
  job.remove();
});

test('out-of-range: latest goes on at the end, and stays there', async () => {
  const job = await overtaken('latest');
  assert.equal((await job.runToEnd()).summary.records.consumed, 0);
  await job.cluster.tool.send(job.input, values(260, 270));
  assert.equal((await job.runToEnd()).summary.records.consumed, 10);
  assert.deepEqual(texts(await job.cluster.tool.consume([job.output])), [
    ...numbers(0, 100),
    ...numbers(260, 270),
  ]);
  job.remove();
});

test('a committed offset beyond the end of the log stops the run: exit 5', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  await cluster.tool.send(job.input, values(0, 10));
  await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 5000 }]);
  const { summary } = await job.runToEnd({ expect: 5 });
  assert.equal(summary.reason.code, 'OFFSET_OUT_OF_RANGE');
  assert.match(summary.reason.message, /offset 5000 .*truncated/);
  job.remove();
});

const DISCOVERY = { 'topic.metadata.refresh.interval.ms': '1000' };

test('with latest, partitions and topics created during the run are read from their beginning', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    outputPartitions: 2,
    consumer: { 'auto-offset-reset': 'latest', properties: DISCOVERY },
  });
  await cluster.tool.send(job.input, values(0, 50));
  const kd = job.spawn(['--until', 'forever']);
  await kd.waitFor(/assigned/);
  await cluster.tool.send(job.input, values(50, 60));
  await cluster.tool.createPartitions(job.input, 2);
  await cluster.tool.send(
    job.input,
    values(60, 160).map((one) => ({ ...one, partition: 1 })),
  );
  await eventually('all are through', async () => (await arrived(job, job.output)) >= 110);
  kd.kill('SIGTERM');
  assert.equal((await kd.ended).code, 0);
  const read = texts(await cluster.tool.consume([job.output]));
  assert.deepEqual([...read].sort(), numbers(50, 160).sort());
  job.remove();
});

async function skipToLower(policy: 'earliest' | 'latest'): Promise<void> {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    consumer: { 'out-of-range': policy, properties: DISCOVERY },
  });
  await cluster.tool.send(job.input, values(0, 100));
  const kd = job.spawn(['--until', 'forever']);
  await eventually('the first are committed', async () => (await job.committed()) === 100);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await cluster.tool.send(job.input, values(100, 130));
  await eventually('the lower offset is committed', async () => (await job.committed()) <= 30, 90_000);
  kd.kill('SIGKILL');
  await kd.ended;
  await cluster.tool.send(job.input, values(130, 140));
  await job.runToEnd();
  const read = new Set(texts(await cluster.tool.consume([job.output])));
  for (const n of numbers(policy === 'latest' ? 130 : 100, 140)) assert.ok(read.has(n), `${n} is lost`);
  job.remove();
}

test('out-of-range to a lower offset is committed immediately: kill -9 then loses nothing', async () => {
  await Promise.all([skipToLower('earliest'), skipToLower('latest')]);
});

test(
  'a commit beyond the last stable offset waits for the open ' + 'transaction; it is not out of range',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1 });
    await cluster.tool.send(job.input, values(0, 10));
    await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 10 }]);
    const open = await cluster.tool.openTransaction(job.input, values(10, 20));
    await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 15 }]);
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/assigned/);
    await open.end('commit');
    await eventually('the rest is through', async () => (await arrived(job, job.output)) >= 5);
    kd.kill('SIGTERM');
    assert.equal((await kd.ended).code, 0);
    assert.deepEqual(texts(await cluster.tool.consume([job.output])), numbers(15, 20));
    job.remove();
  },
);
