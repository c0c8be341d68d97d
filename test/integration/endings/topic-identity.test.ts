import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';

function values(from: number, to: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: 0,
    value: Buffer.from(String(from + i)),
  }));
}

test('a topic deleted and created again under a running job ends it with exit 5 that names the topic', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    consumer: { properties: { 'topic.metadata.refresh.interval.ms': '5000' } },
  });
  await cluster.tool.send(job.input, values(0, 1_000));
  const kd = job.spawn(['--until', 'forever']);
  await eventually('the first records are through', async () => (await arrived(job, job.output)) === 1_000);
  await cluster.tool.deleteTopics([job.input]);
  await cluster.createTopic(job.input, { partitions: 1 });
  await cluster.tool.send(job.input, values(1_000, 6_000));
  const overdue = setTimeout(() => kd.kill('SIGTERM'), 30_000);
  const { code, stderr } = await kd.ended;
  clearTimeout(overdue);
  assert.equal(code, 5, stderr);
  assert.match(stderr, /OFFSET_OUT_OF_RANGE/);
  assert.match(stderr, new RegExp(`${job.input}.*deleted and created again`));
  job.remove();
});
