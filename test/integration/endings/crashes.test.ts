import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Recipe } from '../../support/java/requests.js';
import { withCluster } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertNothingLost, Job, sized } from '../job.js';

const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
/** Slows a member down, so that its run outlasts the kills and restarts. */
const SLOW =
  'export default async (value) => { await new Promise((resolve) => ' +
  'setTimeout(resolve, 4)); return value; };\n';

test('repeated kill -9 loses nothing, keeps the order, and repeats only what was not committed', async () => {
  const cluster = await sharedCluster();
  const kills = sized(20, 4);
  const recipe: Recipe = {
    seed: 21,
    records: 40_000 * kills,
    partitions: 4,
    keys: 'sequence',
    headers: true,
  };
  const job = await Job.create({
    cluster,
    partitions: 4,
    properties: SESSION,
    consumer: { properties: { 'group.instance.id': 'only-one', ...SESSION } },
  });
  const filling = cluster.tool.produce({ topic: job.input, recipe, perSecond: 25_000 });
  for (let kill = 0; kill < kills; kill++) {
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/assigned/);
    await sleep(600 + ((kill * 379) % 900));
    kd.kill('SIGKILL');
    await kd.ended;
  }
  await filling;
  await job.runToEnd();
  const result = await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true });
  assertNothingLost(result);
  assert.ok(result.replays <= kills * recipe.partitions, `${result.replays} replays after ${kills} kills`);
  assert.equal(await job.committed(), recipe.records);
  job.remove();
});

test(
  'members join, leave and are killed: nothing is lost, and no member commits a partition that it ' +
    'has lost',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 22, records: sized(400_000, 120_000), partitions: 6, keys: 'sequence' };
    const job = await Job.create({
      cluster,
      partitions: 6,
      properties: SESSION,
      transform: SLOW,
      dispatcher: { batch: { 'records-max': 500 } },
    });
    await cluster.tool.produce({ topic: job.input, recipe });
    const first = job.spawn();
    await first.waitFor(/assigned/);
    const second = job.spawn();
    await second.waitFor(/assigned/, 60_000);
    await sleep(1500);
    const third = job.spawn();
    await third.waitFor(/assigned/, 60_000);
    await sleep(1500);
    second.kill('SIGTERM');
    assert.equal((await second.ended).code, 7);
    await sleep(1000);
    third.kill('SIGKILL');
    await third.ended;
    const result = await first.ended;
    assert.equal(result.code, 0, result.stderr.slice(-4000));
    assertNothingLost(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
    assert.equal(await job.committed(), recipe.records);
    job.remove();
  },
);

test(
  'one of three brokers is killed and comes back during a ' + 'run: nothing is lost and the run completes',
  async () => {
    await withCluster({ brokers: 3 }, async (cluster) => {
      const recipe: Recipe = {
        seed: 23,
        records: sized(1_000_000, 200_000),
        partitions: 6,
        keys: 'sequence',
      };
      const job = await Job.create({ cluster, partitions: 6, outputConfigs: { 'min.insync.replicas': '2' } });
      const filling = cluster.tool.produce({ topic: job.input, recipe, perSecond: 25_000 });
      const kd = job.spawn(['--until', 'forever']);
      await kd.waitFor(/assigned/);
      await sleep(1500);
      await cluster.kill(2);
      await sleep(2500);
      await cluster.restart(2);
      await filling;
      kd.kill('SIGTERM');
      const stopped = await kd.ended;
      assert.equal(stopped.code, 0, stopped.stderr.slice(-4000));
      await job.runToEnd();
      assertNothingLost(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
      job.remove();
    });
  },
);
