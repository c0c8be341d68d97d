/** A job of millions of records: killed, taken over and resumed elsewhere, while its topic grows. */
import assert from 'node:assert/strict';
import { cpSync, mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { Summary } from '../../src/app/summary.js';
import { assertNothingLost, Job, sized } from '../integration/job.js';
import { type TestCluster, withCluster } from '../support/kafka-cluster.js';
import { type KdProcess, lastJson, runKd, spawnKd } from '../support/kd.js';
import { Pacer, saying } from './support.js';

const RECORDS = sized(4_000_000, 400_000);
const PARTITIONS = 8;
const KILLS = 5;
const GROWTH_PER_SECOND = 2_000;
/** In flight by default, and as much again that may be settled and not committed. */
const TWICE_PER_KILL_MAX = 400_000;
const BULK_TIMEOUT_MS = 900_000;

const ARGS = ['run', '-o', 'json', '--until', 'end', '--job', 'night', '--rate', `${RECORDS / 40}/s`];

/** Keeps writing records that are not of the job until `stop` is called. */
async function growing(cluster: TestCluster, topic: string): Promise<{ stop(): Promise<void> }> {
  const pacer = await Pacer.connect(cluster.bootstrapServers);
  let goesOn = true;
  const grow = async (): Promise<void> => {
    while (goesOn)
      await pacer.send(
        Array.from({ length: GROWTH_PER_SECOND }, (_, n) => ({
          topic,
          partition: n % PARTITIONS,
          key: null,
          value: Buffer.from('later'),
        })),
        GROWTH_PER_SECOND,
      );
  };
  const grown = grow();
  return {
    stop: async () => {
      goesOn = false;
      await grown;
      await pacer.close();
    },
  };
}

/** The job's folder on a machine of another name. */
function elsewhere(job: Job): string {
  const folder = mkdtempSync(join(tmpdir(), 'kd-elsewhere-'));
  cpSync(join(job.folder, 'kd.yml'), join(folder, 'kd.yml'));
  return folder;
}

class Instances {
  readonly #folders: readonly string[];
  readonly all: KdProcess[] = [];

  constructor(folders: readonly string[]) {
    this.#folders = folders;
  }

  /** Resolves when it has partitions. */
  async start(which: number): Promise<KdProcess> {
    const kd = spawnKd([...ARGS, '--set', `name=machine-${which}`], { cwd: this.#folders[which] ?? '.' });
    this.all.push(kd);
    await kd.waitFor(/"message":"assigned"/, 120_000);
    return kd;
  }

  async kill(kd: KdProcess, afterMs: number): Promise<void> {
    await sleep(afterMs);
    kd.kill('SIGKILL');
    await kd.ended;
  }
}

test('a job on two machines, killed five times, writes exactly its pinned range', async (t) => {
  await withCluster({ brokers: 1 }, async (cluster) => {
    const session = { 'session.timeout.ms': '6000', 'heartbeat.interval.ms': '1000' };
    const job = await Job.create({ cluster, partitions: PARTITIONS, consumer: { properties: session } });
    const recipe = { records: RECORDS, partitions: PARTITIONS };
    await cluster.tool.produce({ topic: job.input, recipe, timeoutMs: BULK_TIMEOUT_MS });
    const folders = [job.folder, elsewhere(job)];
    const instances = new Instances(folders);
    await saying(instances.all, async () => {
      const first = await instances.start(0);
      // Not earlier: what is there when the job begins is part of it.
      const growth = await growing(cluster, job.input);
      try {
        await instances.kill(first, 3_000);
        await instances.kill(await instances.start(1), 3_000);
        const left = await instances.start(0);
        const right = await instances.start(1);
        await instances.kill(left, 2_000);
        const again = await instances.start(0);
        await instances.kill(right, 2_000);
        await instances.kill(again, 2_000);
        const last = await Promise.all([instances.start(0), instances.start(1)]);
        const ends = await Promise.all(last.map(({ ended }) => ended));
        for (const { code, stderr } of ends) assert.equal(code, 0, stderr.slice(-3_000));
      } finally {
        await growth.stop();
      }

      const result = await cluster.tool.verify({
        topics: [job.output],
        recipe,
        samePartition: true,
        timeoutMs: BULK_TIMEOUT_MS,
      });
      t.diagnostic(`${RECORDS} records, ${KILLS} kills: ${result.duplicates} came twice`);
      assertNothingLost(result);
      assert.ok(result.duplicates <= KILLS * TWICE_PER_KILL_MAX, `${result.duplicates} duplicates`);

      const before = await total(cluster, job.output);
      const done = await runKd(ARGS, { cwd: folders[1] ?? '.' });
      assert.equal(done.code, 0, done.stderr);
      const { state, job: report } = lastJson(done.stdout) as Summary;
      assert.equal(state, 'already-done');
      assert.equal(
        report?.ranges.reduce((sum, { from, until }) => sum + until - from, 0),
        RECORDS,
      );
      assert.equal(await total(cluster, job.output), before);

      const repeated = await runKd([...ARGS, '--again'], { cwd: job.folder, timeoutMs: BULK_TIMEOUT_MS });
      assert.equal(repeated.code, 0, repeated.stderr.slice(-3_000));
      assert.equal((await total(cluster, job.output)) - before, await total(cluster, job.input));
    });
    job.remove();
  });
});

async function total(cluster: TestCluster, topic: string): Promise<number> {
  return (await cluster.tool.endOffsets([topic])).reduce((sum, { offset }) => sum + offset, 0);
}
