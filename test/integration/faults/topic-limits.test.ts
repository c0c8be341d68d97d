import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const LARGE_TOPIC = { 'max.message.bytes': String(8 << 20) };

test(
  'a small max.message.bytes turns exactly the records that exceed it into dead letters, without ' +
    'reading anything again',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 1,
      deadLetter: true,
      outputConfigs: { 'max.message.bytes': '3000' },
    });
    const records = Array.from({ length: 300 }, (_, n) => ({
      key: Buffer.from(String(n)),
      value: Buffer.alloc(n === 150 || n === 290 ? 5000 : 20, 65 + (n % 26)),
      partition: 0,
    }));
    await cluster.tool.send(job.input, records);
    const { summary, result } = await job.runToEnd();
    assert.doesNotMatch(result.stderr, /reading again/);
    assert.equal(summary.records.transformed, 298);
    assert.equal(summary.records.deadLettered, 2);
    const letters = await cluster.tool.consume([job.deadLetters]);
    assert.deepEqual(letters.map(({ key }) => key?.toString()).sort(), ['150', '290']);
    for (const letter of letters)
      assert.equal(letter.headers.find(([name]) => name === 'kd-stage')?.[1]?.toString(), 'deliver');
    const keys = (await cluster.tool.consume([job.output])).map(({ key }) => key?.toString());
    assert.deepEqual(
      keys,
      records.map(({ key }) => key.toString()).filter((key) => key !== '150' && key !== '290'),
    );
    assert.equal(await job.committed(), 300);
    job.remove();
  },
);

test('records of 3 MiB pass unchanged between topics that accept 8 MiB', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({
    cluster,
    partitions: 1,
    inputConfigs: LARGE_TOPIC,
    outputConfigs: LARGE_TOPIC,
  });
  const records = Array.from({ length: 6 }, (_, n) => ({
    key: Buffer.from(String(n)),
    value: Buffer.alloc(n % 2 === 0 ? 3 << 20 : 10, 65 + n),
    partition: 0,
  }));
  await cluster.tool.send(job.input, records, { 'max.request.size': '8388608' });
  const { summary } = await job.runToEnd();
  assert.equal(summary.records.transformed, records.length);
  const seen = await cluster.tool.consume([job.output]);
  assert.deepEqual(
    seen.map(({ key }) => key?.toString()),
    records.map(({ key }) => key.toString()),
  );
  for (const [n, record] of records.entries())
    assert.ok(seen[n]?.value?.equals(record.value), `record ${n} is exact`);
  job.remove();
});

test(
  'partition: same with unequal partition counts is refused before ' +
    'anything is read, with both topics and counts, exit 2',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({
      cluster,
      partitions: 4,
      outputPartitions: 3,
      dispatcher: { output: { partition: 'same' } },
    });
    await cluster.tool.produce({ topic: job.input, recipe: { records: 100, partitions: 4 } });
    const { summary } = await job.runToEnd({ expect: 2 });
    assert.equal(summary.reason.code, 'CONFIGURATION');
    assert.match(
      summary.reason.message,
      new RegExp(`${job.input} has 4 partitions and the output topic ${job.output} has 3 partitions`),
    );
    assert.equal(summary.records.consumed, 0);
    assert.equal(await job.committed(), 0);
    job.remove();
  },
);
