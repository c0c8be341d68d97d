/** Every alert that is shipped fires on its fault, in a real Prometheus, and none for a job that is well. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Job } from '../../integration/job.js';
import { urlOf } from '../../integration/outage.js';
import { freePorts } from '../../support/free-ports.js';
import { withCluster } from '../../support/kafka-cluster.js';
import type { KdProcess } from '../../support/kd.js';
import { type PacedRecord, Pacer, saying } from '../support.js';
import { createJob, JOBS, type JobName, spoil, startJob, throttle, withTls } from './faults.js';
import { hurriedRules, Prometheus } from './prometheus.js';

/** An hour, with seconds for minutes. */
const HEALTHY_MS = 60_000;
const FAULT_MS = 120_000;
const STARTS = 6;
const BLOCKS_PER_SECOND = 10;
/** Blocks between two records that end a worker: it takes a while until there is another one. */
const EXIT_EACH = 40;
const QUOTA_BYTES = 20_000;

const FAULTS: readonly (readonly [JobName, alert: string])[] = [
  ['dying', 'KafkaDispatcherDeadLetters'],
  ['dying', 'KafkaDispatcherWorkersDie'],
  ['stalled', 'KafkaDispatcherStalled'],
  ['stalled', 'KafkaDispatcherNotReady'],
  ['stalled', 'KafkaDispatcherUndelivered'],
  ['behind', 'KafkaDispatcherLagOld'],
  ['behind', 'KafkaDispatcherNotCommitting'],
  ['behind', 'KafkaDispatcherMainThreadBusy'],
  ['behind', 'KafkaDispatcherReloadRejected'],
  ['throttled', 'KafkaDispatcherThrottled'],
  ['restarting', 'KafkaDispatcherRestarts'],
  ['restarting', 'KafkaDispatcherDown'],
  ['expiring', 'KafkaDispatcherCertificateExpires'],
];

test('each alert that is shipped has a fault here', () => {
  assert.deepEqual(FAULTS.map(([, alert]) => alert).sort(), [...hurriedRules().names].sort());
});

test('every alert fires on its fault, and none for a job that is well', async () => {
  await withCluster(await withTls(), async (cluster) => {
    const ports = await freePorts(JOBS.length);
    const portOf = (name: JobName): number => ports[JOBS.indexOf(name)] ?? 0;
    const jobs = new Map<JobName, Job>();
    for (const name of JOBS) jobs.set(name, await createJob(cluster, name));
    const jobOf = (name: JobName): Job => jobs.get(name) ?? assert.fail(name);
    await throttle(cluster, 'throttled', QUOTA_BYTES);
    const pacer = await Pacer.connect(cluster.bootstrapServers);
    const prometheus = await Prometheus.start(Object.fromEntries(JOBS.map((name) => [name, portOf(name)])));
    const running: KdProcess[] = [];
    const begin = async (name: JobName): Promise<KdProcess> => {
      const kd = startJob(jobOf(name), name, portOf(name));
      running.push(kd);
      await urlOf(kd);
      return kd;
    };
    const feeding = feed(pacer, jobOf);
    await saying(running, async () => {
      await begin('healthy');
      await sleep(HEALTHY_MS);
      assert.deepEqual([...prometheus.fired], [], 'nothing fires while all is well');
      const [, stalled, behind] = await Promise.all(
        (['dying', 'stalled', 'behind', 'throttled', 'expiring'] as const).map(begin),
      );
      assert.ok(stalled !== undefined && behind !== undefined);
      await stalled.waitFor(/"message":"assigned"/);
      await cluster.tool.deleteTopics([jobOf('stalled').output]);
      await behind.waitFor(/"message":"assigned"/);
      spoil(jobOf('behind'), behind);
      await restart(begin);
      const late = FAULTS.map(([name, alert]) => prometheus.firing(name, alert, FAULT_MS));
      const outcomes = await Promise.allSettled(late);
      const silent = FAULTS.filter((_, n) => outcomes[n]?.status === 'rejected');
      assert.deepEqual(silent, [], `they fired: ${[...prometheus.fired].join(', ')}`);
      const wrongly = [...prometheus.fired].filter((one) => one.startsWith('healthy '));
      assert.deepEqual(wrongly, [], 'none for the job that is well');
      const unplanned = [...prometheus.fired].filter((one) => !isPlanned(one));
      console.log(`fired besides those planned: ${unplanned.join(', ') || 'none'}`);
    }).finally(async () => {
      await feeding.end();
      await prometheus.stop();
    });
    for (const job of jobs.values()) job.remove();
  });
});

function isPlanned(fired: string): boolean {
  return FAULTS.some(([name, alert]) => fired === `${name} ${alert}`);
}

/** Starts the job again and again, without a chance to leave; the last time it stays away. */
async function restart(begin: (name: JobName) => Promise<KdProcess>): Promise<void> {
  for (let start = 0; start < STARTS; start += 1) {
    const kd = await begin('restarting');
    // So that each start is scraped.
    await sleep(2_000);
    kd.kill('SIGKILL');
    await kd.ended;
  }
}

/** Each job gets records all the time; some of `dying` are bad, and one in a while ends its worker. */
function feed(pacer: Pacer, jobOf: (name: JobName) => Job): { end(): Promise<void> } {
  const state = { over: false };
  const value = Buffer.alloc(1_000, 'x');
  const key = (n: number): Buffer | null => {
    if (n % EXIT_EACH === 0) return Buffer.from('exit');
    return n % 3 === 0 ? Buffer.from('bad') : null;
  };
  const records = (name: JobName, n: number): PacedRecord[] => {
    const count = name === 'throttled' ? 3 : 1;
    const record = { topic: jobOf(name).input, partition: 0, key: name === 'dying' ? key(n) : null, value };
    return Array.from({ length: count }, () => record);
  };
  const feeding = (async () => {
    for (let n = 0; !state.over; n += 1) {
      for (const name of JOBS) for (const record of records(name, n)) pacer.put(record);
      await sleep(1_000 / BLOCKS_PER_SECOND);
    }
    await pacer.flush();
    await pacer.close();
  })();
  return {
    end: async () => {
      state.over = true;
      await feeding;
    },
  };
}
