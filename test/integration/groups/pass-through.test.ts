/** A job without a transform: no worker thread runs until one is needed. */
import assert from 'node:assert/strict';
import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { KdProcess } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, Job } from '../job.js';
import { arrived, eventually } from '../waiting.js';
import { PARTITIONS, Running, recipe, stopped } from './rotating-job.js';

const RAW = 'export default (value) => value;\n';

function setTransform(job: Job, transform: string | undefined): void {
  const path = join(job.folder, 'kd.yml');
  const config = JSON.parse(readFileSync(path, 'utf8')) as { dispatcher: Record<string, unknown> };
  config.dispatcher = {
    ...config.dispatcher,
    transform,
    input: transform === undefined ? undefined : { format: 'raw' },
  };
  writeFileSync(path, JSON.stringify(config, null, 2));
}

function threadsOf(kd: KdProcess): number {
  return readdirSync(`/proc/${kd.pid ?? 0}/task`).length;
}

test('a pass-through that is given a transform and loses it again stays exact', async () => {
  const cluster = await sharedCluster();
  const flow = recipe(43, 12_000);
  const job = await Job.create({
    cluster,
    partitions: PARTITIONS,
    files: { 'transform.ts': RAW },
    dispatcher: { 'reload-interval': '0s', threads: 1 },
  });
  const running = await Running.start(job);
  const { kd } = running;
  const produced = cluster.tool.produce({ topic: job.input, recipe: flow, perSecond: 4_000 });
  const threads = [threadsOf(kd)];
  for (const [index, transform] of ['./transform.ts', undefined].entries()) {
    const before = await arrived(job, job.output);
    await eventually('records flow', async () => (await arrived(job, job.output)) > before);
    setTransform(job, transform);
    kd.kill('SIGHUP');
    await running.reloaded(index + 1);
    threads.push(threadsOf(kd));
  }
  await produced;
  await eventually('all has arrived', async () => (await arrived(job, job.output)) === flow.records);
  const summary = await stopped(kd);
  const { consumed, transformed, unsettled, retried } = summary.records;
  assert.deepEqual([consumed, transformed, unsettled, retried], [flow.records, flow.records, 0, 0]);
  assert.equal(summary.reloads, 2);
  assertExact(await cluster.tool.verify({ topics: [job.output], recipe: flow, samePartition: true }));
  const [unread, transforming, again] = threads;
  assert.ok(unread !== undefined && transforming !== undefined && again !== undefined);
  assert.ok(transforming > unread && again < transforming, `threads: ${threads.join(', ')}`);
  job.remove();
});
