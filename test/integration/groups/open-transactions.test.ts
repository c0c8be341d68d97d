import assert from 'node:assert/strict';
import { test } from 'node:test';
import rdkafka from 'node-rdkafka';
import { sharedCluster } from '../../support/shared-cluster.js';
import { Job } from '../job.js';

const TIMEOUT_MS = 10_000;

function answered(ask: (done: (error: unknown) => void) => unknown): Promise<void> {
  return new Promise((resolve, reject) => {
    ask((error) => (error === null || error === undefined ? resolve() : reject(error)));
  });
}

test('a bounded run names the records that an open transaction holds back', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  await cluster.tool.send(job.input, [{ partition: 0, key: null, value: Buffer.from('plain') }]);
  const producer = new rdkafka.Producer({
    'bootstrap.servers': cluster.bootstrapServers,
    'transactional.id': job.group,
  });
  await answered((done) => producer.connect({ timeout: TIMEOUT_MS }, done));
  await answered((done) => producer.initTransactions(TIMEOUT_MS, done));
  await answered((done) => producer.beginTransaction(done));
  for (let n = 0; n < 3; n += 1) producer.produce(job.input, 0, Buffer.from(`open ${n}`));
  await answered((done) => producer.flush(TIMEOUT_MS, done));
  const open = await job.runToEnd();
  assert.equal(open.summary.records.consumed, 1);
  assert.match(open.summary.reason.message, /an open transaction holds back: \S+\[0\] 1–3/);
  assert.match(open.summary.reason.remedy ?? '', /find-hanging --topic \S+ --partition 0/);
  await answered((done) => producer.abortTransaction(TIMEOUT_MS, done));
  const { summary } = await job.runToEnd();
  assert.deepEqual(
    [summary.records.consumed, summary.reason.message, summary.reason.remedy],
    [0, 'done', null],
  );
  producer.disconnect();
  job.remove();
});
