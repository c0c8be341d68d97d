/** An input topic deleted and created again under a run: all records come out, or the run says why not. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '../integration/job.js';
import { arrived, eventually, texts } from '../integration/waiting.js';
import { type KdProcess, type KdResult, runKd } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { saying } from './support.js';

const OLD = 1_000;
const ALL = 6_000;
const WAIT_MS = 90_000;

const cluster = await sharedCluster();

type Policy = 'stop' | 'earliest' | 'latest';
type Protocol = 'classic' | 'consumer';

interface Shape {
  readonly protocol: Protocol;
  readonly partitions: number;
  readonly members: number;
}

const SHAPES: readonly Shape[] = [
  { protocol: 'classic', partitions: 1, members: 1 },
  { protocol: 'consumer', partitions: 1, members: 1 },
  { protocol: 'classic', partitions: 4, members: 2 },
  { protocol: 'consumer', partitions: 4, members: 2 },
];

function values(from: number, to: number, partitions: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: i % partitions,
    value: Buffer.from(String(from + i)),
  }));
}

/** Numbers from `from` to `to` that are not in the output. */
async function missing(job: Job, from: number, to: number): Promise<readonly number[]> {
  const seen = new Set(texts(await cluster.tool.consume([job.output], { max: 10 * ALL })));
  return Array.from({ length: to - from }, (_, n) => from + n).filter((n) => !seen.has(String(n)));
}

function jobOf(policy: Policy, { protocol, partitions }: Shape): Promise<Job> {
  return Job.create({
    cluster,
    partitions,
    consumer: {
      'out-of-range': policy,
      ...(protocol === 'consumer' ? { properties: { 'group.protocol': 'consumer' } } : {}),
    },
  });
}

/** Members that have read the old records, and then find another topic under the name. */
async function replaced(job: Job, { partitions, members }: Shape): Promise<readonly KdProcess[]> {
  await cluster.tool.send(job.input, values(0, OLD, partitions));
  const running = Array.from({ length: members }, () => job.spawn(['--until', 'forever']));
  // A member that owned nothing when the topic was replaced has no offsets of the old one, and just goes on.
  for (const kd of running) await kd.waitFor(/"message":"assigned","partitions":[1-9]/);
  await eventually('the old records are through', async () => (await arrived(job, job.output)) >= OLD);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions });
  await cluster.tool.send(job.input, values(OLD, ALL, partitions));
  return running;
}

/** SIGTERM when it has not ended by itself. */
async function ended(kd: KdProcess): Promise<KdResult> {
  const overdue = setTimeout(() => kd.kill('SIGTERM'), WAIT_MS);
  const result = await kd.ended;
  clearTimeout(overdue);
  return result;
}

/**
 * Kafka forgets what the group had committed in the old topic. But while one member ends, the last commit of
 * another may still be on its way and come after the new topic: then a run is refused once more, and what it
 * tells to do helps.
 */
async function nextRun(job: Job, { members }: Shape): Promise<void> {
  const { code, stderr } = await runKd(['run', '--until', 'end'], { cwd: job.folder });
  if (code === 0) return;
  assert.ok(members > 1 && code === 5, stderr.slice(-6000));
  const remedy = /kd (group reset \S+ --topic \S+ --to earliest --execute)/.exec(stderr)?.[1] ?? '';
  assert.equal((await runKd(remedy.split(' '), { cwd: job.folder })).code, 0, stderr.slice(-6000));
  await job.runToEnd();
}

async function stopped(running: readonly KdProcess[]): Promise<void> {
  for (const kd of running) kd.kill('SIGTERM');
  for (const kd of running) {
    const { code, stderr } = await kd.ended;
    assert.equal(code, 0, stderr.slice(-6000));
  }
}

for (const shape of SHAPES) {
  const { protocol, partitions, members } = shape;
  const where = `${protocol}, ${partitions} partitions, ${members} members`;

  test(`stop exits 5 and names the topic, and the next run reads all 6,000 (${where})`, async () => {
    const job = await jobOf('stop', shape);
    const running = await replaced(job, shape);
    await saying(running, async () => {
      for (const kd of running) {
        const { code, stderr } = await ended(kd);
        assert.equal(code, 5);
        assert.match(stderr, new RegExp(`${job.input}\\[\\d\\]: the topic was deleted and created again`));
      }
      await nextRun(job, shape);
      assert.equal((await missing(job, 0, ALL)).length, 0, 'records are lost');
    });
    job.remove();
  });

  test(`earliest writes all 6,000, and kill -9 afterwards loses nothing (${where})`, async () => {
    const job = await jobOf('earliest', shape);
    const running = await replaced(job, shape);
    await saying(running, async () => {
      await eventually('all is through', async () => (await missing(job, 0, ALL)).length === 0, WAIT_MS);
      await eventually('and committed', async () => (await job.committed()) === ALL - OLD, WAIT_MS);
      for (const kd of running) kd.kill('SIGKILL');
      for (const kd of running) await kd.ended;
      await cluster.tool.send(job.input, values(ALL, ALL + 100, partitions));
      const { summary } = await job.runToEnd();
      assert.equal(summary.records.consumed, 100);
      assert.equal((await missing(job, 0, ALL + 100)).length, 0, 'records are lost');
    });
    job.remove();
  });

  test(`latest continues at the end of the new topic and loses nothing after it (${where})`, async () => {
    const job = await jobOf('latest', shape);
    const running = await replaced(job, shape);
    await saying(running, async () => {
      await eventually(
        'all members have noticed',
        () => running.every(({ stderr }) => stderr.includes('deleted and created again')),
        WAIT_MS,
      );
      // Some may have moved by the group's hand, which says other words.
      await sleep(3_000);
      await eventually('the end is committed', async () => (await job.committed()) === ALL - OLD, WAIT_MS);
      await cluster.tool.send(job.input, values(ALL, ALL + 100, partitions));
      await eventually(
        'what comes after is through',
        async () => (await missing(job, ALL, ALL + 100)).length === 0,
        WAIT_MS,
      );
      await stopped(running);
      assert.equal(await job.committed(), ALL - OLD + 100);
      assert.equal((await missing(job, 0, OLD)).length, 0, 'records are lost');
    });
    job.remove();
  });
}
