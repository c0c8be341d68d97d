// @alone
/** What a pipeline costs beside others: memory, threads, the time of a start, and processor time at rest. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { sharedCluster } from '../../support/shared-cluster.js';
import { saying } from '../support.js';
import { Fleet } from './fleet.js';

const REST_SECONDS = 10;
/** Of librdkafka, the data plane and one worker. */
const THREADS_EACH_MAX = 12;

test('each further pipeline has a dozen threads at most', async (context) => {
  const threads: number[] = [];
  for (const count of [1, 8, 24]) {
    const fleet = await Fleet.create(await sharedCluster());
    try {
      for (let index = 0; index < count; index += 1) await fleet.add(`p${index}`);
      const startMs = await fleet.start();
      await saying([fleet.kd], async () => {
        const { cpuMs: startCpuMs } = fleet.usage();
        await sleep(REST_SECONDS * 1_000);
        const { rssMib, threads: now, cpuMs } = fleet.usage();
        threads.push(now);
        const perSecond = Math.round((cpuMs - startCpuMs) / REST_SECONDS);
        context.diagnostic(
          `${count}: ready after ${Math.round(startMs)} ms (${startCpuMs} ms of processor time), ` +
            `${rssMib} MiB, ${now} threads, at rest ${perSecond} ms of processor time a second`,
        );
      });
    } finally {
      await fleet.end();
    }
  }
  const [one = 0, , all = 0] = threads;
  assert.ok(all - one <= 23 * THREADS_EACH_MAX, `${one} and ${all} threads`);
});
