/** The trouble of a partition stays its own: others flow while it has no leader, and members come and go. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import { Job } from '../integration/job.js';
import { eventually } from '../integration/waiting.js';
import type { ConsumedRecord } from '../support/java/requests.js';
import { type KafkaCluster, withCluster } from '../support/kafka-cluster.js';
import type { KdProcess } from '../support/kd.js';
import { sharedCluster } from '../support/shared-cluster.js';
import { numbersIn, Pacer, saying } from './support.js';

const PARTITIONS = 12;
const LEADERLESS = 11;
const PER_SECOND = 66;
const MEMBERS = 3;
const WAIT_MS = 120_000;
/** Of a rebalance on a busy machine: drain, join, positions. */
const REBALANCE_MS = 15_000;
const PROTOCOLS = ['classic', 'consumer'] as const;
/** The harness gives __consumer_offsets so many. */
const OFFSETS_PARTITIONS = 4;
const ASSIGNED = /"message":"assigned","partitions":[1-9]/;
const APPENDED = { 'message.timestamp.type': 'LogAppendTime' };

/** A record to each partition in turn, without end. */
class Stream {
  sent = 0;
  skipped = new Set<number>();
  #over = false;
  readonly #sending: Promise<void>;
  readonly #pacer: Pacer;

  constructor(pacer: Pacer, topic: string) {
    this.#pacer = pacer;
    this.#sending = this.#send(topic);
  }

  /** How many were sent: all are acknowledged. */
  async end(): Promise<number> {
    this.#over = true;
    await this.#sending;
    await this.#pacer.flush();
    await this.#pacer.close();
    return this.sent;
  }

  async #send(topic: string): Promise<void> {
    const startMs = performance.now();
    let next = 0;
    for (; !this.#over; await sleep(5)) {
      for (; next < ((performance.now() - startMs) * PER_SECOND) / 1000; next += 1) {
        const partition = next % PARTITIONS;
        if (this.skipped.has(partition)) continue;
        this.#pacer.put({ topic, partition, key: null, value: Buffer.from(`${this.sent} ${partition}`) });
        this.sent += 1;
      }
    }
  }
}

interface Gap {
  readonly ms: number;
  readonly atMs: number;
}

/** The longest time between two arrivals in each partition, from one moment to another. */
function gapsOf(records: readonly ConsumedRecord[], fromMs: number, toMs: number): readonly Gap[] {
  return Array.from({ length: LEADERLESS }, (_, partition) => {
    let last = fromMs;
    let longest: Gap = { ms: 0, atMs: fromMs };
    const times = records.filter((one) => one.partition === partition).map(({ timestamp }) => timestamp);
    for (const time of [...times.filter((one) => one > fromMs && one < toMs).sort((a, b) => a - b), toMs]) {
      if (time - last > longest.ms) longest = { ms: time - last, atMs: last - fromMs };
      last = time;
    }
    return longest;
  });
}

function spawnMember(job: Job): KdProcess {
  return job.spawn(['--until', 'forever']);
}

async function owned(job: Job): Promise<string> {
  const group = await job.cluster.tool.group(job.group).catch(() => undefined);
  return (group?.members ?? [])
    .map(({ partitions }) => partitions.length)
    .sort()
    .join();
}

async function stop(kd: KdProcess): Promise<void> {
  kd.kill('SIGTERM');
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr.slice(-3000));
}

async function rollBrokers(cluster: KafkaCluster): Promise<void> {
  for (const n of [1, 2, 3]) {
    await cluster.terminate(n);
    await cluster.restart(n);
    await sleep(8_000);
  }
}

/** One after another is replaced by a new one. */
async function rollMembers(job: Job, running: KdProcess[]): Promise<void> {
  for (const [at, kd] of [...running].entries()) {
    await stop(kd);
    const next = spawnMember(job);
    running[at] = next;
    await next.waitFor(ASSIGNED, WAIT_MS);
    await sleep(3_000);
  }
}

for (const protocol of PROTOCOLS) {
  test(
    'eleven partitions keep moving while one has no leader and brokers and members restart ' +
      `(${protocol})`,
    async (t) => {
      await withCluster({ brokers: 3 }, async (cluster) => {
        const job = await Job.create({
          cluster,
          partitions: PARTITIONS,
          inputConfigs: { ...APPENDED, 'min.insync.replicas': '1' },
          outputConfigs: APPENDED,
          consumer: { properties: { 'group.protocol': protocol } },
          dispatcher: { output: { partition: 'same' } },
        });
        const fourth = await cluster.addBroker();
        await cluster.tool.reassign(job.input, LEADERLESS, [fourth]);
        const running = Array.from({ length: MEMBERS }, () => spawnMember(job));
        await saying(running, async () => {
          await eventually('all have a third', async () => (await owned(job)) === '4,4,4', WAIT_MS);
          const stream = new Stream(await Pacer.connect(cluster.bootstrapServers), job.input);
          await sleep(5_000);
          stream.skipped.add(LEADERLESS);
          await sleep(1_000);
          const fromMs = Date.now();
          await cluster.kill(fourth);
          await sleep(15_000);
          const brokersMs = Date.now() - fromMs;
          await rollBrokers(cluster);
          const membersMs = Date.now() - fromMs;
          await rollMembers(job, running);
          await sleep(5_000);
          const toMs = Date.now();
          await cluster.restart(fourth);
          stream.skipped.delete(LEADERLESS);
          await sleep(5_000);
          const sent = await stream.end();
          const read = async (topic: string): Promise<readonly ConsumedRecord[]> =>
            cluster.tool.consume([topic], { max: 3 * sent });
          await eventually(
            'all have arrived',
            async () => new Set(numbersIn(await read(job.output))).size === sent,
            WAIT_MS,
          );
          const inward = gapsOf(await read(job.input), fromMs, toMs);
          const outward = gapsOf(await read(job.output), fromMs, toMs);
          t.diagnostic(`${sent} records; brokers from ${brokersMs} ms on, members from ${membersMs} ms on`);
          for (const [partition, { ms, atMs }] of outward.entries())
            t.diagnostic(
              `partition ${partition}: ${ms} ms at ${atMs} ms; sender: ${inward[partition]?.ms} ms`,
            );
          for (const [partition, { ms }] of outward.entries())
            assert.ok(ms < (inward[partition]?.ms ?? 0) + REBALANCE_MS, `partition ${partition}: ${ms} ms`);
          for (const kd of running) await stop(kd);
        });
        job.remove();
      });
    },
  );

  test(
    'when the coordinator of the group is gone for good, members join and leave in seconds as before ' +
      `(${protocol})`,
    async () => {
      await withCluster({ brokers: 3 }, async (cluster) => {
        const job = await Job.create({
          cluster,
          partitions: 4,
          consumer: { properties: { 'group.protocol': protocol } },
        });
        // The first run makes the topic of the groups.
        await cluster.tool.send(job.input, [{ partition: 0, value: Buffer.from('0') }]);
        await job.runToEnd();
        const fourth = await cluster.addBroker();
        for (const replicas of [[fourth], [fourth, 1, 2]])
          for (let partition = 0; partition < OFFSETS_PARTITIONS; partition += 1)
            await cluster.tool.reassign('__consumer_offsets', partition, replicas);
        const running = [spawnMember(job), spawnMember(job)];
        await saying(running, async () => {
          await eventually('each has a half', async () => (await owned(job)) === '2,2', WAIT_MS);
          await cluster.kill(fourth);
          await eventually('the group is led again', async () => (await owned(job)) === '2,2', WAIT_MS);
          const startMs = Date.now();
          const third = spawnMember(job);
          running.push(third);
          await third.waitFor(ASSIGNED, WAIT_MS);
          assert.ok(Date.now() - startMs < REBALANCE_MS, `the third waited ${Date.now() - startMs} ms`);
          for (const kd of running) await stop(kd);
        });
        job.remove();
      });
    },
  );

  test(
    'when partitions are added three times under three members, nobody exits and all is read ' +
      `(${protocol})`,
    async () => {
      const cluster = await sharedCluster();
      const job = await Job.create({
        cluster,
        partitions: 3,
        consumer: {
          properties: { 'group.protocol': protocol, 'topic.metadata.refresh.interval.ms': '2000' },
        },
      });
      const running = Array.from({ length: MEMBERS }, () => spawnMember(job));
      await saying(running, async () => {
        await eventually('all have one', async () => (await owned(job)) === '1,1,1', WAIT_MS);
        let sent = 0;
        for (const partitions of [6, 9, 12]) {
          await cluster.tool.createPartitions(job.input, partitions);
          const values = Array.from({ length: 600 }, (_, n) => ({
            partition: n % partitions,
            value: Buffer.from(String(sent + n)),
          }));
          await cluster.tool.send(job.input, values);
          sent += values.length;
          await eventually(
            'all have arrived',
            async () => new Set(numbersIn(await cluster.tool.consume([job.output]))).size === sent,
            WAIT_MS,
          );
        }
        await eventually('all have four', async () => (await owned(job)) === '4,4,4', WAIT_MS);
        for (const kd of running) await stop(kd);
      });
      job.remove();
    },
  );
}
