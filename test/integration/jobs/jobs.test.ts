/** `kd run --job`: a bounded job with ends of its own, kept in Kafka. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { lastJson, runKd, spawnKd } from '../../support/kd.js';
import type { Job } from '../job.js';
import { elsewhere, newJob, outputRecords, produce, refusedJob, runJob } from './job-runs.js';

const SLOW = ['--rate', '300/s'];

test('a job reads its range and no more though the topic grows, and is resumed elsewhere', async () => {
  const job = await newJob({ dispatcher: { 'jobs-topic': uniqueName('kd-jobs') } });
  await produce(job, 500);
  const args = ['--from', '+100', '--job', 'all'];
  const first = job.spawn([...args, ...SLOW]);
  await first.waitFor(/"message":"assigned"/);
  await produce(job, 50);
  first.kill('SIGTERM');
  const stopped = await first.ended;
  assert.equal(stopped.code, 7, stopped.stderr);
  const before = lastJson(stopped.stdout) as Summary;
  assert.match(before.reason.remedy ?? '', /the same command again, on any machine/);
  assert.equal(before.job?.finishedAt, null);

  const machine = elsewhere(job);
  const { summary } = await runJob(machine, [...args, '--set', 'name=other']);
  assert.equal(summary.job?.resumed, true);
  assert.equal(before.records.consumed + summary.records.consumed, 800);
  assert.equal(before.progress.recordsDone, before.records.transformed);
  assert.equal(before.progress.percent, Math.floor(before.records.transformed / 0.8) / 10);
  assert.deepEqual([summary.progress.percent, summary.progress.recordsDone], [100, 800], 'of the whole job');
  assert.deepEqual(
    summary.job.ranges.map(({ partition, from, until }) => [partition, from, until]),
    [
      [0, 100, 500],
      [1, 100, 500],
    ],
  );
  assert.equal(await outputRecords(job), 800);
  assert.equal(await job.committed(), 0, 'the live group has not moved');

  const done = await runJob(job, args);
  assert.equal(done.summary.state, 'already-done');
  assert.equal(done.summary.records.consumed, 800);
  assert.deepEqual([done.summary.job?.instances, done.summary.job?.unended], [2, 0]);
  assert.equal(done.summary.committed[0]?.offset, 500);
  const text = await runKd(['run', ...args, '--progress-file', 'done.jsonl'], { cwd: job.folder });
  const event = JSON.parse(readFileSync(join(job.folder, 'done.jsonl'), 'utf8')) as unknown;
  assert.deepEqual(event, { event: 'finished', at: (event as { at: string }).at, ...done.summary });
  assert.match(text.stdout, /state +already-done, exit 0\n.*was finished at/);
  assert.doesNotMatch(done.result.stderr, /assigned/);

  const other = await refusedJob(job, [...args, '--until', '-5'], 2);
  assert.match(
    other,
    /the job all is finished, but with other options than now: --until was end .*and is -5 now/,
  );

  await killedWhenBegun(job);
  assert.match(
    await refusedJob(job, ['--job', 'cut', '--again'], 2),
    /run 1 of the job cut was begun \d+ s ago[^]*without --again joins it/,
  );
  const repeated = await runJob(job, ['--job', 'all', '--again']);
  assert.equal(repeated.summary.records.consumed, 900, 'from +100 as before, until the end of now');
  const again = await runJob(job, ['--job', 'all', '--from', '-10', '--again']);
  assert.deepEqual([again.summary.records.consumed, again.summary.job?.run], [20, 3]);
  assert.equal((await runJob(job, ['--job', 'all'])).summary.records.consumed, 20);
  job.remove();
});

/** Begins a job, and is gone before it has joined the group. */
async function killedWhenBegun(job: Job): Promise<void> {
  const kd = spawnKd(['run', '--job', 'cut'], { cwd: job.folder });
  await kd.waitFor(/"message":"the job begins"/);
  kd.kill('SIGKILL');
  await kd.ended;
}

test('two instances that start at once share one job, and one that is killed is replaced', async () => {
  const job = await newJob({ partitions: 4, dispatcher: { 'jobs-topic': uniqueName('kd-jobs') } });
  await produce(job, 500, { partitions: 4 });
  const args = ['--job', 'shared', '--partitions', '0-2', ...SLOW];
  const properties = ['--set', 'kafka.consumer.properties.session.timeout.ms=6000'];
  const both = [job.spawn([...args, ...properties]), job.spawn([...args, ...properties])];
  await Promise.all(both.map((one) => one.waitFor(/"message":"assigned"/)));
  const [killed, left] = both;
  killed?.kill('SIGKILL');
  await killed?.ended;
  const third = job.spawn([...args, ...properties]);
  const ended = await Promise.all([left?.ended, third.ended]);
  for (const one of ended) assert.equal(one?.code, 0, one?.stderr);
  const { summary } = await runJob(job, ['--job', 'shared']);
  assert.equal(summary.state, 'already-done');
  assert.deepEqual([summary.job?.instances, summary.job?.unended], [3, 1]);
  assert.deepEqual(
    summary.job?.ranges.map(({ partition, from, until }) => [partition, from, until]),
    [0, 1, 2].map((partition) => [partition, 0, 500]),
  );
  const values = (await job.cluster.tool.consume([job.output])).map(({ value }) => value?.toString() ?? '');
  assert.equal(new Set(values).size, 1500, 'every record of the range, and none of partition 3');
  job.remove();
});

test("a topic that begins to match the expression is no part of the job, and in nobody's way", async () => {
  const name = uniqueName('matching');
  const consumer = { topics: `/^${name}-/` };
  const job = await newJob({ consumer, dispatcher: { 'jobs-topic': uniqueName('kd-jobs') } });
  const topics = ['a', 'b'].map((letter) => `${name}-${letter}`);
  const values = Array.from({ length: 2400 }, (_, n) => ({ key: null, value: Buffer.from(String(n)) }));
  for (const topic of topics) await job.cluster.createTopic(topic, { partitions: 1 });
  await job.cluster.tool.send(`${name}-a`, values);
  const first = job.spawn(['--job', 'j', ...SLOW]);
  await first.waitFor(/"message":"assigned"/);
  await job.cluster.createTopic(`${name}-c`, { partitions: 1 });
  await job.cluster.tool.send(`${name}-c`, values);
  const second = await runJob(job, ['--job', 'j', ...SLOW]);
  const { code, stderr } = await first.ended;
  assert.equal(code, 0, stderr);
  assert.deepEqual(second.summary.job?.ranges.map(({ topic, until }) => [topic, until]).sort(), [
    [`${name}-a`, 2400],
    [`${name}-b`, 0],
  ]);
  assert.equal(second.summary.job.records.consumed, 2400);
  job.remove();
});

test('nonsense is refused before anything is connected', async () => {
  const job = await newJob({ partitions: 1, outputPartitions: 0 });
  const cases: readonly (readonly [args: readonly string[], says: RegExp])[] = [
    [['--from', '-1h'], /--from -1h without --job: .*\n.*--job NAME.*kd group reset/],
    [['--job', 'x', '--from', '2026-11-27', '--until', '2026-11-26'], /nothing is between them\n.*be later/],
    [['--job', 'x', '--from', '2026-11-27', '--until', '2026-11-27'], /nothing is between them/],
    [['--job', 'x', '--from', '-1h', '--until', '-2h'], /nothing is between them/],
    [['--job', 'x', '--from', '-5', '--until', '-10'], /nothing is between them/],
    [['--job', 'x', '--until', 'earliest'], /nothing is between them/],
    [['--rate', '5000'], /'--rate <rate>' argument '5000' is invalid. it is not a rate; write for example/],
    [['--partitions', '0'], /--partitions is for jobs only/],
    [['--again'], /--again is for jobs only/],
    [['--accept-change'], /--accept-change is for jobs only/],
    [['--job', 'x', '--until', 'forever'], /a job has an end/],
    [['--job', 'a job'], /"a job" is not a job name: use letters, digits/],
    [['--job', 'x'.repeat(101)], /100 characters at most, not 101/],
    [['--job', 'x', '--set', `dispatcher.jobs-topic=${job.input}`], /which is also an input of this job/],
  ];
  for (const [args, says] of cases) assert.match(await refusedJob(job, args, 2), says, args.join(' '));
  assert.match(
    await refusedJob(job, ['--job', 'x', '--partitions', '3'], 2),
    /no topic of this job has a partition 3/,
  );
  job.remove();
});
