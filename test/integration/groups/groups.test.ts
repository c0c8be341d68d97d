// @alone: measures the time until a member has its partitions back.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Summary } from '../../../src/app/summary.js';
import type { Recipe } from '../../support/java/requests.js';
import { type TestCluster, withCluster } from '../../support/kafka-cluster.js';
import { type KdProcess, lastJson, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, assertLaw, Job } from '../job.js';
import { eventually } from '../waiting.js';

const SESSION = { 'session.timeout.ms': '10000', 'heartbeat.interval.ms': '500' };
/** Slow enough that both members have work to do. */
const SLOW =
  'export default async (value) => { await new Promise((resolve) => ' +
  'setTimeout(resolve, 5)); return value; };\n';
/**
 * A member that was stopped by hand gives its partitions back itself, so this is far less than the session
 * timeout.
 */
const STATIC_RETURN_MS = 2000;

async function summaryOf(kd: KdProcess, exitCode: number): Promise<Summary> {
  const result = await kd.ended;
  assert.equal(result.code, exitCode, result.stderr.slice(-4000));
  const summary = lastJson(result.stdout) as Summary;
  assertLaw(summary);
  return summary;
}

/** The partitions of each member that has some, sorted. */
async function shares(cluster: TestCluster, group: string): Promise<number[]> {
  const { members } = await cluster.tool.group(group);
  return members.map(({ partitions }) => partitions.length).sort();
}

for (const strategy of ['range', 'roundrobin']) {
  test(
    `eager ${strategy}: a second member joins and leaves during a ` +
      `run; every record arrives once and in order`,
    async () => {
      const cluster = await sharedCluster();
      const recipe: Recipe = { seed: 81, records: 24_000, partitions: 4, keys: 'sequence' };
      const properties = { 'partition.assignment.strategy': strategy, ...SESSION };
      const job = await Job.create({
        cluster,
        partitions: 4,
        transform: SLOW,
        consumer: { properties },
        dispatcher: { batch: { 'records-max': 100 } },
      });
      const filling = cluster.tool.produce({ topic: job.input, recipe, perSecond: 6000 });
      const first = job.spawn(['--until', 'forever']);
      await first.waitFor(/"owned":4/);
      const second = job.spawn(['--until', 'forever']);
      await second.waitFor(/"owned":2/);
      await eventually('both have two', async () => String(await shares(cluster, job.group)) === '2,2');
      await sleep(500);
      second.kill('SIGTERM');
      const left = await summaryOf(second, 0);
      assert.ok(left.records.transformed > 0);
      await eventually(
        'the first has all again',
        async () => String(await shares(cluster, job.group)) === '4',
      );
      await filling;
      await eventually('all is committed', async () => (await job.committed()) === recipe.records);
      first.kill('SIGTERM');
      const stayed = await summaryOf(first, 0);
      assert.equal(stayed.records.transformed + left.records.transformed, recipe.records);
      assertExact(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
      job.remove();
    },
  );
}

test(
  'static membership: a restarted member gets the same partitions back immediately, and the ' +
    'other member sees no rebalance',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 4, consumer: { properties: SESSION } });
    const member = (name: string): KdProcess =>
      job.spawn(['--until', 'forever', '--set', `kafka.consumer.properties.group.instance.id=${name}`]);
    const staying = member('staying');
    await staying.waitFor(/"owned":4/);
    let restarted = member('restarted');
    await restarted.waitFor(/"owned":2/);
    await eventually('both have two', async () => String(await shares(cluster, job.group)) === '2,2');
    const partitionsOf = async (name: string): Promise<readonly string[]> =>
      (await cluster.tool.group(job.group)).members.find(({ instanceId }) => instanceId === name)
        ?.partitions ?? [];
    const before = [...(await partitionsOf('restarted'))].sort();
    // Ignores what was printed before.
    await sleep(300);
    const said = staying.stderr.length;
    restarted.kill('SIGTERM');
    assert.equal((await restarted.ended).code, 0);
    const startedMs = performance.now();
    restarted = member('restarted');
    await restarted.waitFor(/"owned":2/);
    const tookMs = performance.now() - startedMs;
    assert.deepEqual([...(await partitionsOf('restarted'))].sort(), before);
    assert.doesNotMatch(staying.stderr.slice(said), /assigned|revoked|lost/);
    assert.ok(tookMs < STATIC_RETURN_MS + (await startMs()), `it took ${Math.round(tookMs)} ms`);
    for (const kd of [staying, restarted]) {
      kd.kill('SIGTERM');
      assert.equal((await kd.ended).code, 0);
    }
    job.remove();
  },
);

test('a member whose group.instance.id another process took says so once, and the right thing', async (t) => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    transform: SLOW,
    consumer: { properties: { 'group.instance.id': 'one', ...SESSION } },
  });
  const filling = cluster.tool.produce({
    topic: job.input,
    recipe: { seed: 83, records: 2000, partitions: 1, keys: 'sequence' },
    perSecond: 400,
  });
  const first = job.spawn(['--until', 'forever']);
  await first.waitFor(/"owned":1/);
  const second = job.spawn(['--until', 'forever']);
  // After a failed assertion it would hold up the whole file.
  t.after(() => second.kill('SIGKILL'));
  const fenced = await summaryOf(first, 8);
  assert.equal(fenced.reason.code, 'FENCED');
  assert.match(fenced.reason.message, /another process uses the same group\.instance\.id/);
  const { stderr } = await first.ended;
  const lines = stderr.split('\n').filter((line) => /fenced|refused/i.test(line));
  assert.equal(lines.length, 1, stderr.slice(-4000));
  assert.doesNotMatch(stderr, /next one/);
  await filling;
  second.kill('SIGTERM');
  assert.equal((await second.ended).code, 0);
  job.remove();
});

/** How long starting the program takes on this machine right now, without Kafka. */
async function startMs(): Promise<number> {
  const startedMs = performance.now();
  await runKd(['--version']);
  return performance.now() - startedMs;
}

test('records go from one cluster to another: each side has its own servers and properties', async () => {
  const source = await sharedCluster();
  await withCluster({ brokers: 1 }, async (target) => {
    const recipe: Recipe = { seed: 82, records: 10_000, partitions: 3, keys: 'mixed', headers: true };
    const job = await Job.create({
      cluster: source,
      partitions: 3,
      outputPartitions: 0,
      consumer: { properties: { 'client.rack': 'here' } },
      producer: { 'bootstrap-servers': target.bootstrapServers, properties: { 'compression.type': 'lz4' } },
    });
    await target.createTopic(job.output, { partitions: 3 });
    await source.tool.produce({ topic: job.input, recipe });
    await job.runToEnd();
    assertExact(await target.tool.verify({ topics: [job.output], recipe, samePartition: true }));
    assert.equal(await job.committed(), recipe.records);
    assert.equal((await target.tool.committed(job.group)).length, 0);
    job.remove();
  });
});
