import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NativeMockCluster, NativePartitionTable } from '../../src/kafka/native.js';
import type { TestConsumer } from './harness.js';
import {
  closeAll,
  connectConsumer,
  disconnect,
  eventually,
  native,
  openAndAssign,
  produce,
  RECORDS_MAX,
  sharedBlock,
  TestReader,
} from './harness.js';

const PARTITIONS = 4;
const RECORDS = 2000;
const FETCH_API = 1;
let mock: NativeMockCluster;

before(async () => {
  mock = new native.MockCluster(1);
  mock.setGroupInitialRebalanceDelayMs(0);
  mock.createTopic('parked', PARTITIONS, 1);
  const value = Buffer.alloc(50, 7);
  await produce(
    mock.bootstrapServers,
    'parked',
    Array.from({ length: RECORDS }, (_, i) => ({
      partition: i % PARTITIONS,
      offset: 0,
      timestamp: i,
      key: null,
      value,
    })),
  );
});

after(async () => {
  await closeAll();
  mock.close();
});

interface Opened {
  readonly table: NativePartitionTable;
  readonly consumer: TestConsumer;
  readonly reader: TestReader;
  readonly ids: readonly number[];
}

async function open(
  group: string,
  options: ConstructorParameters<typeof TestReader>[2] = {},
): Promise<Opened> {
  const table = new native.PartitionTable(10);
  const consumer = await connectConsumer(mock.bootstrapServers, group);
  const reader = new TestReader(consumer, table, options);
  const ids = openAndAssign(consumer, reader.reader, { table, topic: 'parked', partitions: PARTITIONS });
  return { table, consumer, reader, ids };
}

async function shut({ consumer, reader }: Opened): Promise<void> {
  await reader.stop();
  await disconnect(consumer.client);
}

async function seek(consumer: TestConsumer, partition: number, offset: number): Promise<void> {
  await new Promise<void>((resolve, reject) => {
    consumer.client.seek({ topic: 'parked', partition, offset }, 5000, (error: unknown) =>
      error ? reject(error as Error) : resolve(),
    );
  });
}

function offsetsOf(reader: TestReader, id: number): number[] {
  return reader.batches
    .flatMap((batch) => batch.rows)
    .flatMap((row) => (row?.partitionId === id ? [row.offset] : []));
}

test('the partitions of a reader can be changed only while it is parked', async () => {
  const opened = await open('only-parked');
  const { reader, ids } = opened;
  const [first = -1] = ids;
  reader.reader.start();
  for (const call of [
    () => reader.reader.close(first),
    () => reader.reader.rewind(first, 2, 0),
    () => reader.reader.open(first, 2, 0),
    () => reader.reader.reclaim(),
  ]) {
    assert.throws(call, { code: 'KD_NOT_PARKED' });
  }
  await reader.park();
  assert.throws(() => reader.reader.open(first, 2, 0), { code: 'KD_ALREADY_OPEN' });
  assert.throws(() => reader.reader.close(9), { code: 'KD_NOT_OPEN' });
  assert.throws(() => reader.reader.open(9, 1, 0), { code: 'KD_NO_PARTITION' });
  await shut(opened);
});

test('park delivers the current batch first, and no more batches come until unpark', async () => {
  const opened = await open('in-hand', { recordsMax: 100 });
  const { reader } = opened;
  reader.offer(6, 65_536);
  reader.reader.start();
  await eventually('a first batch', () => reader.batches.length > 0);
  await reader.park();
  const batchesThen = reader.batches.length;
  assert.equal(reader.events.at(-1)?.kind, 'parked');
  await new Promise((resolve) => setTimeout(resolve, 200));
  assert.equal(reader.batches.length, batchesThen);
  // A repeated request is answered too, so that nobody waits forever.
  await reader.park();
  reader.reader.unpark();
  await eventually('the rest', () => reader.rowCount === RECORDS);
  await shut(opened);
});

test('blocks that were not begun are returned when the reader parks', async () => {
  const opened = await open('reclaim');
  const { reader } = opened;
  await reader.park();
  reader.offer(3, 65_536);
  assert.deepEqual(reader.reader.reclaim(), [1, 2, 3]);
  assert.deepEqual(reader.reader.reclaim(), []);
  await shut(opened);
});

test(
  'a closed partition delivers nothing more, the others go on, ' + 'and it restarts where it is opened',
  async () => {
    const opened = await open('close', { recordsMax: 50 });
    const { table, consumer, reader, ids } = opened;
    reader.offerAgain = false;
    reader.offer(1, 65_536);
    reader.reader.start();
    await eventually('one batch', () => reader.batches.length === 1);
    const closed = reader.batches[0]?.segments[0]?.partitionId ?? -1;
    const { partition } = table.describe(closed);
    await reader.park();
    const next = reader.reader.nextOffset(closed);
    assert.ok(next > 0 && next < RECORDS / PARTITIONS);
    reader.reader.close(closed);
    table.setEpoch(closed, 0);
    assert.equal(reader.reader.nextOffset(closed), -1);
    consumer.client.incrementalUnassign([{ topic: 'parked', partition }]);
    reader.offerAgain = true;
    reader.offer(3, 65_536);
    reader.reader.unpark();
    await eventually('all of the others', () =>
      ids.every((id) => id === closed || offsetsOf(reader, id).length === RECORDS / PARTITIONS),
    );
    assert.equal(offsetsOf(reader, closed).length, next);
    await reader.park();
    table.setEpoch(closed, 2);
    reader.reader.open(closed, 2, next);
    consumer.client.incrementalAssign([{ topic: 'parked', partition, offset: next }]);
    reader.reader.unpark();
    await eventually(
      'the rest of the closed one',
      () => offsetsOf(reader, closed).length === RECORDS / PARTITIONS,
    );
    assert.deepEqual(
      offsetsOf(reader, closed),
      Array.from({ length: RECORDS / PARTITIONS }, (_, i) => i),
    );
    const epochs = new Set(
      reader.batches.flatMap((batch) =>
        batch.segments.filter((one) => one.partitionId === closed).map((one) => one.epoch),
      ),
    );
    assert.deepEqual([...epochs], [1, 2]);
    await shut(opened);
  },
);

test('after rewind and seek a partition is read again from there', async () => {
  const opened = await open('rewind');
  const { consumer, reader, ids } = opened;
  const [first = -1] = ids;
  reader.offer(4, 65_536);
  reader.reader.start();
  await eventually('everything', () => reader.rowCount === RECORDS);
  await reader.park();
  await seek(consumer, 0, 100);
  reader.reader.rewind(first, 2, 100);
  reader.reader.unpark();
  await eventually('again', () => reader.rowCount === RECORDS + RECORDS / PARTITIONS - 100);
  assert.equal(offsetsOf(reader, first)[RECORDS / PARTITIONS], 100);
  assert.equal(reader.batches.at(-1)?.segments[0]?.epoch, 2);
  await shut(opened);
});

test('records that librdkafka delivers a second time are dropped and counted', async () => {
  const opened = await open('duplicates');
  const { consumer, reader, ids } = opened;
  const [first = -1] = ids;
  reader.offer(4, 65_536);
  reader.reader.start();
  await eventually('everything', () => reader.rowCount === RECORDS);
  await reader.park();
  // A seek without the reader's knowledge imitates librdkafka going back to an earlier position by itself.
  await seek(consumer, 0, 400);
  reader.reader.unpark();
  await eventually(
    'duplicates',
    () => reader.reader.stats().duplicatesDropped === RECORDS / PARTITIONS - 400,
  );
  assert.equal(reader.rowCount, RECORDS);
  assert.equal(reader.reader.nextOffset(first), RECORDS / PARTITIONS);
  await shut(opened);
});

test('a record larger than every block waits for a block that is large enough, in order', async () => {
  mock.createTopic('large', 1, 1);
  const sizes = [10, 100_000, 20, 30];
  await produce(
    mock.bootstrapServers,
    'large',
    sizes.map((bytes) => ({
      partition: 0,
      offset: 0,
      timestamp: 1,
      key: null,
      value: Buffer.alloc(bytes, 1),
    })),
  );
  const table = new native.PartitionTable(10);
  const consumer = await connectConsumer(mock.bootstrapServers, 'large');
  const reader = new TestReader(consumer, table);
  openAndAssign(consumer, reader.reader, { table, topic: 'large', partitions: 1 });
  reader.offer(3, 4096);
  reader.reader.start();
  await eventually('oversize', () => reader.seen('oversize') === 1);
  assert.equal(reader.rowCount, 1);
  const needed = reader.events.find((event) => event.kind === 'oversize')?.a ?? 0;
  assert.ok(needed > 100_000 && needed < 100_300, `${needed} bytes`);
  reader.reader.offer(77, sharedBlock(4096), RECORDS_MAX);
  const large = sharedBlock(needed);
  reader.blocks.set(77, sharedBlock(4096));
  reader.blocks.set(99, large);
  reader.reader.offer(99, large, RECORDS_MAX);
  await eventually('all four', () => reader.rowCount === 4);
  const lengths = reader.batches.flatMap((batch) => batch.rows).map((row) => row?.value?.length);
  assert.deepEqual(lengths, sizes);
  assert.equal(reader.events.filter((event) => event.kind === 'batch' && event.a === 99)[0]?.b, 1);
  assert.equal(reader.seen('oversize'), 1);
  await reader.stop();
  await disconnect(consumer.client);
});

function faultsOf(reader: TestReader) {
  return reader.batches.flatMap((batch) => batch.segments.filter((segment) => segment.kind === 1));
}

test(
  'an error becomes a fault at the next offset; what follows it is dropped until the partition ' +
    'is opened again',
  async () => {
    const opened = await open('fault', { recordsMax: 10_000 });
    const { consumer, reader, ids } = opened;
    const [first = -1] = ids;
    reader.offer(4, 1 << 20);
    reader.reader.start();
    await eventually('everything', () => reader.rowCount === RECORDS);
    await reader.park();
    // Past the end of the log: with auto.offset.reset=error librdkafka puts an error into the partition's
    // queue.
    await seek(consumer, 0, 1_000_000);
    reader.reader.rewind(first, 2, 500);
    reader.reader.unpark();
    await eventually('a fault', () => faultsOf(reader).length === 1);
    const [fault] = faultsOf(reader);
    assert.deepEqual(
      [fault?.partitionId, fault?.rowCount, fault?.firstOffset, fault?.epoch],
      [first, 0, 500, 2],
    );
    assert.equal(native.errorName(fault?.errorCode ?? 0).name, '_AUTO_OFFSET_RESET');
    assert.match(fault?.text?.toString() ?? '', /^parked \[0\]: /);
    await reader.park();
    // librdkafka no longer fetches this partition and refuses to seek: it must be assigned again.
    await assert.rejects(seek(consumer, 0, 400));
    consumer.client.incrementalUnassign([{ topic: 'parked', partition: 0 }]);
    consumer.client.incrementalAssign([{ topic: 'parked', partition: 0, offset: 400 }]);
    reader.reader.unpark();
    await eventually('rows dropped', () => reader.reader.stats().staleDropped === 100);
    assert.equal(reader.rowCount, RECORDS);
    await reader.park();
    reader.reader.close(first);
    consumer.client.incrementalUnassign([{ topic: 'parked', partition: 0 }]);
    reader.reader.open(first, 3, 400);
    consumer.client.incrementalAssign([{ topic: 'parked', partition: 0, offset: 400 }]);
    reader.reader.unpark();
    await eventually('read again', () => reader.rowCount === RECORDS + 100);
    assert.equal(faultsOf(reader).length, 1);
    await shut(opened);
  },
);

test('request errors do not disturb the records', async () => {
  mock.pushRequestErrors(FETCH_API, [6, 6, 6]);
  const opened = await open('errors');
  opened.reader.offer(4, 65_536);
  opened.reader.reader.start();
  await eventually('everything', () => opened.reader.rowCount === RECORDS);
  assert.equal(opened.reader.seen('stray'), 0);
  await shut(opened);
});
