// @slow: librdkafka's embedded cluster takes seconds for a rebalance
import assert from 'node:assert/strict';
import { after as afterAll, test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { startMockCluster } from '../../../src/kafka/tools/mock-cluster.js';
import { Member, native } from '../member.js';
import { fill, startProducing, text } from '../producing.js';
import { until } from '../support.js';

const cluster = startMockCluster({ topics: [], native });
const servers = cluster.bootstrapServers;
afterAll(() => cluster.close());

let topics = 0;
function topic(partitions: number): string {
  topics += 1;
  const name = `topic-${topics}`;
  cluster.createTopic({ name, partitions });
  return name;
}

test(
  'every record written through the sink is read once through ' + 'the source, in order within its partition',
  async () => {
    const name = topic(4);
    await fill(servers, name, { partitions: 4, count: 3_000 });
    const member = await new Member({ servers, topic: name, groupId: name }).start();
    await until('all records', () => member.seen.length >= 12_000);
    await member.stop();
    for (let partition = 0; partition < 4; partition++) {
      const values = member.seen.filter((record) => record.partition === partition).map(({ value }) => value);
      assert.deepEqual(
        values,
        Array.from({ length: 3_000 }, (_, sequence) => `${partition}/${sequence}`),
      );
    }
    assert.deepEqual(member.failures, []);
  },
);

test('without free blocks nothing is read, and the records are read later, once', async () => {
  const name = topic(1);
  await fill(servers, name, { partitions: 1, count: 5_000 });
  const member = new Member({ servers, topic: name, groupId: name, holdBlocks: true, blocks: 1 });
  await member.start();
  await until('the first batch', () => member.seen.length > 0);
  const before = member.seen.length;
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(member.seen.length, before);
  assert.ok(before <= 500);
  await member.stop();
  assert.equal(member.commits.get(0), before);
});

test('a record larger than a block is announced with its size and read into its own block', async () => {
  const name = topic(1);
  const { sink, writer } = await startProducing(servers, name);
  const large = 'x'.repeat(600_000);
  for (const value of ['small', large, 'after']) await writer.add(text(value, { partition: 0 }), 0);
  await writer.drain();
  await sink.close(10_000);
  const member = await new Member({ servers, topic: name, groupId: name }).start();
  await until('three records', () => member.seen.length === 3);
  await member.stop();
  assert.ok((member.oversizes[0] ?? 0) >= 600_000);
  assert.deepEqual(
    member.seen.map(({ value }) => value),
    ['small', large, 'after'],
  );
});

test('a seek continues at the requested offset, in a new epoch', async () => {
  const name = topic(1);
  await fill(servers, name, { partitions: 1, count: 50 });
  const member = await new Member({ servers, topic: name, groupId: name }).start();
  await until('all records', () => member.seen.length === 50);
  await member.source.park();
  const [partition] = [...member.owned.values()];
  assert.ok(partition !== undefined);
  const epoch = member.seen[0]?.epoch ?? 0;
  await member.source.seek({ ...partition, epoch: epoch + 1, offset: 45 });
  member.source.unpark();
  await until('five again', () => member.seen.length === 55);
  await member.stop();
  assert.deepEqual(member.offsets.slice(50), [45, 46, 47, 48, 49]);
  assert.deepEqual(new Set(member.seen.slice(0, 50).map((record) => record.epoch)), new Set([epoch]));
  assert.deepEqual(new Set(member.seen.slice(50).map((record) => record.epoch)), new Set([epoch + 1]));
});

test('progress shows how far each partition has been fetched and where it ends', async () => {
  const name = topic(2);
  await fill(servers, name, { partitions: 2, count: 40 });
  const member = await new Member({ servers, topic: name, groupId: name }).start();
  await until(
    'progress at the end',
    () =>
      member.lastProgress.length === 2 &&
      member.lastProgress.every(({ nextOffset, endOffset }) => nextOffset === 40 && endOffset === 40),
  );
  assert.ok(member.lastProgress.every(({ fetchQueueRecords }) => fetchQueueRecords === 0));
  await member.stop();
});

test('the ends and committed offsets of all partitions are reported, assigned or not', async () => {
  const name = topic(2);
  await fill(servers, name, { partitions: 2, count: 7 });
  const member = await new Member({ servers, topic: name, groupId: name }).start();
  const ends = await member.source.endOffsets();
  assert.ok(ends.every(({ topicId = '' }) => topicId.length === 22 && topicId === ends[0]?.topicId));
  assert.deepEqual(
    ends.map(({ topicId: _topicId, ...end }) => end),
    [
      { topic: name, partition: 0, low: 0, end: 7 },
      { topic: name, partition: 1, low: 0, end: 7 },
    ],
  );
  await until('commits', () => member.commits.get(0) === 7 && member.commits.get(1) === 7);
  assert.deepEqual(
    await member.source.commits.committedOffsets([
      { topic: name, partition: 1 },
      { topic: name, partition: 0 },
    ]),
    [
      { topic: name, partition: 1, offset: 7 },
      { topic: name, partition: 0, offset: 7 },
    ],
  );
  await member.stop();
});

test('a missing source topic stops the start with its name and a remedy', async () => {
  const member = new Member({ servers, topic: 'nowhere', groupId: 'g' });
  await assert.rejects(member.start(), (error) => {
    assert.ok(error instanceof DispatcherError);
    assert.equal(error.code, 'TOPIC_MISSING');
    assert.match(error.message, /nowhere/);
    assert.match(error.remedy ?? '', /kd topics create/);
    return true;
  });
});

test(
  'unusable TLS material is refused with exit 8, by source ' + 'and sink, and the process survives',
  async () => {
    const properties = { 'security.protocol': 'ssl', 'ssl.ca.pem': 'garbage' };
    const refused = (error: unknown): boolean =>
      error instanceof DispatcherError && error.code === 'KAFKA_REFUSED';
    await assert.rejects(new Member({ servers, topic: 't', groupId: 'g', properties }).start(), refused);
    await assert.rejects(startProducing(servers, 't', properties), refused);
  },
);

test('properties that librdkafka refuses are a configuration error, by source and sink', async () => {
  const refused = (error: unknown): boolean =>
    error instanceof DispatcherError && error.code === 'CONFIGURATION' && error.exitCode === 2;
  await assert.rejects(
    new Member({ servers, topic: 't', groupId: 'g', properties: { 'ssl.no.such': '1' } }).start(),
    refused,
  );
  await assert.rejects(startProducing(servers, 't', { acks: '1' }), refused);
});

test(
  'a missing output topic is reported when it is looked up, and ' + 'can be looked up again once it exists',
  async () => {
    const { sink } = await startProducing(servers, topic(1));
    await assert.rejects(
      sink.topic('later'),
      (error) => error instanceof DispatcherError && error.code === 'TOPIC_MISSING',
    );
    cluster.createTopic({ name: 'later', partitions: 5 });
    assert.equal((await sink.topic('later')).partitionCount, 5);
    await sink.close(5_000);
  },
);

test('a row for a partition that the topic does not have fails alone, with its code', async () => {
  const { sink, writer } = await startProducing(servers, topic(2));
  for (const [label, partition] of [0, 1, 7, 1].entries()) await writer.add(text('v', { partition }), label);
  await writer.drain();
  assert.equal(writer.acknowledged, 3);
  assert.deepEqual(
    writer.failed.map(({ label }) => label),
    [2],
  );
  await sink.close(5_000);
});

test('topics can be subscribed by an expression', async () => {
  const name = topic(2);
  await fill(servers, name, { partitions: 2, count: 5 });
  const member = await new Member({
    servers,
    topic: name,
    groupId: name,
    topics: { pattern: `${name}$` },
  }).start();
  await until('all records', () => member.seen.length === 10);
  await member.stop();
});

test('stop returns the same promise to every caller', async () => {
  const name = topic(1);
  const member = await new Member({ servers, topic: name, groupId: name }).start();
  assert.equal(member.source.stop(5_000), member.source.stop(1));
  await member.source.stop(5_000);
});

test('twenty clients created and closed leave nothing behind in the addon', async () => {
  const name = topic(2);
  await fill(servers, name, { partitions: 2, count: 20 });
  const before = native.liveCounts();
  for (let round = 0; round < 10; round++) {
    const member = await new Member({ servers, topic: name, groupId: `${name}-${round}` }).start();
    await until('all records', () => member.seen.length === 40);
    await member.stop();
    const { sink } = await startProducing(servers, name);
    await sink.close(5_000);
  }
  const now = native.liveCounts();
  assert.equal(now.handles, before.handles);
  assert.equal(now.heldMessages, 0);
});
