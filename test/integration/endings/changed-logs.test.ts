/** Bounded runs whose logs change under them: what can't be read any more is named and counted. */
import assert from 'node:assert/strict';
import { existsSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { type KdProcess, lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, type JobSpec } from '../job.js';
import { eventually, texts } from '../waiting.js';

const OLD = 1_000;
const END_MS = 40_000;
const RECORD_BYTES = 1_000;

/** Holds every record back until the file `go` exists. */
const GATE = `import { existsSync, writeFileSync } from 'node:fs';
export default async (value) => {
  if (!existsSync('go')) writeFileSync('begun', '');
  while (!existsSync('go')) await new Promise((resolve) => setTimeout(resolve, 20));
  return value;
};
`;
/** Little is fetched ahead of the gate. */
const SHORT_QUEUES = { 'queued.min.messages': '1', 'fetch.message.max.bytes': '16384' };
/** A member that is killed gives its partitions back after this time. */
const SHORT_SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
const SHORT_FLIGHT = { 'in-flight': { 'records-max': 40 }, batch: { 'records-max': 10 } };

type Policy = 'stop' | 'earliest';

const cluster = await sharedCluster();

function values(from: number, to: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: 0,
    value: Buffer.from(String(from + i).padEnd(RECORD_BYTES)),
  }));
}

function jobOf(policy: Policy, spec: Partial<JobSpec> = {}): Promise<Job> {
  return Job.create({
    cluster,
    partitions: 1,
    transform: GATE,
    ...spec,
    consumer: { 'out-of-range': policy, properties: { ...SHORT_SESSION, ...SHORT_QUEUES } },
  });
}

async function createdAgain(job: Job, from: number, to: number): Promise<void> {
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await cluster.tool.send(job.input, values(from, to));
}

async function ended(
  kd: KdProcess,
): Promise<{ readonly code: number | null; readonly stderr: string; readonly summary: Summary }> {
  const overdue = setTimeout(() => kd.kill('SIGKILL'), END_MS);
  const { code, stderr, stdout } = await kd.ended;
  clearTimeout(overdue);
  assert.notEqual(code, null, `it did not end:\n${stderr.slice(-3000)}`);
  return { code, stderr, summary: lastJson(stdout) as Summary };
}

async function distinct(job: Job): Promise<readonly number[]> {
  const read = texts(await cluster.tool.consume([job.output], { max: 10 * OLD }));
  return [...new Set(read.map(Number))].sort((a, b) => a - b);
}

function upTo(from: number, to: number): number[] {
  return Array.from({ length: to - from }, (_, n) => from + n);
}

/** A bounded run that has read the first records and waits, while `change` is made. */
async function changedWhileReading(job: Job, change: () => Promise<void>): Promise<KdProcess> {
  await cluster.tool.send(job.input, values(0, OLD));
  const kd = job.spawn();
  await eventually('the first record is being transformed', () => existsSync(join(job.folder, 'begun')));
  await change();
  writeFileSync(join(job.folder, 'go'), '');
  return kd;
}

/** A bounded run that gets its only partition from another member, after `change`. */
async function changedBeforeAssigned(job: Job, change: () => Promise<void>): Promise<KdProcess> {
  await cluster.tool.send(job.input, values(0, OLD));
  const holder = job.spawn(['--until', 'forever']);
  await holder.waitFor(/"message":"assigned","partitions":1/);
  const kd = job.spawn();
  await kd.waitFor(/"message":"assigned","partitions":0/);
  await change();
  holder.kill('SIGKILL');
  await holder.ended;
  writeFileSync(join(job.folder, 'go'), '');
  return kd;
}

const WHILE_READING = { dispatcher: SHORT_FLIGHT };

describe('a log that changes while a bounded run reads it', { concurrency: true }, () => {
  test('records deleted ahead of a bounded run: earliest goes on, names and counts them', async () => {
    const job = await jobOf('earliest', WHILE_READING);
    const kd = await changedWhileReading(job, () => cluster.tool.deleteRecords(job.input, { 0: 700 }));
    const { code, stderr, summary } = await ended(kd);
    assert.equal(code, 0, stderr);
    const { consumed, skipped } = summary.records;
    assert.ok(consumed < OLD && consumed >= 300, `${consumed} were read`);
    assert.equal(skipped, OLD - consumed);
    assert.match(stderr, new RegExp(`"skipped":"${job.input}\\[0\\] \\[${700 - skipped}, 700\\)"`));
    assert.equal(await job.committed(), OLD);
    job.remove();
  });

  test('records deleted ahead of a bounded run: stop ends it with exit 5', async () => {
    const job = await jobOf('stop', WHILE_READING);
    const kd = await changedWhileReading(job, () => cluster.tool.deleteRecords(job.input, { 0: 700 }));
    const { code, stderr, summary } = await ended(kd);
    assert.equal(code, 5, stderr);
    assert.equal(summary.reason.code, 'OFFSET_OUT_OF_RANGE');
    assert.match(summary.reason.message, new RegExp(`${job.input}\\[0\\].*\\[700, 1000\\)`));
    job.remove();
  });

  for (const length of [OLD, 2 * OLD]) {
    test(`stop: a topic created again with ${length} records under a bounded run is exit 5`, async () => {
      const job = await jobOf('stop');
      const kd = await changedWhileReading(job, () => createdAgain(job, OLD, OLD + length));
      const { code, stderr, summary } = await ended(kd);
      assert.equal(code, 5, stderr);
      assert.equal(summary.reason.code, 'OFFSET_OUT_OF_RANGE');
      assert.match(summary.reason.message, new RegExp(`${job.input}\\[0\\]: .*deleted and created again`));
      await job.runToEnd();
      assert.deepEqual(
        (await distinct(job)).filter((n) => n >= OLD),
        upTo(OLD, OLD + length),
      );
      job.remove();
    });

    test(`earliest: a topic created again with ${length} records under a bounded run is read`, async () => {
      const job = await jobOf('earliest');
      const kd = await changedWhileReading(job, () => createdAgain(job, OLD, OLD + length));
      const { code, stderr } = await ended(kd);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`${job.input}: deleted and created again`));
      assert.deepEqual(
        (await distinct(job)).filter((n) => n >= OLD),
        upTo(OLD, OLD + length),
      );
      assert.equal(await job.committed(), length);
      job.remove();
    });
  }
});

describe('a partition that comes by a rebalance, after its log changed', { concurrency: true }, () => {
  for (const length of [OLD / 2, OLD, 2 * OLD]) {
    test(`of a topic created again with ${length} records, it is read to its new end`, async () => {
      const job = await jobOf('earliest');
      const kd = await changedBeforeAssigned(job, () => createdAgain(job, OLD, OLD + length));
      const { code, stderr, summary } = await ended(kd);
      assert.equal(code, 0, stderr);
      assert.match(stderr, new RegExp(`${job.input}\\[0\\].*created again`));
      assert.deepEqual(await distinct(job), upTo(OLD, OLD + length));
      assert.equal(summary.records.skipped, OLD);
      assert.equal(await job.committed(), length);
      job.remove();
    });
  }

  test('of a topic created again, it ends the run with exit 5 if the policy is stop', async () => {
    const job = await jobOf('stop');
    const kd = await changedBeforeAssigned(job, () => createdAgain(job, OLD, 3 * OLD));
    const { code, stderr, summary } = await ended(kd);
    assert.equal(code, 5, stderr);
    assert.match(summary.reason.message, new RegExp(`${job.input}\\[0\\].*created again`));
    job.remove();
  });

  test('if its records were deleted, earliest names and counts them', async () => {
    const job = await jobOf('earliest');
    await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 400 }]);
    const kd = await changedBeforeAssigned(job, () => cluster.tool.deleteRecords(job.input, { 0: 700 }));
    const { code, stderr, summary } = await ended(kd);
    assert.equal(code, 0, stderr);
    assert.equal(summary.records.consumed, 300);
    assert.equal(summary.records.skipped, 300);
    assert.match(stderr, new RegExp(`"skipped":"${job.input}\\[0\\] \\[400, 700\\)"`));
    job.remove();
  });
});
