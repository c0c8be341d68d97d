/** Rows of one topic and partition are produced together, straight from their blocks. */
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NativeMockCluster } from '../../src/kafka/native.js';
import type { InputRecord } from '../../src/wire/input-writer.js';
import {
  closeAll,
  connectConsumer,
  connectProducer,
  disconnect,
  eventually,
  identityBlock,
  inputBlock,
  native,
  openAndAssign,
  TestReader,
  TestWriter,
} from './harness.js';

const PARTITIONS = 3;
const RECORDS = 1500;
/** Messages that librdkafka's queue holds in the last test. */
const ROOM = 10;
const TOO_LARGE_ALONE = -10_003;
const TOO_LARGE = new Set([4, 700, 701, RECORDS - 1]);
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

/** Long runs, short ones and single rows of a partition; in some stretches rows have headers. */
function partitionOf(i: number): number {
  return i < 900 ? Math.floor(i / 300) : i % PARTITIONS;
}

function timestampOf(i: number): number {
  if (i % 10 === 3) return -1;
  if (i % 10 === 6) return 0;
  return i % 10 === 7 ? 253_402_300_799_999 : 1_000_000 - i;
}

function recordOf(i: number): InputRecord {
  return {
    offset: i,
    timestamp: timestampOf(i),
    key: i % 4 === 0 ? null : Buffer.from(i % 4 === 1 ? '' : `k${i}`),
    value: TOO_LARGE.has(i) ? Buffer.alloc(5000) : Buffer.from(`v${i}`),
    headers: i % 200 > 150 && i % 3 > 0 ? [['n', Buffer.from(String(i))]] : null,
  };
}

test('rows produced together keep timestamp, key, value and order; refused ones fail alone', async () => {
  const beganMs = Date.now();
  const producer = await connectProducer(mock.bootstrapServers, {
    'message.max.bytes': 2000,
    'queue.buffering.max.messages': 400,
  });
  const table = new native.PartitionTable(8);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  const topic = writer.writer.topic('out', PARTITIONS, 'same');
  const ids = Array.from({ length: PARTITIONS }, (_, partition) => table.idOf('source', partition));
  for (const id of ids) table.setEpoch(id, 1);
  const given = Array.from({ length: RECORDS }, (_, i) => recordOf(i));
  const input = inputBlock(
    given.map((record, i) => ({ ...record, partitionId: ids[partitionOf(i)] ?? -1, epoch: 1 })),
  );
  const settled = await writer.writeAndSettle(input, identityBlock(RECORDS, topic));
  // Whoever reads the block now reads nonsense.
  input.fill(0xee);
  assert.deepEqual(
    settled.failures,
    [...TOO_LARGE].map((row) => [row, TOO_LARGE_ALONE]),
  );
  assert.equal(settled.acknowledged, RECORDS - TOO_LARGE.size);
  await writer.stop();
  await disconnect(producer.client);

  const consumer = await connectConsumer(mock.bootstrapServers, 'runs');
  const reader = new TestReader(consumer, table);
  openAndAssign(consumer, reader.reader, { table, topic: 'out', partitions: PARTITIONS });
  reader.offer(3, 1 << 20);
  reader.reader.start();
  await eventually('all', () => reader.rowCount === settled.acknowledged);
  const last = new Map<number, number>();
  for (const row of reader.batches.flatMap((batch) => batch.rows)) {
    assert.ok(row !== null);
    const i = Number(row.value?.toString().slice(1));
    const record = recordOf(i);
    const wanted = record.timestamp === 0 ? 1 : record.timestamp;
    if (wanted === -1) assert.ok(row.timestamp >= beganMs && row.timestamp <= Date.now(), `row ${i}`);
    else assert.equal(row.timestamp, wanted, `row ${i}`);
    assert.deepEqual(row.key === null ? null : Buffer.from(row.key), record.key, `row ${i}`);
    const partition = partitionOf(i);
    assert.ok(i > (last.get(partition) ?? -1), `row ${i} is in order`);
    last.set(partition, i);
  }
  await reader.stop();
  await disconnect(consumer.client);
});

test('what is not acknowledged at a stop is reported before `stopped`', async () => {
  const lost = new native.MockCluster(1);
  lost.createTopic('out', PARTITIONS, 1);
  const producer = await connectProducer(lost.bootstrapServers, { 'message.timeout.ms': 0 });
  const table = new native.PartitionTable(4);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  const topic = writer.writer.topic('out', PARTITIONS, 'auto');
  const id = table.idOf('source', 0);
  table.setEpoch(id, 1);
  const block = (): Uint8Array =>
    inputBlock(Array.from({ length: 20 }, (_, i) => ({ ...recordOf(i + 5), partitionId: id, epoch: 1 })));
  await writer.writeAndSettle(block(), identityBlock(20, topic));
  lost.close();
  const batch = writer.write(block(), identityBlock(20, topic));
  await eventually('librdkafka has them', () => writer.writer.stats().produced === 40);
  await writer.stop();
  const [, settled] = writer.settled;
  assert.deepEqual([settled?.batchId, settled?.acknowledged, settled?.failures.length], [batch, 0, 20]);
  await disconnect(producer.client);
});

test('once an epoch has ended, no row of a run that waited for room is passed to librdkafka', async () => {
  const producer = await connectProducer(mock.bootstrapServers, {
    'queue.buffering.max.messages': ROOM,
    'linger.ms': 600,
  });
  const table = new native.PartitionTable(4);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  const topic = writer.writer.topic('out', PARTITIONS, 'same');
  const id = table.idOf('source', 0);
  table.setEpoch(id, 1);
  const block = (rows: number, withHeaders = (_row: number) => false): Uint8Array =>
    inputBlock(
      Array.from({ length: rows }, (_, i) => ({
        ...recordOf(i + 5),
        headers: withHeaders(i) ? ([['n', Buffer.from('1')]] as const) : null,
        partitionId: id,
        epoch: 1,
      })),
    );
  // The first message of a writer proves where timestamps are: later rows go in runs.
  await writer.writeAndSettle(block(1), identityBlock(1, topic));
  for (const withHeaders of [() => false, (row: number) => row >= ROOM + 3]) {
    const rows = 4 * ROOM;
    const waits = writer.writer.stats().queueFullWaits;
    table.setEpoch(id, 1);
    const batch = writer.write(block(rows, withHeaders), identityBlock(rows, topic));
    await eventually('it waits for room', () => writer.writer.stats().queueFullWaits > waits);
    table.setEpoch(id, 2);
    const settled = await writer.settledOf(batch);
    assert.deepEqual([settled.acknowledged, settled.stale, settled.failures], [ROOM, rows - ROOM, []]);
  }
  await writer.stop();
  await disconnect(producer.client);
});
