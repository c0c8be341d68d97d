/** `kd run --plan`: what a run would read, without running it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import type { RunPlan } from '../../../src/app/plan/plan.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { lastJson, runKd } from '../../support/kd.js';
import type { Job } from '../job.js';
import { newJob, produce, refusedJob, runJob } from './job-runs.js';

const DAY_MS = 86_400_000;
const OLD_LETTERS = ['--set', 'dispatcher.dead-letter.timestamp=source'];

async function planOf(job: Job, args: readonly string[]): Promise<RunPlan> {
  const result = await runKd(['run', '--plan', '-o', 'json', ...args], { cwd: job.folder });
  assert.equal(result.code, 0, result.stderr + result.stdout);
  return lastJson(result.stdout) as RunPlan;
}

function rangesOf({ partitions }: RunPlan): readonly (readonly [number, number, number])[] {
  return partitions.map(({ partition, from, until }) => [partition, from, until]);
}

test('a plan heeds the partitions, the rate and what output topics refuse, and needs an end', async () => {
  const job = await newJob({
    deadLetter: true,
    outputConfigs: { 'retention.ms': '-1', 'message.timestamp.before.max.ms': String(5 * DAY_MS) },
  });
  await job.cluster.tool.alterTopicConfigs(job.deadLetters, { 'retention.ms': String(7 * DAY_MS) });
  const timestampMs = Date.now() - 10 * DAY_MS;
  await produce(job, 300, { text: 'ten chars', timestampMs });
  const cwd = job.folder;
  const [plan, one, late] = await Promise.all([
    planOf(job, ['--from', '+100', '--until', '-50', ...OLD_LETTERS]),
    planOf(job, ['--partitions', '1', '--rate', '100/s', '--set', 'dispatcher.output.timestamp=now']),
    runKd(['run', '--plan', '--from', '-1000000ms'], { cwd }),
  ]);
  assert.deepEqual(rangesOf(plan), [
    [0, 100, 250],
    [1, 100, 250],
  ]);
  assert.deepEqual([plan.group, plan.job, plan.sample.records], [job.group, null, 300]);
  assert.equal(plan.bytes, 300 * 2 * 'ten chars-200'.length);
  const warnings = plan.warnings.map(({ subject, message, remedy }) => `${subject} ${message} ${remedy}`);
  assert.equal(warnings.length, 2);
  assert.match(warnings[0] ?? '', /-out refuses records whose timestamp is older than 5 days/);
  assert.match(warnings[1] ?? '', /-dlq keeps records for 7 days .*dispatcher\.dead-letter\.timestamp: now/);
  assert.deepEqual([rangesOf(one), one.secondsMin, one.warnings], [[[1, 0, 300]], 3, []]);
  assert.match(late.stdout, /at most 0 records/);
  assert.match(late.stderr, /from: no record is of that time or later: the end/);

  assert.match(await refusedJob(job, ['--plan', '--until', 'forever'], 2), /a plan has an end/);
  assert.match(await refusedJob(job, ['--plan', '-o', 'jsonl'], 2), /a plan has none/);
  assert.match(await refusedJob(job, ['--plan', '--again'], 2), /--again is for jobs only/);
  job.remove();
});

test('the plan of a job: before it begins, in its middle, when it has changed, and at its end', async () => {
  const jobsTopic = uniqueName('kd-jobs');
  const job = await newJob({ dispatcher: { 'jobs-topic': jobsTopic } });
  await produce(job, 300);
  const args = ['--job', 'old', '--from', '+100'];
  const before = await planOf(job, args);
  assert.deepEqual(before.job, { name: 'old', state: 'new' });
  assert.equal(before.group, `${job.group}.job.old`);
  assert.equal(before.records, 400);
  const topics = await runKd(['topics', 'list', '--all', '-o', 'json'], { cwd: job.folder });
  assert.doesNotMatch(topics.stdout, new RegExp(jobsTopic), 'no topic was created');

  const run = job.spawn([...args, '--rate', '100/s']);
  await run.waitFor(/"message":"assigned"/);
  await pause(1_000);
  run.kill('SIGTERM');
  const stopped = await run.ended;
  assert.equal(stopped.code, 7, stopped.stderr);
  const done = (lastJson(stopped.stdout) as { records: { consumed: number } }).records.consumed;
  await produce(job, 50);
  const middle = await planOf(job, ['--job', 'old']);
  assert.deepEqual(middle.job, { name: 'old', state: 'begun' });
  assert.ok(done > 0 && done < 400);
  assert.equal(middle.records, 400 - done, 'to its pinned end, from where it is');
  assert.deepEqual(middle.warnings, []);
  const changed = await planOf(job, ['--job', 'old', '--set', 'dispatcher.output.timestamp=now']);
  assert.match(
    changed.warnings[0]?.message ?? '',
    /refuse to continue the job old: dispatcher\.output has changed/,
  );

  await runJob(job, ['--job', 'old']);
  const after = await planOf(job, ['--job', 'old']);
  assert.deepEqual([after.job?.state, after.records, after.secondsMin], ['already-done', 0, 0]);
  assert.equal((await planOf(job, ['--job', 'old', '--again'])).records, 700);
  job.remove();
});
