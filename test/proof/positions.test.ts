/** Where reading begins, and goes on after the log went back: no record is passed over. */
import assert from 'node:assert/strict';
import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { Job } from '../integration/job.js';
import { arrived, eventually } from '../integration/waiting.js';
import { uniqueName, withCluster } from '../support/kafka-cluster.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { numbersIn, saying } from './support.js';

const WAIT_MS = 120_000;
const PROTOCOLS = ['classic', 'consumer'] as const;

function values(from: number, to: number, partition = 0): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({ partition, value: Buffer.from(String(from + i)) }));
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

async function distinct(job: Job): Promise<number[]> {
  const read = numbersIn(await job.cluster.tool.consume([job.output]));
  return [...new Set(read)].sort((a, b) => a - b);
}

for (const protocol of PROTOCOLS) {
  test(
    'latest at default settings reads 110 of 110 with a partition created during the run ' + `(${protocol})`,
    async () => {
      const cluster = await sharedCluster();
      const job = await Job.create({
        cluster,
        partitions: 1,
        outputPartitions: 2,
        consumer: { 'auto-offset-reset': 'latest', properties: { 'group.protocol': protocol } },
      });
      await cluster.tool.send(job.input, values(0, 50));
      const kd = job.spawn(['--until', 'forever']);
      await saying([kd], async () => {
        await kd.waitFor(/"message":"assigned","partitions":1/);
        await cluster.tool.send(job.input, values(50, 60));
        await cluster.tool.createPartitions(job.input, 2);
        await cluster.tool.send(job.input, values(60, 160, 1));
        await eventually('all 110', async () => (await arrived(job, job.output)) >= 110, WAIT_MS);
        kd.kill('SIGTERM');
        assert.equal((await kd.ended).code, 0);
        assert.deepEqual(await distinct(job), upTo(50, 160));
        assert.equal(await job.committed(), 160);
      });
      job.remove();
    },
  );

  test(
    'latest at default settings reads 100 of 100 in a topic that an expression finds later ' +
      `(${protocol})`,
    async () => {
      const cluster = await sharedCluster();
      const name = uniqueName('born');
      const job = await Job.create({
        cluster,
        partitions: 1,
        consumer: {
          topics: `/^${name}-\\d$/`,
          'auto-offset-reset': 'latest',
          properties: { 'group.protocol': protocol },
        },
      });
      await cluster.createTopic(`${name}-1`, { partitions: 1 });
      await cluster.tool.send(`${name}-1`, values(0, 50));
      const kd = job.spawn(['--until', 'forever']);
      await saying([kd], async () => {
        await kd.waitFor(/"message":"assigned","partitions":1/);
        await cluster.createTopic(`${name}-2`, { partitions: 1 });
        await cluster.tool.send(`${name}-2`, values(100, 200));
        await eventually('all 100', async () => (await arrived(job, job.output)) >= 100, WAIT_MS);
        kd.kill('SIGTERM');
        assert.equal((await kd.ended).code, 0);
        assert.deepEqual(await distinct(job), upTo(100, 200));
      });
      job.remove();
    },
  );
}

/** The log of the input ends at 0 again, under the same topic id: as after an unclean election. */
async function truncated(policy: 'stop' | 'earliest' | 'latest'): Promise<void> {
  await withCluster({ brokers: 1 }, async (cluster) => {
    const job = await Job.create({ cluster, partitions: 1, consumer: { 'out-of-range': policy } });
    await cluster.tool.send(job.input, values(0, 100));
    const kd = job.spawn(['--until', 'forever']);
    await saying([kd], async () => {
      await eventually('the first are committed', async () => (await job.committed()) === 100, WAIT_MS);
      await cluster.kill(1);
      rmSync(join(cluster.logDir(1), `${job.input}-0`), { recursive: true });
      await cluster.restart(1);
      await cluster.tool.send(job.input, values(100, 130));
      if (policy === 'stop') {
        assert.equal((await kd.ended).code, 5);
        assert.match(kd.stderr, new RegExp(`offset 100 of ${job.input}\\[0\\].*truncated`));
        return;
      }
      await eventually('the lower offset is committed', async () => (await job.committed()) <= 30, WAIT_MS);
      kd.kill('SIGKILL');
      await kd.ended;
      await cluster.tool.send(job.input, values(130, 140));
      const { summary } = await job.runToEnd();
      const read = await distinct(job);
      const first = policy === 'latest' ? 130 : 100;
      assert.deepEqual(
        read.filter((n) => n >= first),
        upTo(first, 140),
      );
      assert.ok(summary.records.consumed <= 40, `${summary.records.consumed} records are read again`);
    });
    job.remove();
  });
}

for (const policy of ['stop', 'earliest', 'latest'] as const)
  test(`kill -9 after the log lost its end loses no record (out-of-range: ${policy})`, async () => {
    await truncated(policy);
  });
