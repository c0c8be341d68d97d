/** `kd run --throttle-lag`, on a real broker: a live group must not fall behind because of a run. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as pause } from 'node:timers/promises';
import { uniqueName } from '../../support/kafka-cluster.js';
import { lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const RECORDS = 24_000;
const LIVE_PER_SECOND = 4_000;
const BOUND = 4_000;

test('a live group that reads what a job writes stays within its bound, and the job ends', async (t) => {
  const cluster = await sharedCluster();
  const recipe = { records: RECORDS, partitions: 4 };
  const job = await Job.create({ cluster, partitions: 4 });
  await cluster.tool.produce({ topic: job.input, recipe });
  const live = await Job.create({
    cluster,
    consumer: { topics: [job.output] },
    dispatcher: { rate: `${LIVE_PER_SECOND}/s` },
  });
  // It has to have committed something before it can lag.
  await cluster.tool.commit(
    live.group,
    [0, 1, 2, 3].map((partition) => ({ topic: job.output, partition, offset: 0 })),
  );
  const reader = live.spawn(['--until', 'forever']);
  t.after(() => reader.kill());

  const run = job.spawn(['--job', 'backfill', '--throttle-lag', `${live.group}:${BOUND}`]);
  const over = run.ended.then(() => true);
  let maxLag = 0;
  while (!(await Promise.race([over, pause(100, false)]))) {
    const committed = await live.committed();
    const ends = await cluster.tool.endOffsets([job.output]);
    maxLag = Math.max(maxLag, ends.reduce((sum, { offset }) => sum + offset, 0) - committed);
  }
  const { code, stdout, stderr } = await run.ended;
  assert.equal(code, 0, stderr);
  assert.equal((lastJson(stdout) as { records: { consumed: number } }).records.consumed, RECORDS);
  assert.ok(maxLag <= BOUND * 1.1, `the live group lagged by ${maxLag}`);
  assert.ok(maxLag > BOUND / 4, `the run made it lag by ${maxLag} only`);
  assert.doesNotMatch(stderr, /revoked.*"partitions":[1-9].*revoked/s);
  reader.kill();
  await reader.ended;
  for (const one of [job, live]) one.remove();
});

test('a group that does not exist or is the own one: warned about, and refused', async () => {
  const cluster = await sharedCluster();
  const recipe = { records: 2_000, partitions: 4 };
  const job = await Job.create({ cluster, partitions: 4 });
  await cluster.tool.produce({ topic: job.input, recipe });
  const { result, summary } = await job.runToEnd({ args: ['--throttle-lag', `${uniqueName('nobody')}:10`] });
  assert.equal(summary.records.consumed, 2_000);
  assert.match(result.stderr, /group nobody-\S+ has committed no offsets, so the run is not slowed down/);
  const own = await job.spawn(['--throttle-lag', `${job.group}:10`]).ended;
  assert.equal(own.code, 2, own.stderr);
  assert.match(own.stderr, /the group of this run itself/);
  const text = await job.spawn(['--throttle-lag', 'live']).ended;
  assert.equal(text.code, 2, text.stderr);
  assert.match(text.stderr, /dispatcher\.throttle-lag.*is not a group with its largest lag/s);
  assert.match(text.stderr, /for example live:10000/);
  job.remove();
});
