// @alone: measures the peak of memory.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, sized } from '../job.js';

const MIB = 1024 * 1024;

function rssPeakBytes(pid: number): number {
  return Number(/VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]) * 1024;
}

test(
  'with 100 KB records and a slow transform, memory stays within its limit, and the member stays ' +
    'in its group although it reads nothing for longer than max.poll.interval.ms',
  async () => {
    const cluster = await sharedCluster();
    const transform =
      'export default async (value) => { await new Promise((resolve) => ' +
      'setTimeout(resolve, 200)); return value; };\n';
    const dispatcher = { concurrency: 1, 'in-flight': { 'bytes-max': '64MiB' } };
    const properties = {
      'max.poll.interval.ms': '7000',
      'session.timeout.ms': '6000',
      'heartbeat.interval.ms': '1000',
    };
    const job = await Job.create({ cluster, partitions: 2, transform, dispatcher, consumer: { properties } });
    await cluster.tool.produce({
      topic: job.input,
      recipe: { seed: 51, records: 3000, partitions: 2, bytes: 100_000 },
    });
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/assigned/);
    await sleep(sized(60_000, 15_000));
    const members = (await cluster.tool.group(job.group)).members;
    assert.equal(members.length, 1);
    assert.equal(members[0]?.partitions.length, 2);
    const peak = rssPeakBytes(kd.pid ?? 0);
    kd.kill('SIGTERM');
    await sleep(200);
    kd.kill('SIGTERM');
    const result = await kd.ended;
    assert.doesNotMatch(result.stderr, /lost|revoked.*owned/i);
    assert.ok(peak <= (100 + 64) * MIB, `the peak was ${Math.round(peak / MIB)} MiB`);
    job.remove();
  },
);
