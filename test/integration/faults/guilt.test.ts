import assert from 'node:assert/strict';
import { test } from 'node:test';
import { setTimeout as sleep } from 'node:timers/promises';
import type { ConsumedRecord, PlainRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job, type JobSpec } from '../job.js';
import { arrived, eventually } from '../waiting.js';

/** Records 0..count−1 with their number as value; `change` makes some of them unacceptable to the broker. */
function numbered(count: number, change: (n: number) => Partial<PlainRecord> = () => ({})): PlainRecord[] {
  return Array.from({ length: count }, (_, n) => ({
    partition: 0,
    key: Buffer.from(`key ${n}`),
    value: Buffer.from(`value ${n}`),
    ...change(n),
  }));
}

const header = (record: ConsumedRecord | undefined, name: string): string =>
  record?.headers.find(([one]) => one === name)?.[1]?.toString() ?? '';

const offsetsOf = (deadLetters: readonly ConsumedRecord[]): number[] =>
  deadLetters.map((record) => Number(header(record, 'kd-offset'))).sort((a, b) => a - b);

async function compacted(more: Partial<JobSpec> = {}): Promise<Job> {
  const cluster = await sharedCluster();
  return Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    outputConfigs: { 'cleanup.policy': 'compact' },
    ...more,
  });
}

/** Checks that exactly the guilty records are dead letters, in the topics and in the summary. */
async function assertGuilty(
  job: Job,
  count: number,
  guilty: readonly number[],
  words: RegExp,
): Promise<void> {
  const { summary } = await job.runToEnd();
  const { tool } = job.cluster;
  const deadLetters = await tool.consume([job.deadLetters]);
  assert.deepEqual(offsetsOf(deadLetters), guilty);
  for (const one of deadLetters) assert.match(header(one, 'kd-message'), words);
  const delivered = new Set((await tool.consume([job.output])).map(({ value }) => value?.toString()));
  assert.equal(delivered.size, count - guilty.length);
  assert.equal(summary.records.deadLettered, guilty.length);
  assert.equal(summary.records.transformed, count - guilty.length);
}

for (let run = 1; run <= 3; run++) {
  test(
    'with a trickle at default settings, only the one record that the output refuses is a dead ' +
      `letter (run ${run})`,
    async () => {
      const job = await compacted();
      const kd = job.spawn(['--until', 'forever']);
      const records = numbered(400, (n) => (n === 200 ? { key: null } : {}));
      for (let at = 0; at < records.length; at += 20) {
        await job.cluster.tool.send(job.input, records.slice(at, at + 20));
        await sleep(10);
      }
      await eventually('all are delivered', async () => (await arrived(job, job.output)) >= 399);
      await eventually('the dead letter', async () => (await arrived(job, job.deadLetters)) >= 1);
      kd.kill('SIGTERM');
      assert.equal((await kd.ended).code, 0);
      const deadLetters = await job.cluster.tool.consume([job.deadLetters]);
      assert.deepEqual(offsetsOf(deadLetters), [200]);
      assert.match(header(deadLetters[0], 'kd-message'), /Compacted topic cannot accept message without key/);
      assert.equal(header(deadLetters[0], 'kd-code'), 'INVALID_RECORD');
      job.remove();
    },
  );
}

test(
  'where message sets contain several batches only the named records are dead letters, also in ' +
    'the summary',
  async () => {
    const job = await compacted({
      dispatcher: { batch: { 'records-max': 1 } },
      producer: { properties: { 'linger.ms': '200' } },
    });
    const guilty = [1, 2, 5, 8, 10, 11];
    await job.cluster.tool.send(
      job.input,
      numbered(12, (n) => (guilty.includes(n) ? { key: null } : {})),
    );
    await assertGuilty(job, 12, guilty, /without key/);
    job.remove();
  },
);

test(
  'without a dead-letter topic the run stops at the guilty offset ' + 'and delivers everything before it',
  async () => {
    const job = await compacted({
      deadLetter: false,
      dispatcher: { batch: { 'records-max': 1 } },
      producer: { properties: { 'linger.ms': '200' } },
    });
    await job.cluster.tool.send(
      job.input,
      numbered(20, (n) => (n === 13 ? { key: null } : {})),
    );
    const { summary } = await job.runToEnd({ expect: 5 });
    assert.match(summary.reason.message, /offset 13: INVALID_RECORD/);
    assert.equal(await job.committed(), 13);
    job.remove();
  },
);

test(
  "a timestamp too far in the future makes only its record a dead letter, with the broker's own " + 'words',
  async () => {
    const cluster = await sharedCluster();
    const after = (ms: string) => ({ 'message.timestamp.after.max.ms': ms });
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      inputConfigs: after('9223372036854775807'),
      outputConfigs: after('3600000'),
    });
    const ahead = Date.now() + 30 * 86_400_000;
    await cluster.tool.send(
      job.input,
      numbered(30, (n) => (n === 7 ? { timestamp: ahead } : {})),
    );
    await assertGuilty(job, 30, [7], /[Tt]imestamp/);
    job.remove();
  },
);

test('a dead letter that a compacted dead-letter topic refuses stops the run at its record', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    transform: `import { reject } from 'kafka-dispatcher';
      export default (value, record) => (record.offset % 2 === 0 ? reject('EVEN', 'even') : value);`,
  });
  await cluster.tool.alterTopicConfigs(job.deadLetters, { 'cleanup.policy': 'compact' });
  await cluster.tool.send(
    job.input,
    numbered(20, (n) => (n === 12 ? { key: null } : {})),
  );
  const { summary } = await job.runToEnd({ expect: 5 });
  assert.equal(summary.reason.code, 'DEAD_LETTER_REFUSED');
  assert.match(summary.reason.message, /offset 12: .*without key/s);
  assert.equal(await job.committed(), 12);
  job.remove();
});

test("a batch.size above the topic's max.message.bytes costs no record", async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    deadLetter: true,
    outputConfigs: { 'max.message.bytes': '100000' },
    producer: { properties: { 'batch.size': '900000' } },
  });
  await cluster.tool.send(
    job.input,
    numbered(20, (n) => ({ value: Buffer.from(`${n} ${'x'.repeat(30_000)}`) })),
  );
  await assertGuilty(job, 20, [], /none/);
  job.remove();
});

test(
  'a topic first named by the transform, with a lower size limit: only records too large for it ' +
    'are dead letters',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      transform: `import { emit } from 'kafka-dispatcher';
      export default (value, record) => emit(value, { topic: record.topic.replace(/-in$/, '-small') });`,
    });
    const small = job.output.replace(/-out$/, '-small');
    await cluster.createTopic(small, { partitions: 1, configs: { 'max.message.bytes': '20000' } });
    const bytes = (n: number): number => (n === 50 ? 30_000 : 4_000);
    await cluster.tool.send(
      job.input,
      numbered(100, (n) => ({ value: Buffer.from(`${n} ${'x'.repeat(bytes(n))}`) })),
    );
    const { summary } = await job.runToEnd();
    assert.deepEqual(offsetsOf(await cluster.tool.consume([job.deadLetters])), [50]);
    const values = (await cluster.tool.consume([small])).map(({ value }) => value?.toString().split(' ')[0]);
    assert.equal(new Set(values).size, 99);
    assert.deepEqual([summary.records.transformed, summary.records.deadLettered], [99, 1]);
    job.remove();
  },
);

test(
  'an output topic deleted while records are in flight stalls the run; no record becomes a dead ' + 'letter',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      dispatcher: { 'stall-timeout': '4s' },
      producer: { properties: { 'linger.ms': '900000', 'topic.metadata.refresh.interval.ms': '1000' } },
    });
    await cluster.tool.send(job.input, numbered(50));
    const kd = job.spawn(['--until', 'forever']);
    await eventually('read', () => /"?assigned/.test(kd.stderr));
    await sleep(1000);
    await cluster.tool.deleteTopics([job.output]);
    const { code } = await kd.ended;
    assert.equal(code, 3, kd.stderr);
    assert.equal((await cluster.tool.consume([job.deadLetters])).length, 0);
    assert.equal(await job.committed(), 0);
    job.remove();
  },
);
