/** A log that loses its end above the position of a bounded run: a restored disk or an unclean election. */
import assert from 'node:assert/strict';
import { statSync, truncateSync } from 'node:fs';
import { test } from 'node:test';
import type { Summary } from '../../src/app/summary.js';
import { Job } from '../integration/job.js';
import { withCluster } from '../support/kafka-cluster.js';
import { lastJson } from '../support/kd.js';
import { saying } from './support.js';

const SESSION = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
const KEPT = 700;
const ALL = 1_000;
const WAIT_MS = 90_000;

/** Holds the partition of another member, and reads nothing. */
const NEVER = 'export default async () => new Promise(() => undefined);\n';
const NEVER_ARGS = ['--set', 'dispatcher.transform=./never.ts', '--set', 'dispatcher.input.format=raw'];

function values(from: number, to: number): { partition: number; value: Buffer }[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition: 0,
    value: Buffer.from(String(from + i)),
  }));
}

for (const policy of ['stop', 'earliest'] as const) {
  test(`${policy}: records cut off above the position of a bounded run are named`, async () => {
    await withCluster({ brokers: 1 }, async (cluster) => {
      const consumer = { 'out-of-range': policy, properties: SESSION };
      const job = await Job.create({ cluster, partitions: 1, consumer, files: { 'never.ts': NEVER } });
      await cluster.tool.send(job.input, values(0, KEPT));
      const file = cluster.segmentFile(1, job.input, 0);
      const keptBytes = statSync(file).size;
      await cluster.tool.send(job.input, values(KEPT, ALL));
      await cluster.tool.commit(job.group, [{ topic: job.input, partition: 0, offset: 100 }]);
      const holder = job.spawn(['--until', 'forever', ...NEVER_ARGS]);
      await holder.waitFor(/"message":"assigned","partitions":1/);
      const kd = job.spawn();
      await saying([holder, kd], async () => {
        await kd.waitFor(/"message":"assigned","partitions":0/);
        await cluster.kill(1);
        truncateSync(file, keptBytes);
        await cluster.restart(1);
        holder.kill('SIGKILL');
        const overdue = setTimeout(() => kd.kill('SIGKILL'), WAIT_MS);
        const { code, stderr, stdout } = await kd.ended;
        clearTimeout(overdue);
        assert.equal(code, policy === 'stop' ? 5 : 0);
        const { reason, records } = lastJson(stdout) as Summary;
        const lost = new RegExp(`${job.input}\\[0\\].*\\[${KEPT}, ${ALL}\\)`);
        if (policy === 'stop') assert.match(reason.message, lost);
        else {
          assert.match(stderr, lost);
          assert.equal(records.skipped, ALL - KEPT);
          assert.equal(records.consumed, KEPT - 100);
        }
      });
      job.remove();
    });
  });
}
