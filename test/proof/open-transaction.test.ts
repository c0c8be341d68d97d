/** A transaction that its producer left open is named wherever one looks, within a minute. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../src/app/summary.js';
import { Job } from '../integration/job.js';
import { urlOf } from '../integration/outage.js';
import { arrived, eventually } from '../integration/waiting.js';
import { lastJson, runKd } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { saying } from './support.js';

const BEHIND = 3;
const NAMED_MS = 60_000;

test('an open transaction appears in the log, /status, doctor and the summary within a minute', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 2 });
  await cluster.tool.send(job.input, [{ partition: 1, value: Buffer.from('before') }]);
  const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0']);
  await saying([kd], async () => {
    const url = await urlOf(kd);
    await eventually('what is before it is through', async () => (await arrived(job, job.output)) === 1);
    const behind = Array.from({ length: BEHIND }, (_, n) => ({ partition: 1, value: Buffer.from(`${n}`) }));
    const open = await cluster.tool.openTransaction(job.input, behind);
    const startMs = performance.now();
    await kd.waitFor(/"message":"an open transaction holds back records/, NAMED_MS + 30_000);
    const seconds = (performance.now() - startMs) / 1000;
    assert.ok(seconds < NAMED_MS / 1000, `named after ${seconds.toFixed(1)} s`);
    const status = (await (await fetch(`${url}/status`)).json()) as {
      lag: number;
      openTransactions: readonly Record<string, unknown>[];
    };
    assert.equal(status.lag, BEHIND);
    assert.deepEqual(
      status.openTransactions.map(({ topic, partition, stableOffset, endOffset }) => [
        topic,
        partition,
        stableOffset,
        endOffset,
      ]),
      [[job.input, 1, 1, BEHIND + 1]],
    );
    const doctor = await runKd(['doctor'], { cwd: job.folder });
    assert.match(
      doctor.stdout + doctor.stderr,
      new RegExp(`${job.input}\\[1\\] has an open transaction at offset 1`),
    );
    assert.equal((await fetch(`${url}/readyz`)).status, 200);
    kd.kill('SIGTERM');
    const { code, stdout } = await kd.ended;
    assert.equal(code, 0);
    const { reason } = lastJson(stdout) as Summary;
    assert.match(reason.message, new RegExp(`open transaction holds back: ${job.input}\\[1\\] 1–${BEHIND}`));
    assert.match(reason.remedy ?? '', /find-hanging --topic \S+ --partition 1/);
    await open.end('commit');
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.consumed, BEHIND);
  });
  job.remove();
});
