import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';
import { eventually } from '../waiting.js';

const BLOCKING = `import { execSync } from 'node:child_process';
export default (value) => {
  if (String(value) === 'sleep') execSync('sleep 60');
  return value;
};`;

const records = ['a', 'sleep', 'b'].map((text) => ({ partition: 0, value: Buffer.from(text) }));

test(
  'a worker in a blocking call is reported, makes the run not ready, and after SIGTERM the process ' +
    'ends in time',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      transform: BLOCKING,
      dispatcher: { timeout: '500ms', 'drain-timeout': '2s' },
    });
    await cluster.tool.send(job.input, records);
    const kd = job.spawn(['--until', 'forever', '--set', 'server.port=0']);
    await eventually('the warning', () => Promise.resolve(/a worker is blocked/.test(kd.stderr)));
    assert.match(kd.stderr, /partition 0, offset 1/);
    const url = /http:\/\/127\.0\.0\.1:\d+/.exec(kd.stderr)?.[0] ?? '';
    await eventually('not ready', async () => (await fetch(`${url}/readyz`)).status === 503);
    assert.match(await (await fetch(`${url}/readyz`)).text(), /a worker has been blocked/);
    const before = performance.now();
    kd.kill('SIGTERM');
    const result = await kd.ended;
    const tookMs = performance.now() - before;
    assert.ok(tookMs < 7000, `it took ${Math.round(tookMs)} ms`);
    assert.equal(result.code, 4, result.stderr.slice(-3000));
    assert.equal((lastJson(result.stdout) as Summary).reason.code, 'DRAIN_CUT');
    job.remove();
  },
);
