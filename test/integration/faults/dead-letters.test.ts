import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ConsumedRecord } from '../../support/java/requests.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const DAY_MS = 86_400_000;

const header = (record: ConsumedRecord | undefined, name: string): string | undefined =>
  record?.headers.find(([one]) => one === name)?.[1]?.toString();

const REJECTING = `export default (value, record) => {
  throw new Error('no good: ' + 'x'.repeat(900));
};`;

test("the dead letter of an old record carries today's timestamp, so retention keeps it", async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, deadLetter: true, transform: REJECTING });
  const old = Date.now() - 30 * DAY_MS;
  await cluster.tool.send(job.input, [
    { partition: 0, key: Buffer.from('k'), value: Buffer.from('v'), timestamp: old },
  ]);
  await job.runToEnd();
  const [letter] = await cluster.tool.consume([job.deadLetters]);
  assert.ok(Math.abs(Number(letter?.timestamp) - Date.now()) < DAY_MS / 24, String(letter?.timestamp));
  assert.equal(header(letter, 'kd-timestamp'), String(old));
  job.remove();
});

test("dead-letter.timestamp: source keeps the record's own timestamp", async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1, deadLetter: true, transform: REJECTING });
  const old = Date.now() - 3 * DAY_MS;
  await cluster.tool.send(job.input, [
    { partition: 0, key: Buffer.from('k'), value: Buffer.from('v'), timestamp: old },
  ]);
  await job.runToEnd({ args: ['--set', 'dispatcher.dead-letter.timestamp=source'] });
  const [letter] = await cluster.tool.consume([job.deadLetters]);
  assert.equal(Number(letter?.timestamp), old);
  job.remove();
});

test(
  'a record at the size limit can be dead-lettered: the headers ' + 'of its dead letter are shortened',
  async () => {
    const cluster = await sharedCluster();
    const job = await Job.create({ cluster, partitions: 1, deadLetter: true, transform: REJECTING });
    await cluster.tool.alterTopicConfigs(job.deadLetters, { 'max.message.bytes': '20000' });
    const sizes = [19_400, 18_800, 4_000];
    await cluster.tool.send(
      job.input,
      sizes.map((bytes) => ({ partition: 0, key: Buffer.from('k'), value: Buffer.alloc(bytes, 'v') })),
    );
    const { summary } = await job.runToEnd();
    assert.equal(summary.records.deadLettered, sizes.length);
    const letters = [...(await cluster.tool.consume([job.deadLetters]))].sort(
      (a, b) => Number(header(a, 'kd-offset')) - Number(header(b, 'kd-offset')),
    );
    assert.deepEqual(
      letters.map((letter) => [letter.value?.length, header(letter, 'kd-code')]),
      sizes.map((bytes) => [bytes, 'TRANSFORM_ERROR']),
    );
    assert.deepEqual(
      letters.map((letter) => header(letter, 'kd-message')?.length),
      [undefined, 100, 909],
    );
    assert.ok(header(letters[2], 'kd-stack'));
    job.remove();
  },
);
