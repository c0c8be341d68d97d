/** A job's range by times, against a plain scan of the topic by Kafka's Java client. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Random } from '../../support/fakes/random.js';
import type { ConsumedRecord, PlainRecord } from '../../support/java/requests.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const START_MS = Date.parse('2026-11-20T00:00:00Z');
const PARTITIONS = 4;
const RANGES = 2;

const at = (ms: number): string => new Date(ms).toISOString();

/** Equal, unordered, with gaps of aborted transactions; the last partition stays empty. */
async function fill(job: Job, random: Random): Promise<void> {
  const { tool } = job.cluster;
  const records = (partition: number, count: number, timestamp: (n: number) => number): PlainRecord[] =>
    Array.from({ length: count }, () => ({ partition, value: Buffer.from(String(random.next())) })).map(
      (record, n) => ({ ...record, timestamp: START_MS + timestamp(n) }),
    );
  await tool.send(job.input, [
    ...records(0, 60, (n) => 1_000 * Math.floor(n / 10)),
    ...records(1, 60, () => random.int(6_000)),
  ]);
  for (let n = 0; n < 6; n += 1) {
    const ten = records(2, 10, () => random.int(6_000));
    await tool.sendTransaction(job.input, ten, n % 2 === 0 ? 'commit' : 'abort');
  }
}

/** The first offset of this time or later, as a reader of every record finds it; the end without one. */
function firstOf(all: readonly ConsumedRecord[], partition: number, ms: number): number {
  const found = all.find((record) => record.partition === partition && record.timestamp >= ms);
  return found?.offset ?? Number.POSITIVE_INFINITY;
}

const placesOf = (records: readonly ConsumedRecord[]): string[] =>
  records.map(({ partition, timestamp, value }) => `${partition} ${timestamp} ${String(value)}`).sort();

async function agrees(job: Job, all: readonly ConsumedRecord[], [from, until]: readonly [number, number]) {
  const { tool } = job.cluster;
  const before = new Map(
    (await tool.endOffsets([job.output])).map(({ partition, offset }) => [partition, offset]),
  );
  const name = uniqueName('times');
  const { code, stderr } = await runKd(['run', '--from', at(from), '--until', at(until), '--job', name], {
    cwd: job.folder,
  });
  assert.equal(code, 0, stderr);
  const wanted = (await tool.consume([job.input], { isolation: 'read_committed' })).filter(
    ({ partition, offset }) =>
      offset >= firstOf(all, partition, from) && offset < firstOf(all, partition, until),
  );
  const offsets = Object.fromEntries(before);
  assert.deepEqual(
    placesOf(await tool.consume([job.output], { offsets })),
    placesOf(wanted),
    `${at(from)} to ${at(until)}`,
  );
}

test('times select the same records as a scan of the topic, to the millisecond', async () => {
  const random = new Random(7);
  const job = await Job.create({ cluster: await sharedCluster(), partitions: PARTITIONS });
  try {
    await fill(job, random);
    const all = await job.cluster.tool.consume([job.input], { isolation: 'read_committed' });
    for (let n = 0; n < RANGES; n += 1) {
      const known = random.pick(all).timestamp;
      const from = known + random.between(-1, 1);
      await agrees(job, all, [from, from + random.int(4_000)]);
    }
    await agrees(job, all, [START_MS - 60_000, START_MS + 60_000]);
  } finally {
    job.remove();
  }
});

test("in a topic with LogAppendTime the broker's times count", async () => {
  const job = await Job.create({
    cluster: await sharedCluster(),
    partitions: 1,
    inputConfigs: { 'message.timestamp.type': 'LogAppendTime' },
  });
  try {
    for (let n = 0; n < 10; n += 1)
      await job.cluster.tool.send(job.input, [{ value: Buffer.from(String(n)), timestamp: START_MS }]);
    const all = await job.cluster.tool.consume([job.input]);
    await agrees(job, all, [all[3]?.timestamp ?? 0, all[7]?.timestamp ?? 0]);
  } finally {
    job.remove();
  }
});
