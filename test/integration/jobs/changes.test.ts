/** A job that has changed since its start: each change is named, and decided by the user. */
import assert from 'node:assert/strict';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { type KdProcess, lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import type { Job } from '../job.js';
import { createInputAgain, newJob, outputRecords, produce, refusedJob, runJob } from './job-runs.js';

const PER_PARTITION = 500;
const jobsTopic = uniqueName('kd-jobs');
const dispatcher = { 'jobs-topic': jobsTopic, 'reload-interval': '0s' };
const ARGS = ['--job', 'j', '--from', 'earliest'];

const upperCase = (extra: string): string =>
  "import { emitRaw } from 'kafka-dispatcher';\nexport default { transform: (value: Buffer) => " +
  `emitRaw(Buffer.from(value.toString().toUpperCase() + '${extra}')) };`;

async function begun(job: Job): Promise<KdProcess> {
  const kd = job.spawn([...ARGS, '--rate', '300/s']);
  await kd.waitFor(/"message":"assigned"/);
  await delay(600);
  return kd;
}

/** Stopped before its end, everything that it took settled. */
async function stopped(kd: KdProcess): Promise<Summary> {
  kd.kill('SIGTERM');
  const { code, stdout, stderr } = await kd.ended;
  assert.equal(code, 7, stderr);
  return lastJson(stdout) as Summary;
}

test('a changed transform or option stops a job, is not reloaded, and is accepted once', async () => {
  const job = await newJob({ dispatcher, transform: upperCase('') });
  await produce(job, PER_PARTITION);
  const kd = await begun(job);
  writeFileSync(join(job.folder, 'transform.ts'), upperCase('!'));
  kd.kill('SIGHUP');
  await kd.waitFor(/needs a restart[^\n]*dispatcher.transform has changed since its start/);
  const before = await stopped(kd);
  const refused = await refusedJob(job, ARGS, 2);
  assert.match(
    refused,
    /the job j can't continue unchanged: dispatcher.transform has changed since its start/,
  );
  assert.match(refused, /--accept-change continues with it.*--again begins a new run/);
  const typed = await refusedJob(job, ['--job', 'j', '--from', '-1h', '--accept-change'], 2);
  assert.match(typed, /--from was earliest at its start, and is -1h now.*[^]*leave these options out/);
  const { summary, result } = await runJob(job, [...ARGS, '--accept-change']);
  assert.match(result.stderr, /accepted: dispatcher.transform has changed since its start/);
  assert.equal(before.records.consumed + summary.records.consumed, 2 * PER_PARTITION);
  assert.equal((await runJob(job, ARGS)).summary.state, 'already-done');
  const values = (await job.cluster.tool.consume([job.output])).map(({ value }) => value?.toString() ?? '');
  assert.equal(values.filter((value) => value.endsWith('!')).length, summary.records.consumed);
  job.remove();
});

test('after the committed offsets of its group expired, a job goes on where its instances were', async () => {
  const job = await newJob({ dispatcher });
  await produce(job, PER_PARTITION);
  await stopped(await begun(job));
  await job.cluster.tool.deleteGroups([`${job.group}.job.j`]);
  const { summary, result } = await runJob(job, ARGS);
  assert.match(result.stderr, /committed offsets of group \S+\.job\.j are gone \(offsets\.retention/);
  assert.equal(summary.job?.records.consumed, 2 * PER_PARTITION);
  assert.equal(await outputRecords(job), 2 * PER_PARTITION, 'nothing came twice, nothing was skipped');
  job.remove();
});

/** Another name of the same broker: for kd the input is on a cluster of its own. */
async function otherCluster(): Promise<string> {
  const { bootstrapServers } = await sharedCluster();
  const [host = '', port = ''] = bootstrapServers.split(':');
  return `${host === 'localhost' ? '127.0.0.1' : 'localhost'}:${port}`;
}

test('records of the range that were deleted are named, and counted as skipped once accepted', async () => {
  const job = await newJob({ dispatcher, consumer: { 'bootstrap-servers': await otherCluster() } });
  await produce(job, PER_PARTITION);
  const before = await stopped(await begun(job));
  const at = before.committed.find(({ partition }) => partition === 1)?.offset ?? 0;
  assert.ok(at < 400, `stopped at ${at}`);
  await job.cluster.tool.deleteRecords(job.input, { 1: 400 });
  const refused = await refusedJob(job, ARGS, 5);
  assert.match(refused, new RegExp(`were deleted \\(retention\\?\\).*${job.input}\\[1\\] ${at}–399`));
  const { summary } = await runJob(job, [...ARGS, '--accept-change']);
  assert.deepEqual(summary.job?.lost, [{ topic: job.input, partition: 1, from: at, to: 400 }]);
  assert.equal(summary.job.records.skipped, 400 - at);
  assert.equal(await outputRecords(job), 2 * PER_PARTITION - (400 - at));
  job.remove();
});

test('a topic that was created again is named, and read from its own positions once accepted', async () => {
  const job = await newJob({ dispatcher });
  await produce(job, PER_PARTITION);
  await stopped(await begun(job));
  await createInputAgain(job);
  await produce(job, 30, { text: 'new' });
  const refused = await refusedJob(job, ARGS, 5);
  assert.match(refused, new RegExp(`the topic ${job.input} was deleted and created again`));
  const { summary } = await runJob(job, [...ARGS, '--accept-change']);
  assert.equal(summary.records.consumed, 60);
  assert.deepEqual(
    summary.job?.ranges.map(({ from, until }) => [from, until]),
    [
      [0, 30],
      [0, 30],
    ],
  );
  assert.equal((await runJob(job, ARGS)).summary.state, 'already-done');
  job.remove();
});

test('a topic of jobs that Kafka would clear is refused with the command that changes it', async () => {
  const deleted = uniqueName('kd-jobs-deleted');
  const job = await newJob({ dispatcher: { 'jobs-topic': deleted } });
  await job.cluster.createTopic(deleted, { configs: { 'cleanup.policy': 'delete' } });
  const refused = await refusedJob(job, ARGS, 2);
  assert.match(refused, /has cleanup.policy=delete.*[^]*kafka-configs.sh --alter .*cleanup.policy=compact/);
  job.remove();
});
