/** A stop keeps its time: SIGTERM to the end of the process within drain-timeout and 5 s. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '../integration/job.js';
import { withCluster } from '../support/kafka-cluster.js';
import type { KdProcess } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { saying } from './support.js';

const DRAIN_SECONDS = 25;
const SLACK_SECONDS = 5;
const PROTOCOLS = ['classic', 'consumer'] as const;

function values(count: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: count }, (_, n) => ({ partition: 0, value: Buffer.from(String(n)) }));
}

async function secondsToEnd(kd: KdProcess): Promise<number> {
  const startMs = performance.now();
  kd.kill('SIGTERM');
  await kd.ended;
  return (performance.now() - startMs) / 1000;
}

for (const protocol of PROTOCOLS)
  test(`SIGTERM at the default drain-timeout ends within 5 s of it (${protocol})`, async (t) => {
    await withCluster({ brokers: 1 }, async (cluster) => {
      const job = await Job.create({
        cluster,
        partitions: 2,
        consumer: { properties: { 'group.protocol': protocol } },
        producer: { properties: { 'linger.ms': '5000' } },
      });
      const limit = DRAIN_SECONDS + SLACK_SECONDS;
      const ends: [string, number][] = [];
      for (const [name, down, up] of [
        ['a broker that hangs, records in flight', () => cluster.pause(1), () => cluster.resume(1)],
        ['a broker that is gone, records in flight', () => cluster.kill(1), () => cluster.restart(1)],
      ] as const) {
        const kd = job.spawn(['--until', 'forever']);
        await kd.waitFor(/"message":"assigned"/, 90_000);
        await cluster.tool.send(job.input, values(1_000));
        await sleep(1_000);
        await down();
        await sleep(2_000);
        ends.push([name, await secondsToEnd(kd)]);
        await up();
      }
      const ghost = job.spawn(['--until', 'forever']);
      await ghost.waitFor(/"message":"assigned"/, 90_000);
      ghost.kill('SIGKILL');
      await ghost.ended;
      const joining = job.spawn(['--until', 'forever']);
      await joining.waitFor(/"message":"running"/);
      await sleep(1_500);
      ends.push(['amid a join that a dead member holds up', await secondsToEnd(joining)]);
      for (const [name, seconds] of ends) t.diagnostic(`${name}: ${seconds.toFixed(1)} s`);
      for (const [name, seconds] of ends) assert.ok(seconds <= limit, `${name}: ${seconds} s`);
      job.remove();
    });
  });

test(
  'SIGTERM with a worker in a blocking call, at the default drain-timeout, ends within 5 s of ' + 'it',
  async (t) => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      transform: `import { execSync } from 'node:child_process';
      export default (value) => { execSync('sleep 90'); return value; };`,
    });
    await cluster.tool.send(job.input, values(3));
    const kd = job.spawn(['--until', 'forever', '--set', 'dispatcher.timeout=1s']);
    await saying([kd], async () => {
      await kd.waitFor(/a worker is blocked/, 60_000);
      const seconds = await secondsToEnd(kd);
      t.diagnostic(`${seconds.toFixed(1)} s`);
      assert.ok(seconds <= DRAIN_SECONDS + SLACK_SECONDS, `${seconds} s`);
      assert.equal((await kd.ended).code, 4);
    });
    job.remove();
  },
);
