import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { open } from 'node:fs/promises';
import { join } from 'node:path';
import { test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { renderSummary } from '../../../src/cli/terminal/summary-text.js';
import type { ConsumedRecord, PlainRecord, Recipe } from '../../support/java/requests.js';
import { type TestCluster, withCluster } from '../../support/kafka-cluster.js';
import { type KdProcess, lastJson } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertExact, assertLaw, Job } from '../job.js';
import { arrived, eventually, texts, textsOf } from '../waiting.js';

/** Slow enough to be stopped in the middle: each record waits `options.delay` milliseconds. */
const SLOW = `
export default async (value, record, { options }) => {
  if (options.delay > 0) await new Promise((resolve) => setTimeout(resolve, options.delay));
  return value;
};
`;

async function summaryOf(kd: KdProcess, exitCode: number): Promise<Summary> {
  const result = await kd.ended;
  assert.equal(result.code, exitCode, `exit code; it said:\n${result.stderr.slice(-5000)}`);
  const summary = lastJson(result.stdout) as Summary;
  assertLaw(summary);
  return summary;
}

function values(partition: number, from: number, to: number, prefix = 'v'): PlainRecord[] {
  return Array.from({ length: to - from }, (_, i) => ({
    partition,
    key: Buffer.from(`k${from + i}`),
    value: Buffer.from(`${prefix}${from + i}`),
  }));
}

test(
  'SIGTERM on an endless run drains: exit 0, all records read are committed, and the next run ' +
    'repeats nothing',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 61, records: 30_000, partitions: 3, keys: 'sequence' };
    const job = await Job.create({
      cluster,
      partitions: 3,
      transform: SLOW,
      dispatcher: { options: { delay: 5 }, batch: { 'records-max': 500 } },
    });
    await cluster.tool.produce({ topic: job.input, recipe });
    const kd = job.spawn(['--until', 'forever']);
    await eventually('something is committed', async () => (await job.committed()) > 0);
    kd.kill('SIGTERM');
    const summary = await summaryOf(kd, 0);
    assert.equal(summary.reason.code, 'DONE');
    assert.equal(summary.records.unsettled, 0);
    assert.deepEqual(summary.redelivery, []);
    assert.ok(
      summary.records.consumed > 0 && summary.records.consumed < recipe.records,
      `stopped on the way: ${summary.records.consumed}`,
    );
    assert.equal(await job.committed(), summary.records.transformed);
    const rest = await job.runToEnd({ args: ['--set', 'dispatcher.options.delay=0'] });
    assert.equal(rest.summary.records.consumed, recipe.records - summary.records.consumed);
    assertExact(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
    job.remove();
  },
);

test(
  'SIGTERM on a bounded run exits 7 and says so; the same command then continues to the end, and ' +
    'a third run has nothing to do',
  async () => {
    const cluster = await sharedCluster();
    const recipe: Recipe = { seed: 62, records: 30_000, partitions: 3, keys: 'sequence' };
    const job = await Job.create({
      cluster,
      partitions: 3,
      transform: SLOW,
      dispatcher: { options: { delay: 5 }, batch: { 'records-max': 500 } },
    });
    await cluster.tool.produce({ topic: job.input, recipe });
    const kd = job.spawn();
    await eventually('something is committed', async () => (await job.committed()) > 0);
    kd.kill('SIGTERM');
    const stopped = await summaryOf(kd, 7);
    assert.equal(stopped.reason.code, 'STOPPED_BEFORE_END');
    assert.equal(stopped.reason.retryable, true);
    assert.equal(stopped.records.unsettled, 0);
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.consumed, recipe.records - stopped.records.consumed);
    assertExact(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
    const again = await job.runToEnd();
    assert.equal(again.summary.records.consumed, 0);
    assert.equal(again.summary.reason.code, 'DONE');
    assert.deepEqual(again.summary.redelivery, []);
    job.remove();
  },
);

/** partition:value → how many copies there are. */
function copies(records: readonly ConsumedRecord[]): ReadonlyMap<string, number> {
  const counts = new Map<string, number>();
  for (const { partition, value } of records) {
    const name = `${partition}:${value?.toString() ?? ''}`;
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

test(
  'a second signal cuts the drain short: exit 4, and everything that comes twice lies within the ' +
    'listed ranges',
  async () => {
    const cluster = await sharedCluster();
    const recipeRecords = 6000;
    const job = await Job.create({
      cluster,
      partitions: 2,
      transform: SLOW,
      dispatcher: {
        options: { delay: 20 },
        concurrency: 8,
        ordering: 'none',
        'commit-interval': '5s',
        batch: { 'records-max': 400 },
      },
    });
    for (const partition of [0, 1])
      await cluster.tool.send(job.input, values(partition, 0, recipeRecords / 2));
    const kd = job.spawn(['--until', 'forever']);
    await eventually('some outputs are there', async () =>
      (await cluster.tool.endOffsets([job.output])).some(({ offset }) => offset > 0),
    );
    kd.kill('SIGTERM');
    await kd.waitFor(/stopping/);
    kd.kill('SIGTERM');
    const cut = await summaryOf(kd, 4);
    assert.equal(cut.reason.code, 'DRAIN_CUT');
    assert.ok(cut.records.unsettled > 0);
    assert.ok(cut.redelivery.length > 0);
    assert.equal(cut.state, 'stopped');
    assert.match(cut.reason.message, /a second signal stopped the run/);
    assert.doesNotMatch(cut.reason.remedy ?? '', /drain-timeout/);
    assert.match(renderSummary(cut), /^ {2}not settled +[\d,]+ unsettled$/m);
    for (const { topic, from, to } of cut.redelivery) assert.ok(topic === job.input && from < to);
    const committed = new Map(
      (await cluster.tool.committed(job.group)).map(({ partition, offset }) => [partition, offset]),
    );
    for (const { partition, from } of cut.redelivery)
      assert.equal(from, committed.get(partition) ?? 0, 'a range begins at the committed offset');
    await job.runToEnd({ args: ['--set', 'dispatcher.options.delay=0'] });
    const found = copies(await cluster.tool.consume([job.output]));
    assert.equal(found.size, recipeRecords, 'nothing is lost');
    for (const [name, count] of found) {
      const [partition, offset] = name.split(':v').map(Number);
      const listed = cut.redelivery.some(
        (range) => range.partition === partition && Number(offset) >= range.from && Number(offset) < range.to,
      );
      assert.ok(count === 1 || (count === 2 && listed), `${name} came ${count} times`);
    }
    job.remove();
  },
);

test('a run whose configuration is a pipe that nobody writes to can be stopped', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    transform: SLOW,
    dispatcher: { options: { delay: '${file:./delay}' } },
  });
  const pipe = join(job.folder, 'delay');
  execFileSync('mkfifo', [pipe]);
  const kd = job.spawn(['--until', 'forever']);
  // Opening succeeds when kd has opened the pipe for reading.
  const writing = await open(pipe, 'w');
  kd.kill('SIGTERM');
  const { code, signal } = await kd.ended;
  assert.deepEqual([code, signal], [null, 'SIGTERM']);
  await writing.close();
  job.remove();
});

test(
  'a second signal does not wait for a transform that never ends, and no worker is reported as ' + 'replaced',
  async () => {
    const cluster = await sharedCluster();
    const transform = `export default () => {
    process.stderr.write('hangs\\n');
    return new Promise(() => setInterval(() => undefined, 1000));
  };`;
    const job = await Job.create({
      cluster,
      partitions: 1,
      transform,
      dispatcher: { timeout: '5m', 'drain-timeout': '5m' },
    });
    await cluster.tool.send(job.input, values(0, 0, 100));
    const kd = job.spawn(['--until', 'forever']);
    await kd.waitFor(/hangs/);
    kd.kill('SIGTERM');
    await kd.waitFor(/stopping/);
    kd.kill('SIGTERM');
    const { code, stderr } = await kd.ended;
    assert.equal(code, 4);
    assert.doesNotMatch(stderr, /worker replaced|did not close in order/);
    job.remove();
  },
);

test(
  'a bounded run over transactions ends behind their markers, reads the committed records and ' +
    'none of the aborted ones',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 3 });
    await cluster.tool.sendTransaction(
      job.input,
      [...values(0, 0, 100), ...values(1, 0, 5, 'aborted')],
      'commit',
    );
    await cluster.tool.sendTransaction(
      job.input,
      [...values(0, 100, 150, 'aborted'), ...values(1, 5, 10, 'aborted')],
      'abort',
    );
    await cluster.tool.sendTransaction(job.input, [...values(0, 150, 200), ...values(1, 10, 20)], 'commit');
    await cluster.tool.sendTransaction(
      job.input,
      [...values(0, 200, 205, 'aborted'), ...values(2, 0, 300, 'aborted')],
      'abort',
    );
    const { summary } = await job.runToEnd({ timeoutMs: 60_000 });
    assert.equal(summary.records.consumed, 165);
    const out = await cluster.tool.consume([job.output]);
    assert.deepEqual(textsOf(out, 0), [
      ...texts(asConsumed(values(0, 0, 100))),
      ...texts(asConsumed(values(0, 150, 200))),
    ]);
    assert.equal(textsOf(out, 1).length, 15);
    assert.deepEqual(textsOf(out, 2), []);
    const again = await job.runToEnd({ timeoutMs: 60_000 });
    assert.equal(again.summary.records.consumed, 0);
    job.remove();
  },
);

function asConsumed(records: readonly PlainRecord[]): ConsumedRecord[] {
  return records.map(({ key, value, partition }, offset) => ({
    topic: '',
    partition: partition ?? 0,
    offset,
    timestamp: 0,
    key: key ?? null,
    value: value ?? null,
    headers: [],
  }));
}

test(
  'a bounded run over a topic whose records were all deleted ends ' +
    'at once, with and without a committed offset',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 2 });
    await cluster.tool.send(job.input, [...values(0, 0, 50), ...values(1, 0, 20)]);
    await cluster.tool.deleteRecords(job.input, { 0: 50, 1: 20 });
    const first = await job.runToEnd({ timeoutMs: 60_000 });
    assert.equal(first.summary.records.consumed, 0);
    await cluster.tool.send(job.input, values(0, 50, 60));
    const second = await job.runToEnd({ timeoutMs: 60_000 });
    assert.equal(second.summary.records.consumed, 10);
    await cluster.tool.deleteRecords(job.input, { 0: 60 });
    const third = await job.runToEnd({ timeoutMs: 60_000 });
    assert.equal(third.summary.records.consumed, 0);
    job.remove();
  },
);

test('a bounded run over a compacted topic reads what the cleaner left and ends', async () => {
  await withCluster({ brokers: 1, properties: { 'log.cleaner.backoff.ms': '200' } }, async (cluster) => {
    const job = await Job.create({
      cluster,
      partitions: 1,
      inputConfigs: {
        'cleanup.policy': 'compact',
        'min.cleanable.dirty.ratio': '0.01',
        'segment.ms': '500',
        'segment.bytes': '1048576',
        'min.compaction.lag.ms': '0',
      },
    });
    // Writes the same hundred keys again and again; a later write makes the segment roll.
    for (let round = 0; round < 5; round++) await sendKeys(cluster, job.input, round);
    await eventually(
      'the log has holes',
      async () => {
        await sendKeys(cluster, job.input, 9);
        return (await cluster.tool.consume([job.input])).length < (await arrived(job, job.input));
      },
      40_000,
    );
    const left = await cluster.tool.consume([job.input]);
    const { summary } = await job.runToEnd({ timeoutMs: 60_000 });
    assert.ok(summary.records.consumed <= left.length && summary.records.consumed >= 100);
    assert.equal(
      new Set((await cluster.tool.consume([job.output])).map(({ key }) => key?.toString())).size,
      100,
    );
    assert.equal(await job.committed(), await arrived(job, job.input));
    job.remove();
  });
});

async function sendKeys(cluster: TestCluster, topic: string, round: number): Promise<void> {
  await cluster.tool.send(
    topic,
    Array.from({ length: 100 }, (_, n) => ({
      key: Buffer.from(`key-${n}`),
      value: Buffer.from(`${round}-${n}`),
      partition: 0,
    })),
  );
}

test('two members of a bounded run share the work and both exit 0', async () => {
  const cluster = await sharedCluster();
  const recipe: Recipe = { seed: 63, records: 40_000, partitions: 4, keys: 'sequence' };
  const job = await Job.create({
    cluster,
    partitions: 4,
    transform: SLOW,
    dispatcher: { options: { delay: 10 }, batch: { 'records-max': 200 } },
  });
  await cluster.tool.produce({ topic: job.input, recipe });
  const members = [job.spawn(), job.spawn()];
  const summaries = await Promise.all(members.map((member) => summaryOf(member, 0)));
  for (const { records, reason } of summaries) {
    assert.equal(reason.code, 'DONE');
    assert.ok(records.transformed > 0, 'each member had its share');
  }
  assert.equal(
    summaries.reduce((sum, { records }) => sum + records.transformed, 0),
    recipe.records,
  );
  assertExact(await cluster.tool.verify({ topics: [job.output], recipe, samePartition: true }));
  assert.equal(await job.committed(), recipe.records);
  job.remove();
});
