// @slow: fills queues and waits for deadlines
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NativeMockCluster } from '../../src/kafka/native.js';
import { OUTPUT_ROW_BYTES, OutputHeader, OutputRow } from '../../src/wire/layout.js';
import { loadNativeCodec } from '../support/native-codec.js';
import type { GivenRecord } from './harness.js';
import {
  closeAll,
  connectConsumer,
  connectProducer,
  delay,
  disconnect,
  eventually,
  identityBlock,
  inputBlock,
  native,
  openAndAssign,
  openWriter,
  outputBlock,
  TestReader,
  TestWriter,
} from './harness.js';

const NO_PARTITION = -10_004;
const UNKNOWN_PARTITION = -190;
/** The addon's own code: the broker's code 10 may apply to a whole message set. */
const TOO_LARGE_ALONE = -10_003;
const PURGE_QUEUE = -152;
const PURGE_INFLIGHT = -151;
const BAD_ROW = -10_001;
const BAD_BATCH = -10_002;
const PARTITIONS = 8;
let mock: NativeMockCluster;

before(() => {
  mock = new native.MockCluster(1);
  mock.setGroupInitialRebalanceDelayMs(0);
  mock.createTopic('out', PARTITIONS, 1);
});

after(async () => {
  await closeAll();
  mock.close();
});

function records(
  count: number,
  partitionId: number,
  key: (i: number) => Buffer | null = () => null,
): GivenRecord[] {
  return Array.from({ length: count }, (_, i) => ({
    partitionId,
    epoch: 1,
    offset: i,
    timestamp: 5,
    key: key(i),
    value: Buffer.from(`v${i}`),
  }));
}

async function opened(
  topic: string,
  partitionCount = PARTITIONS,
  policy: Parameters<typeof openWriter>[3] = 'auto',
) {
  const made = await openWriter(mock.bootstrapServers, topic, partitionCount, policy);
  const id = made.table.idOf('source', 3);
  made.table.setEpoch(id, 1);
  return {
    ...made,
    id,
    close: async () => [await made.writer.stop(), await disconnect(made.producer.client)],
  };
}

test('a row for a partition that the topic does not have fails once, and leaves nothing behind', async () => {
  const { producer, writer, topic, id, close } = await opened('out');
  const input = inputBlock(records(100, id));
  const output = outputBlock(100, (rows) => {
    for (let row = 0; row < 100; row += 1) {
      rows.addRow(row, topic, 15);
      rows.setPartition(row % 2 ? 1 : 55);
    }
  });
  const failures = Array.from({ length: 50 }, (_, i) => [i * 2, NO_PARTITION]);
  const refusedHere = await writer.writeAndSettle(input, output);
  assert.deepEqual([refusedHere.acknowledged, refusedHere.failures], [50, failures]);
  // With a wrong partition count the row reaches librdkafka, which reports it to the interceptor and refuses
  // it: still only once.
  writer.writer.setPartitionCount(topic, 100);
  const refusedThere = await writer.writeAndSettle(input, output);
  assert.equal(refusedThere.acknowledged, 50);
  assert.deepEqual(
    [...refusedThere.failures].sort(([a], [b]) => a - b),
    failures.map(([row]) => [row, UNKNOWN_PARTITION]),
  );
  // librdkafka reports a whole message set before it removes it from its queue.
  await eventually('nothing is left', () => native.outQueueLength(producer.handleId) === 0);
  await close();
  assert.equal(native.outQueueLength(producer.handleId), 0);
});

test('a record larger than the producer accepts fails alone', async () => {
  const producer = await connectProducer(mock.bootstrapServers, { 'message.max.bytes': 2000 });
  const table = new native.PartitionTable(4);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  const topic = writer.writer.topic('out', PARTITIONS, 'auto');
  const id = table.idOf('source', 0);
  table.setEpoch(id, 1);
  const given = records(10, id).map((record, i) =>
    i === 4 ? { ...record, value: Buffer.alloc(5000) } : record,
  );
  const settled = await writer.writeAndSettle(inputBlock(given), identityBlock(10, topic));
  assert.deepEqual([settled.acknowledged, settled.failures], [9, [[4, TOO_LARGE_ALONE]]]);
  await writer.stop();
  await disconnect(producer.client);
});

test('rows of an ended epoch are not passed to librdkafka', async () => {
  const { table, writer, topic, id, close } = await opened('out');
  const other = table.idOf('source', 4);
  table.setEpoch(other, 1);
  const input = inputBlock([...records(10, id), ...records(10, other)]);
  table.setEpoch(id, 2);
  const settled = await writer.writeAndSettle(input, identityBlock(20, topic));
  assert.deepEqual([settled.acknowledged, settled.stale, settled.failures], [10, 10, []]);
  assert.equal(writer.writer.stats().stale, 10);
  await close();
});

test('rows that do not fit their blocks are refused one by one, and the others are delivered', async () => {
  const { writer, topic, id, close } = await opened('out');
  const output = outputBlock(6, (rows) => {
    for (let row = 0; row < 6; row += 1) {
      rows.addRow(row, topic, 13);
      rows.copyValue(Buffer.from('x'));
    }
  });
  const view = new DataView(output.buffer);
  const rowAt = (row: number): number =>
    view.getUint32(OutputHeader.rowsPosition, true) + row * OUTPUT_ROW_BYTES;
  view.setUint32(rowAt(1) + OutputRow.valuePosition, 0xffff_fff0, true);
  view.setInt32(rowAt(2) + OutputRow.valueLength, 0x7fff_ffff, true);
  view.setUint32(rowAt(3) + OutputRow.sourceRow, 6, true);
  view.setUint16(rowAt(4) + OutputRow.topic, topic + 1, true);
  const settled = await writer.writeAndSettle(inputBlock(records(6, id)), output);
  assert.deepEqual(
    [settled.acknowledged, settled.failures.map(([row, code]) => [row, code === BAD_ROW])],
    [2, [1, 2, 3, 4].map((row) => [row, true])],
  );
  for (const [magic, rows] of [
    [0, 6],
    [view.getUint32(0, true), 0x7fff_ffff],
  ] as const) {
    view.setUint32(OutputHeader.magic, magic, true);
    view.setUint32(OutputHeader.rowCount, rows, true);
    const refused = await writer.writeAndSettle(inputBlock(records(6, id)), output);
    assert.deepEqual([refused.acknowledged, refused.failures], [0, [[0, BAD_BATCH]]]);
  }
  await close();
});

/** The partition of each record in a topic, by its value. */
async function partitionsOf(topic: string, partitions: number, count: number): Promise<Map<string, number>> {
  const table = new native.PartitionTable(100);
  const consumer = await connectConsumer(mock.bootstrapServers, `of-${topic}`);
  const reader = new TestReader(consumer, table);
  openAndAssign(consumer, reader.reader, { table, topic, partitions });
  reader.offer(3, 1 << 18);
  reader.reader.start();
  await eventually(`${count} records of ${topic}`, () => reader.rowCount >= count);
  await reader.stop();
  await disconnect(consumer.client);
  const rows = reader.batches.flatMap((batch) => batch.rows);
  return new Map(
    rows.map((row) => [row?.value?.toString() ?? '', table.describe(row?.partitionId ?? -1).partition]),
  );
}

function javaPartition(key: Buffer): number {
  return (loadNativeCodec().murmur2(key) & 0x7fff_ffff) % PARTITIONS;
}

test(
  'auto keeps the partition of an unchanged key where the counts match, and hashes keys as Java ' +
    'does elsewhere',
  async () => {
    mock.createTopic('auto', PARTITIONS, 1);
    const { table, writer, topic, id, close } = await opened('auto');
    const key = (i: number): Buffer => Buffer.from(`key-${i}`);
    const given = records(20, id, key);
    const named = (name: string) =>
      outputBlock(20, (rows) => {
        for (let row = 0; row < 20; row += 1) {
          rows.addRow(row, topic, name === 'set' ? 32 : 1);
          if (name === 'set') rows.copyKey(key(row));
          rows.copyValue(Buffer.from(`${name}-${row}`));
        }
      });
    await writer.writeAndSettle(inputBlock(given), named('unequal'));
    table.setTopicPartitionCount('source', PARTITIONS);
    await writer.writeAndSettle(inputBlock(given), named('equal'));
    await writer.writeAndSettle(inputBlock(given), named('set'));
    const found = await partitionsOf('auto', PARTITIONS, 60);
    for (let i = 0; i < 20; i += 1) {
      assert.equal(found.get(`unequal-${i}`), javaPartition(key(i)));
      assert.equal(found.get(`equal-${i}`), 3);
      assert.equal(found.get(`set-${i}`), javaPartition(key(i)));
    }
    await close();
  },
);

test(
  'without a key a part stays in one partition and the next part uses the next one; a dead ' +
    'letter keeps its own modulo the count',
  async () => {
    mock.createTopic('sticky', PARTITIONS, 1);
    mock.createTopic('dead', 2, 1);
    const { writer, topic, id, close } = await opened('sticky', PARTITIONS, 'key');
    const dead = writer.writer.topic('dead', 2, 'auto');
    for (let part = 0; part < PARTITIONS; part += 1) {
      const output = outputBlock(10, (rows) => {
        for (let row = 0; row < 10; row += 1) {
          rows.addRow(row, topic, 1);
          rows.copyValue(Buffer.from(`${part}-${row}`));
        }
        rows.addRow(9, dead, 1 | 16);
        rows.copyValue(Buffer.from(`dead-${part}`));
      });
      await writer.writeAndSettle(inputBlock(records(10, id)), output);
    }
    const found = await partitionsOf('sticky', PARTITIONS, PARTITIONS * 10);
    const used = Array.from(
      { length: PARTITIONS },
      (_, part) => new Set(Array.from({ length: 10 }, (_row, row) => found.get(`${part}-${row}`))),
    );
    assert.ok(used.every((partitions) => partitions.size === 1));
    assert.equal(new Set(used.flatMap((partitions) => [...partitions])).size, PARTITIONS);
    const letters = await partitionsOf('dead', 2, PARTITIONS);
    assert.deepEqual([...letters.values()], Array(PARTITIONS).fill(1));
    await close();
  },
);

test('a full queue is waited for, and the order is kept', async () => {
  mock.createTopic('narrow', 1, 1);
  const producer = await connectProducer(mock.bootstrapServers, { 'queue.buffering.max.messages': 50 });
  const table = new native.PartitionTable(4);
  const writer = new TestWriter(producer, table);
  const topic = writer.writer.topic('narrow', 1, 'auto');
  const id = table.idOf('source', 0);
  table.setEpoch(id, 1);
  const batches = Array.from({ length: 4 }, () =>
    writer.write(inputBlock(records(1000, id)), identityBlock(1000, topic)),
  );
  writer.writer.start();
  for (const batch of batches) assert.equal((await writer.settledOf(batch)).acknowledged, 1000);
  assert.deepEqual(
    writer.settled.map((one) => one.batchId),
    batches,
  );
  assert.ok(writer.writer.stats().queueFullWaits > 0);
  const consumer = await connectConsumer(mock.bootstrapServers, 'narrow');
  const reader = new TestReader(consumer, table);
  openAndAssign(consumer, reader.reader, { table, topic: 'narrow', partitions: 1 });
  reader.offer(3, 1 << 18);
  reader.reader.start();
  await eventually('all', () => reader.rowCount === 4000);
  const values = reader.batches.flatMap((batch) => batch.rows).map((row) => row?.value?.toString());
  assert.deepEqual(
    values,
    Array.from({ length: 4000 }, (_, i) => `v${i % 1000}`),
  );
  await reader.stop();
  await writer.stop();
  await disconnect(consumer.client);
  await disconnect(producer.client);
});

test('purge gives up what is not acknowledged; every row is reported', async () => {
  const producer = await connectProducer('127.0.0.1:1', { 'queue.buffering.max.messages': 100 }).catch(
    () => undefined,
  );
  assert.equal(producer, undefined, 'nothing listens there');
  // A producer that was connected and then loses its cluster.
  const lost = new native.MockCluster(1);
  lost.createTopic('out', PARTITIONS, 1);
  const connected = await connectProducer(lost.bootstrapServers, {
    'queue.buffering.max.messages': 100,
    'message.timeout.ms': 0,
  });
  const table = new native.PartitionTable(4);
  const writer = new TestWriter(connected, table);
  writer.writer.start();
  const topic = writer.writer.topic('out', PARTITIONS, 'auto');
  const id = table.idOf('source', 0);
  table.setEpoch(id, 1);
  await writer.writeAndSettle(inputBlock(records(10, id)), identityBlock(10, topic));
  lost.close();
  const batches = Array.from({ length: 3 }, () =>
    writer.write(inputBlock(records(200, id)), identityBlock(200, topic)),
  );
  await eventually('the queue is full', () => writer.writer.stats().queueFullWaits > 0);
  await delay(50);
  assert.equal(writer.settled.length, 1);
  writer.writer.purge();
  for (const batch of batches) {
    const settled = await writer.settledOf(batch);
    assert.equal(settled.acknowledged, 0);
    assert.deepEqual(new Set(settled.failures.map(([row]) => row)).size, 200);
    assert.ok(settled.failures.every(([, code]) => code === PURGE_QUEUE || code === PURGE_INFLIGHT));
  }
  await eventually('nothing is left', () => native.outQueueLength(connected.handleId) === 0);
  await writer.stop();
  await disconnect(connected.client);
});

test('parts that were not passed to librdkafka fail at stop, before `stopped` is reported', async () => {
  const { writer, topic, id, producer, table } = await opened('out');
  await writer.stop();
  assert.throws(() => writer.writer.write(1, 0, inputBlock(records(1, id)), identityBlock(1, topic)), {
    code: 'KD_STOPPED',
  });
  await disconnect(producer.client);
  const again = await connectProducer(mock.bootstrapServers);
  const unstarted = new TestWriter(again, table, 2);
  const number = unstarted.writer.topic('out', PARTITIONS, 'auto');
  unstarted.write(inputBlock(records(5, id)), identityBlock(5, number));
  unstarted.write(inputBlock(records(5, id)), identityBlock(5, number));
  assert.throws(() => unstarted.write(inputBlock(records(5, id)), identityBlock(5, number)), RangeError);
  await unstarted.stop();
  assert.deepEqual(
    unstarted.settled.map((one) => one.failures),
    Array(2).fill([0, 1, 2, 3, 4].map((row) => [row, PURGE_QUEUE])),
  );
  await disconnect(again.client);
});
