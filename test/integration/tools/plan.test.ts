/** `kd run --plan`, on a real broker: what it says, and that it leaves nothing behind. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { RunPlan } from '../../../src/app/plan/plan.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const HOUR_MS = 3_600_000;
const PER_PARTITION = 20;
const VALUE_BYTES = 1_000;

test('a plan says ranges, times, sizes and what does not fit, and leaves nothing behind', async () => {
  const cluster = await sharedCluster();
  const beganMs = Date.now() - 30 * HOUR_MS;
  const job = await Job.create({
    cluster,
    partitions: 3,
    outputPartitions: 5,
    outputConfigs: { 'retention.ms': String(HOUR_MS) },
  });
  await cluster.tool.send(
    job.input,
    [0, 1].flatMap((partition) =>
      Array.from({ length: PER_PARTITION }, (_, n) => ({
        key: null,
        value: Buffer.alloc(VALUE_BYTES, n),
        partition,
        timestamp: beganMs + 60_000 * n,
      })),
    ),
  );
  const plan = async (...args: readonly string[]) =>
    runKd(['run', '--plan', ...args], { cwd: job.folder, timeoutMs: 60_000 });

  const day = ['--from', new Date(beganMs + 5 * 60_000).toISOString(), '--until', '15', '--job', 'day'];
  const { code, stdout, stderr } = await plan(...day, '-o', 'json');
  assert.equal(code, 0, stderr);
  const { partitions, records, bytes, disk, sample, secondsMin, warnings } = JSON.parse(stdout) as RunPlan;
  assert.deepEqual(
    partitions.map(({ partition, from, until, firstMs, lastMs }) => [
      partition,
      from,
      until,
      firstMs,
      lastMs,
    ]),
    [
      [0, 5, 15, beganMs + 5 * 60_000, beganMs + 14 * 60_000],
      [1, 5, 15, beganMs + 5 * 60_000, beganMs + 14 * 60_000],
      [2, 0, 0, null, null],
    ],
  );
  assert.equal(records, 20);
  assert.ok(bytes !== null && bytes >= 20 * VALUE_BYTES && bytes < 20 * VALUE_BYTES * 1.2, String(bytes));
  assert.deepEqual(disk, { topic: job.output, replication: 1, bytes });
  assert.ok(sample.records >= 20 && secondsMin !== null);
  assert.match(warnings[0]?.message ?? '', /keeps records for 60 minutes .* soon be deleted/);
  assert.match(warnings[1]?.message ?? '', /has 5 partitions, .* has 3: records are partitioned by key/);

  const text = await plan();
  assert.equal(text.code, 0, text.stderr);
  assert.match(
    text.stdout,
    /at most 40 records in 3 partitions, about 3\d\.\d KiB|at most 40 records .* about 4/,
  );
  assert.match(text.stdout, /warning: \S+-out keeps records for 60 minutes/);

  for (const group of [job.group, `${job.group}.job.day`])
    assert.deepEqual(await cluster.tool.committed(group), []);
  const ends = await cluster.tool.endOffsets([job.output]);
  assert.ok(ends.every(({ offset }) => offset === 0));
  job.remove();
});
