/** `kd run --rate`, on a real broker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const RECORDS = 3_000;
const PER_SECOND = 1_000;

test('a run with a rate reads no faster, and its member stays in the group', async () => {
  const cluster = await sharedCluster();
  const recipe = { records: RECORDS, partitions: 4 };
  const job = await Job.create({ cluster, partitions: 4 });
  await cluster.tool.produce({ topic: job.input, recipe });
  const beganMs = performance.now();
  const { summary, result } = await job.runToEnd({ args: ['--rate', `${PER_SECOND}/s`] });
  const seconds = (performance.now() - beganMs) / 1000;
  assert.equal(summary.records.consumed, RECORDS);
  // A quarter of a second may be read at once.
  assert.ok(seconds >= RECORDS / PER_SECOND - 0.25, `${RECORDS} records in ${seconds} s`);
  assert.doesNotMatch(result.stderr, /revoked.*"partitions":[1-9].*revoked/s);
  const verified = await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true });
  assert.deepEqual([verified.missing, verified.duplicates], [0, 0]);
  job.remove();
});

test('a rate that can not be meant is refused with both ways to write it', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster });
  const kd = job.spawn(['--rate', '50000']);
  const { code, stderr } = await kd.ended;
  assert.equal(code, 2, stderr);
  assert.match(stderr, /--rate <rate>.*is not a rate/s);
  assert.match(stderr, /50000\/s for records, or 20MB\/s/);
  job.remove();
});
