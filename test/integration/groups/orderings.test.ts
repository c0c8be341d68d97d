import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { ConsumedRecord, PlainRecord, Recipe } from '../../support/java/requests.js';
import { uniqueName } from '../../support/kafka-cluster.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, assertNothingLost, Job } from '../job.js';

/**
 * Batches take from 0 to 30 ms, so they finish in another order than they began. Every record logs when it
 * begins and ends.
 */
const RANDOM = `
import { appendFileSync } from 'node:fs';
import { defineTransform, type } from 'kafka-dispatcher';
const wait = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
export default defineTransform({
  input: type<Buffer>(),
  output: type<Buffer>(),
  async transform(value, record, { options }) {
    const marks = options.marks as string;
    if (record.offset % 50 === 0) {
      appendFileSync(marks, 'begin ' + record.partition + ' ' + record.offset + '\\n');
      await wait(Math.random() * 30);
      appendFileSync(marks, 'end ' + record.partition + ' ' + record.offset + '\\n');
    }
    return value;
  },
});
`;

const RECIPE: Recipe = { seed: 71, records: 12_000, partitions: 3, keys: 'sequence', headers: true };

async function runOrdered(ordering: string, threads: number): Promise<{ job: Job; marks: string[] }> {
  const cluster = await sharedCluster();
  const options = { marks: `./${uniqueName('marks')}` };
  const job = await Job.create({
    cluster,
    partitions: 3,
    transform: RANDOM,
    dispatcher: { ordering, threads, batch: { 'records-max': 100 }, options },
  });
  const marksFile = join(job.folder, options.marks);
  await cluster.tool.produce({ topic: job.input, recipe: RECIPE });
  const { summary } = await job.runToEnd({ args: ['--set', `dispatcher.options.marks=${marksFile}`] });
  assert.equal(summary.records.transformed, RECIPE.records);
  assert.equal(await job.committed(), RECIPE.records);
  return { job, marks: readFileSync(marksFile, 'utf8').trim().split('\n') };
}

/** The largest number of records of one partition that were processed at the same time. */
function atOnceMax(marks: readonly string[]): number {
  const open = new Map<string, number>();
  let most = 0;
  for (const mark of marks) {
    const [what, partition = ''] = mark.split(' ');
    const now = (open.get(partition) ?? 0) + (what === 'begin' ? 1 : -1);
    open.set(partition, now);
    most = Math.max(most, now);
  }
  return most;
}

for (const threads of [2, 3]) {
  test(
    `ordering: output with ${threads} threads keeps the order of every partition although batches ` +
      `finish in any order`,
    async () => {
      const { job, marks } = await runOrdered('output', threads);
      assert.ok(atOnceMax(marks) > 1, 'batches of one partition ran concurrently');
      assertExact(
        await job.cluster.tool.verify({ topics: [job.output], recipe: RECIPE, samePartition: true }),
      );
      job.remove();
    },
  );
}

test(
  'ordering: partition keeps the order and never ' + 'transforms two records of one partition at once',
  async () => {
    const { job, marks } = await runOrdered('partition', 3);
    assert.equal(atOnceMax(marks), 1);
    for (const partition of [0, 1, 2]) {
      const offsets = marks
        .filter((mark) => mark.startsWith(`begin ${partition} `))
        .map((mark) => Number(mark.split(' ')[2]));
      assert.deepEqual(
        offsets,
        [...offsets].sort((a, b) => a - b),
      );
    }
    assertExact(await job.cluster.tool.verify({ topics: [job.output], recipe: RECIPE, samePartition: true }));
    job.remove();
  },
);

test('ordering: none loses nothing and changes nothing but the order', async () => {
  const { job } = await runOrdered('none', 3);
  const result = await job.cluster.tool.verify({ topics: [job.output], recipe: RECIPE, samePartition: true });
  assertNothingLost({ ...result, reordered: 0 });
  assert.equal(result.duplicates, 0);
  assert.ok(result.reordered > 0, 'with these latencies the order is only kept if something keeps it');
  job.remove();
});

/** Common and unusual keys; every tenth record has none. */
function keyed(partitions: number): PlainRecord[] {
  return Array.from({ length: 2000 }, (_, n) => {
    const name =
      n % 3 === 0
        ? `customer-${n % 97}`
        : n % 3 === 1
          ? `größe-${n % 89}-ключ`
          : `\u0000\u00ff${'x'.repeat(n % 23)}`;
    return {
      key: n % 10 === 0 ? null : Buffer.from(name),
      value: Buffer.from(String(n)),
      partition: n % partitions,
    };
  });
}

/** Key → partition; fails when one key occurs in two partitions. */
function placement(records: readonly ConsumedRecord[]): ReadonlyMap<string, number> {
  const places = new Map<string, number>();
  for (const { key, partition } of records) {
    if (key === null) continue;
    const name = key.toString('hex');
    assert.equal(places.get(name) ?? partition, partition, `key ${name} is in two partitions`);
    places.set(name, partition);
  }
  return places;
}

async function pass(
  policy: string,
  from: number,
  to: number,
): Promise<{ job: Job; out: readonly ConsumedRecord[] }> {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: from,
    outputPartitions: to,
    dispatcher: { output: { format: 'raw', partition: policy } },
  });
  await cluster.tool.send(job.input, keyed(from));
  await job.runToEnd();
  const out = await cluster.tool.consume([job.output]);
  assert.equal(out.length, 2000);
  return { job, out };
}

/** The partitions that Java's own producer chooses for these keys. */
async function javaPlacement(partitions: number): Promise<ReadonlyMap<string, number>> {
  const cluster = await sharedCluster();
  const topic = await cluster.createTopic(uniqueName('by-java'), { partitions });
  const withoutPartition = keyed(1).map(({ key, value }) => ({ key: key ?? null, value: value ?? null }));
  await cluster.tool.send(topic, withoutPartition);
  return placement(await cluster.tool.consume([topic]));
}

test(
  'partition: auto with unequal counts and partition: key put ' + "every key where Java's producer puts it",
  async () => {
    const java = await javaPlacement(5);
    const auto = await pass('auto', 3, 5);
    assert.deepEqual(placement(auto.out), java);
    const key = await pass('key', 5, 5);
    assert.deepEqual(placement(key.out), java);
    auto.job.remove();
    key.job.remove();
  },
);

test('partition: auto with equal counts and partition: same keep the partition of the source', async () => {
  for (const policy of ['auto', 'same']) {
    const { job, out } = await pass(policy, 4, 4);
    for (const { value, partition } of out) assert.equal(partition, Number(value?.toString()) % 4);
    job.remove();
  }
});

test('partition: auto sends a key that the transform has changed where Java would', async () => {
  const cluster = await sharedCluster();
  const java = await javaPlacement(4);
  const transform =
    "import { emit } from 'kafka-dispatcher';\nexport default (value, record) => emit(value, { key: " +
    "record.header('new') });\n";
  const job = await Job.create({ cluster, partitions: 4, transform });
  await cluster.tool.send(
    job.input,
    keyed(4)
      .filter(({ key }) => key !== null)
      .map(({ key, value }) => ({
        key: Buffer.from('old'),
        value: value ?? null,
        partition: 0,
        headers: [['new', key ?? null]] as const,
      })),
  );
  await job.runToEnd();
  assert.deepEqual(placement(await cluster.tool.consume([job.output])), java);
  job.remove();
});

test('partition: sticky minds neither keys nor source partitions, and loses nothing', async () => {
  const { job, out } = await pass('sticky', 2, 3);
  assert.equal(new Set(out.map(({ value }) => value?.toString())).size, 2000);
  job.remove();
});

test(
  'partition: same with unequal counts is refused before ' + 'anything is read, naming both counts',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 3,
      outputPartitions: 5,
      dispatcher: { output: { format: 'raw', partition: 'same' } },
    });
    await cluster.tool.send(job.input, keyed(3));
    const { summary } = await job.runToEnd({ expect: 2 });
    assert.match(summary.reason.message, /\b3\b/);
    assert.match(summary.reason.message, /\b5\b/);
    assert.equal(summary.records.consumed, 0);
    assert.equal(await job.committed(), 0);
    job.remove();
  },
);
