/** What happens to a job while it runs: its topic is replaced, or its end can't be written down. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { lastJson } from '../../support/kd.js';
import { createInputAgain, newJob, outputRecords, produce, refusedJob, runJob } from './job-runs.js';

const ARGS = ['--job', 'j', '--from', 'earliest'];

test('an end that could not be written down is said, and written down by the same command', async () => {
  const jobsTopic = uniqueName('kd-jobs');
  const job = await newJob({ dispatcher: { 'jobs-topic': jobsTopic } });
  await produce(job, 200);
  const kd = job.spawn([...ARGS, '--rate', '200/s']);
  await kd.waitFor(/"message":"assigned"/);
  await delay(500);
  const { tool } = job.cluster;
  await tool.alterTopicConfigs(jobsTopic, { 'max.message.bytes': '100' });
  const { code, stdout, stderr } = await kd.ended;
  const summary = lastJson(stdout) as Summary;
  assert.equal(code, 7, stderr);
  assert.match(stderr, /what this instance has done was not recorded: .*max\.message\.bytes/);
  assert.match(summary.reason.message, /all records of the job are settled, but its end was not recorded/);
  assert.deepEqual([summary.state, summary.job?.finishedAt], ['stopped', null]);
  assert.deepEqual([summary.job?.instances, summary.job?.records.emitted], [1, 400], 'counts of its own');
  await tool.alterTopicConfigs(jobsTopic, { 'max.message.bytes': null });
  const again = await runJob(job, ARGS);
  assert.deepEqual([again.summary.records.consumed, again.summary.job?.resumed], [0, true]);
  assert.equal(await outputRecords(job), 400);
  assert.equal((await runJob(job, ARGS)).summary.state, 'already-done');
  job.remove();
});

test('a topic that is created again while its job runs ends the job, and nothing of it is read', async () => {
  const job = await newJob({ dispatcher: { 'jobs-topic': uniqueName('kd-jobs') } });
  await produce(job, 1_000);
  const kd = job.spawn([...ARGS, '--rate', '200/s']);
  await kd.waitFor(/"message":"assigned"/);
  await delay(500);
  await createInputAgain(job);
  await produce(job, 30, { text: 'new' });
  const { code, stdout, stderr } = await kd.ended;
  const { reason, job: report } = lastJson(stdout) as Summary;
  assert.equal(code, 5, stderr);
  assert.match(reason.message, /the topic was deleted and created again while group \S+\.job\.j was reading/);
  assert.match(reason.remedy ?? '', /run the same command again.*--accept-change, --again/);
  assert.equal(report?.finishedAt, null);
  const values = (await job.cluster.tool.consume([job.output])).map(({ value }) => value?.toString() ?? '');
  assert.deepEqual(
    values.filter((value) => value.startsWith('new')),
    [],
  );
  assert.match(
    await refusedJob(job, ARGS, 5),
    /was deleted and created again: its offsets mean other records/,
  );
  job.remove();
});
