import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { KdProcess, KdResult } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, type JobSpec } from '../job.js';
import { arrived, eventually, texts } from '../waiting.js';

const OLD = 1_000;
const ALL = 6_000;
const END_MS = 30_000;
const REFRESH = { 'topic.metadata.refresh.interval.ms': '5000' };

const cluster = await sharedCluster();

function values(from: number, to: number, partition = 0): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({ partition, value: Buffer.from(String(from + i)) }));
}

function numbers(from: number, to: number): string[] {
  return values(from, to).map(({ value }) => value.toString());
}

function jobOf(consumer: Record<string, unknown>, spec: Partial<JobSpec> = {}): Promise<Job> {
  return Job.create({ cluster, partitions: 1, consumer: { properties: REFRESH, ...consumer }, ...spec });
}

/**
 * Runs on {@link OLD} records; then the input is deleted and created again under the same name with the
 * remaining records.
 */
async function inputReplaced(job: Job): Promise<KdProcess> {
  await cluster.tool.send(job.input, values(0, OLD));
  const kd = job.spawn(['--until', 'forever']);
  await eventually('the first records are through', async () => (await arrived(job, job.output)) === OLD);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await cluster.tool.send(job.input, values(OLD, ALL));
  return kd;
}

async function ended(kd: KdProcess): Promise<KdResult> {
  const overdue = setTimeout(() => kd.kill('SIGTERM'), END_MS);
  const result = await kd.ended;
  clearTimeout(overdue);
  return result;
}

async function distinct(job: Job): Promise<Set<string | null>> {
  return new Set(texts(await cluster.tool.consume([job.output], { max: 3 * ALL })));
}

test(
  'a topic deleted and created again while a job reads it ends the run with exit 5 that names the ' + 'topic',
  async () => {
    const job = await jobOf({});
    const kd = await inputReplaced(job);
    const { code, stderr } = await ended(kd);
    assert.equal(code, 5, stderr);
    assert.match(stderr, /OFFSET_OUT_OF_RANGE/);
    assert.match(
      stderr,
      new RegExp(`${job.input}\\[0\\]: the topic was deleted and created again.*${job.group}`),
    );
    assert.match(stderr, /kd group reset \S+ --topic \S+ --to earliest --execute/);
    assert.equal(await job.committed(), 0, 'nothing of the old topic is committed into the new one');
    await job.runToEnd();
    assert.deepEqual(await distinct(job), new Set(numbers(0, ALL)));
    job.remove();
  },
);

for (const protocol of ['classic', 'consumer']) {
  const group = protocol === 'consumer' ? { 'group.protocol': 'consumer' } : {};

  test(`out-of-range: earliest reads a recreated topic from its beginning (${protocol})`, async () => {
    const job = await jobOf({ 'out-of-range': 'earliest', properties: { ...REFRESH, ...group } });
    const kd = await inputReplaced(job);
    await eventually('all records are through', async () => (await distinct(job)).size === ALL, END_MS);
    await eventually('all is committed', async () => (await job.committed()) === ALL - OLD, END_MS);
    kd.kill('SIGTERM');
    const { code, stderr } = await ended(kd);
    assert.equal(code, 0, stderr);
    assert.match(stderr, new RegExp(`${job.input}: deleted and created again`));
    assert.equal(await job.committed(), ALL - OLD);
    job.remove();
  });
}

test('out-of-range: latest continues at the end of a recreated topic, and commits that offset', async () => {
  const job = await jobOf({ 'out-of-range': 'latest' });
  const kd = await inputReplaced(job);
  await eventually('the end is committed', async () => (await job.committed()) === ALL - OLD, END_MS);
  await cluster.tool.send(job.input, values(ALL, ALL + 1));
  await eventually('the next one is through', async () => (await distinct(job)).has(String(ALL)), END_MS);
  kd.kill('SIGTERM');
  const { code, stderr } = await ended(kd);
  assert.equal(code, 0, stderr);
  assert.equal(await job.committed(), ALL - OLD + 1);
  job.remove();
});

/**
 * The topic is created again, and a member that has not noticed it yet commits the offset of the old one,
 * before it is killed or gives the partition to another member.
 */
async function oldOffsetCommitted(job: Job): Promise<void> {
  await cluster.tool.send(job.input, values(0, OLD));
  await job.runToEnd();
  const committed = await cluster.tool.committed(job.group);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await cluster.tool.send(job.input, values(OLD, ALL));
  await cluster.tool.commit(job.group, committed);
}

for (const protocol of ['classic', 'consumer']) {
  const group = protocol === 'consumer' ? { 'group.protocol': 'consumer' } : {};

  test(`a start finds that a committed offset is one of an older topic (${protocol})`, async () => {
    const job = await jobOf({ properties: { ...REFRESH, ...group } });
    await oldOffsetCommitted(job);
    const { summary } = await job.runToEnd({ expect: 5 });
    assert.equal(summary.reason.code, 'OFFSET_OUT_OF_RANGE');
    assert.match(summary.reason.message, new RegExp(`${job.input}\\[0\\]: .*deleted and created again`));
    const [place] = await cluster.tool.committed(job.group);
    assert.ok(place !== undefined);
    assert.equal(place.offset, OLD, 'nothing moved');
    await cluster.tool.commit(job.group, [{ topic: place.topic, partition: 0, offset: 0 }]);
    await job.runToEnd();
    assert.deepEqual(await distinct(job), new Set(numbers(0, ALL)), 'an offset that was reset is taken');
    job.remove();
  });
}

test('out-of-range: earliest reads the newer topic from its beginning at a start, too', async () => {
  const job = await jobOf({ 'out-of-range': 'earliest' });
  await oldOffsetCommitted(job);
  const { result } = await job.runToEnd();
  assert.match(result.stderr, new RegExp(`${job.input}\\[0\\]: .*deleted and created again`));
  assert.deepEqual(await distinct(job), new Set(numbers(0, ALL)));
  assert.equal(await job.committed(), ALL - OLD);
  job.remove();
});
