/** A transform that does not finish loading, with the program. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const TOP_LEVEL = `process.stderr.write('loading\\n');
  await new Promise(() => undefined);
  export default (value: any) => value;`;
const SETUP = `export default {
    setup() { process.stderr.write('loading\\n'); return new Promise(() => undefined); },
    transform: (value: any) => value,
  };`;
const SETUP_LOOP = `export default {
    setup() { for (;;); },
    transform: (value: any) => value,
  };`;
const STOP_MS_MAX = 4_000;

test('run names the transform whose top level never settles, and exits 2 after 10 s', async () => {
  const cluster = await sharedCluster();
  await Promise.all(
    [2, 0].map(async (threads) => {
      const job = await Job.create({ cluster, transform: TOP_LEVEL, dispatcher: { threads } });
      const { summary } = await job.runToEnd({ expect: 2, timeoutMs: 40_000 });
      assert.equal(summary.reason.code, 'TRANSFORM_LOAD');
      assert.match(summary.reason.message, /transform\.ts: its top level did not finish within 10000 ms/);
      job.remove();
    }),
  );
});

test('a stop signal while the transform is loaded ends the run at once', async () => {
  const cluster = await sharedCluster();
  const cases: readonly (readonly [string, number])[] = [
    [TOP_LEVEL, 2],
    [TOP_LEVEL, 0],
    [SETUP, 2],
    [SETUP, 0],
    [SETUP_LOOP, 2],
  ];
  for (const [transform, threads] of cases) {
    const job = await Job.create({ cluster, transform, dispatcher: { threads } });
    const kd = job.spawn([]);
    await kd.waitFor(transform === SETUP_LOOP ? /"message":"running"/ : /loading/);
    if (transform === SETUP_LOOP) await new Promise((resolve) => setTimeout(resolve, 2000));
    const before = performance.now();
    kd.kill('SIGTERM');
    const { code, stdout, stderr } = await kd.ended;
    const tookMs = performance.now() - before;
    assert.ok(tookMs < STOP_MS_MAX, `threads ${threads}: ${tookMs} ms\n${stderr}`);
    assert.equal(code, 0, stderr);
    const summary = lastJson(stdout) as Summary;
    assert.equal(summary.state, 'stopped');
    assert.equal(summary.records.consumed, 0);
    job.remove();
  }
});
