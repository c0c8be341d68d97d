import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NativeMockCluster } from '../../src/kafka/native.js';
import type { InputRecord } from '../../src/wire/input-writer.js';
import type { NativeRow } from '../support/native-codec.js';
import type { TestConsumer } from './harness.js';
import {
  closeAll,
  codec,
  connectConsumer,
  disconnect,
  eventually,
  inputBlock,
  native,
  openAndAssign,
  openWriter,
  outputBlock,
  produce,
  RECORDS_MAX,
  sharedBlock,
  TestReader,
} from './harness.js';

const PARTITIONS = 4;
let mock: NativeMockCluster;

before(() => {
  mock = new native.MockCluster(2);
  mock.setGroupInitialRebalanceDelayMs(0);
});

after(async () => {
  await closeAll();
  mock.close();
});

type Given = InputRecord & { readonly partition: number };

/** Binary bytes, and every combination of null and empty parts, by number. */
function hostileRecord(i: number): Given {
  const bytes = Buffer.from([0, 255, 254, 128, i & 255, i >> 8]);
  const headers: [string, Buffer | null][] = [
    ['dup', bytes],
    ['dup', null],
    ['', Buffer.alloc(0)],
    ['näme', Buffer.from([0])],
  ];
  return {
    partition: i % PARTITIONS,
    offset: 0,
    timestamp: 1_000_000 + i,
    key: [null, Buffer.alloc(0), bytes][i % 3] ?? null,
    value: [bytes, null, Buffer.alloc(0), Buffer.alloc(300, i)][i % 4] ?? null,
    headers: i % 5 === 0 ? null : headers.slice(0, i % 5),
  };
}

/** Everything in the topic, by partition and in order; blocks are small, so there are many batches. */
async function readAll(topic: string, count: number): Promise<Map<number, NativeRow[]>> {
  const table = new native.PartitionTable(10);
  const consumer: TestConsumer = await connectConsumer(mock.bootstrapServers, `read-${topic}`);
  const reader = new TestReader(consumer, table);
  const ids = openAndAssign(consumer, reader.reader, { table, topic, partitions: PARTITIONS });
  reader.offer(5, 4096);
  reader.reader.start();
  await eventually(`${count} records of ${topic}`, () => reader.rowCount >= count);
  await reader.park();
  assert.equal(reader.rowCount, count);
  const stats = reader.reader.stats();
  assert.deepEqual([stats.recordsRead, stats.duplicatesDropped, stats.staleDropped], [count, 0, 0]);
  for (const id of ids) reader.reader.close(id);
  consumer.client.unassign();
  await reader.stop();
  await disconnect(consumer.client);
  const rows = new Map<number, NativeRow[]>();
  for (const row of reader.batches.flatMap((batch) => batch.rows)) {
    assert.ok(row);
    const { partition } = table.describe(row.partitionId);
    rows.set(partition, [...(rows.get(partition) ?? []), row]);
  }
  return rows;
}

function expectSame(row: NativeRow | undefined, given: Given, offset: number): void {
  assert.ok(row);
  assert.equal(row.offset, offset);
  assert.equal(row.timestamp, given.timestamp);
  assert.deepEqual(row.key, given.key);
  assert.deepEqual(row.value, given.value);
  const read =
    row.headers === null
      ? null
      : codec.readHeaders(row.headers)?.map(([name, value]) => [name.toString(), value]);
  assert.deepEqual(read, given.headers?.length ? given.headers : null);
}

test('every record comes through the cluster byte by byte, in order', async () => {
  mock.createTopic('exact', PARTITIONS, 1);
  const given = Array.from({ length: 6000 }, (_, i) => hostileRecord(i));
  await produce(mock.bootstrapServers, 'exact', given);
  const read = await readAll('exact', given.length);
  for (const [i, record] of given.entries()) {
    const offset = Math.floor(i / PARTITIONS);
    expectSame(read.get(record.partition)?.[offset], record, offset);
  }
});

test(
  'rows of an output batch reach their partition with their own parts and those that they take ' +
    'from the source',
  async () => {
    mock.createTopic('mixed', PARTITIONS, 1);
    const { producer, table, writer, topic } = await openWriter(
      mock.bootstrapServers,
      'mixed',
      PARTITIONS,
      'key',
    );
    const id = table.idOf('source', 2);
    table.setEpoch(id, 7);
    const source = { ...hostileRecord(3), offset: 3, partitionId: id, epoch: 7 };
    const output = outputBlock(1, (rows) => {
      rows.addRow(0, topic, 15);
      rows.setPartition(0);
      rows.addRow(0, topic, 0);
      rows.setPartition(1);
      rows.setTimestamp(77);
      rows.copyKey(Buffer.from('own key'));
      rows.copyValue(Buffer.alloc(0));
      rows.copyHeaders([['own', Buffer.from([0, 1])]]);
      rows.addRow(0, topic, 4 | 8);
      rows.setPartition(3);
    });
    const settled = await writer.writeAndSettle(inputBlock([source]), output);
    assert.deepEqual([settled.acknowledged, settled.failures, settled.stale], [3, [], 0]);
    const read = await readAll('mixed', 3);
    expectSame(read.get(0)?.[0], { ...source, partition: 0 }, 0);
    expectSame(
      read.get(1)?.[0],
      {
        partition: 1,
        offset: 0,
        timestamp: 77,
        key: Buffer.from('own key'),
        value: Buffer.alloc(0),
        headers: [['own', Buffer.from([0, 1])]],
      },
      0,
    );
    expectSame(read.get(3)?.[0], { ...source, partition: 3, key: null, value: null }, 0);
    await writer.stop();
    await disconnect(producer.client);
  },
);

test('a record without a timestamp gets the time of writing', async () => {
  mock.createTopic('now', PARTITIONS, 1);
  const from = Date.now();
  await produce(mock.bootstrapServers, 'now', [
    { ...hostileRecord(0), timestamp: -1 },
    { ...hostileRecord(3), timestamp: 0 },
  ]);
  const read = await readAll('now', 2);
  const stamped = read.get(0)?.[0]?.timestamp ?? 0;
  assert.ok(stamped >= from && stamped <= Date.now());
  // librdkafka can't send the timestamp 0: 1 is the nearest that it can.
  assert.equal(read.get(3)?.[0]?.timestamp, 1);
});

test('a batch is cut where the partition changes, if requested', async () => {
  mock.createTopic('cut', PARTITIONS, 1);
  await produce(
    mock.bootstrapServers,
    'cut',
    Array.from({ length: 400 }, (_, i) => hostileRecord(i)),
  );
  const table = new native.PartitionTable(10);
  const consumer = await connectConsumer(mock.bootstrapServers, 'cut');
  const reader = new TestReader(consumer, table, { cutPerPartition: true, recordsMax: 30 });
  openAndAssign(consumer, reader.reader, { table, topic: 'cut', partitions: PARTITIONS });
  reader.offer(4, 65_536);
  reader.reader.start();
  await eventually('400 records', () => reader.rowCount === 400);
  for (const batch of reader.batches) {
    assert.equal(batch.segments.length, 1);
    assert.ok(batch.rows.length <= 30);
  }
  await reader.stop();
  await disconnect(consumer.client);
});

test('blocks limit what is read: without a block nothing is read', async () => {
  mock.createTopic('limit', PARTITIONS, 1);
  await produce(
    mock.bootstrapServers,
    'limit',
    Array.from({ length: 3000 }, (_, i) => hostileRecord(i)),
  );
  const table = new native.PartitionTable(10);
  const consumer = await connectConsumer(mock.bootstrapServers, 'limit');
  const reader = new TestReader(consumer, table, { recordsMax: 100 });
  reader.offerAgain = false;
  openAndAssign(consumer, reader.reader, { table, topic: 'limit', partitions: PARTITIONS });
  reader.offer(2, 65_536);
  reader.reader.start();
  await eventually('two batches', () => reader.batches.length === 2);
  await new Promise((resolve) => setTimeout(resolve, 300));
  assert.equal(reader.batches.length, 2);
  reader.offerAgain = true;
  for (const [id, block] of reader.blocks) reader.reader.offer(id, block, RECORDS_MAX);
  await eventually('all', () => reader.rowCount === 3000);
  await reader.stop();
  await disconnect(consumer.client);
  assert.throws(() => reader.reader.offer(9, sharedBlock(4096), RECORDS_MAX), { code: 'KD_STOPPED' });
});
