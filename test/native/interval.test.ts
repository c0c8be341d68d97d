import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import type { NativeMockCluster } from '../../src/kafka/native.js';
import {
  closeAll,
  connectConsumer,
  disconnect,
  eventually,
  native,
  openAndAssign,
  produce,
  TestReader,
} from './harness.js';

const TOPIC = 'spread';
/** No test waits for it. */
const INTERVAL_MS = 600_000;
/** A batch of this many records is not small (KD_READER_SMALL_MAX). */
const SMALL_MAX = 256;
let mock: NativeMockCluster;

before(() => {
  mock = new native.MockCluster(1);
  mock.setGroupInitialRebalanceDelayMs(0);
  mock.createTopic(TOPIC, 1, 1);
});

after(async () => {
  await closeAll();
  mock.close();
});

async function add(count: number): Promise<void> {
  const record = { partition: 0, offset: 0, timestamp: 1, key: null, value: Buffer.alloc(50, 7) };
  await produce(
    mock.bootstrapServers,
    TOPIC,
    Array.from({ length: count }, () => record),
  );
}

test('a small batch waits for the interval since the last, unless it grows or the reader parks', async () => {
  const consumer = await connectConsumer(mock.bootstrapServers, 'spread');
  const table = new native.PartitionTable(10);
  const reader = new TestReader(consumer, table, { intervalMs: INTERVAL_MS });
  const [id = -1] = openAndAssign(consumer, reader.reader, { table, topic: TOPIC, partitions: 1 });
  reader.offer(2, 1 << 20);
  reader.reader.start();

  await add(1);
  await eventually('the first record, which waits for nothing', () => reader.rowCount === 1);

  for (let i = 0; i < 3; i += 1) await add(100);
  await eventually('a batch that is not small', () => reader.batches.length === 2);
  const rows = reader.batches[1]?.rows.length ?? 0;
  assert.ok(rows >= SMALL_MAX, `${rows} records`);

  await add(1);
  await eventually('all is packed', () => reader.reader.nextOffset(id) === 302);
  assert.equal(reader.batches.length, 2);
  await reader.park();
  assert.equal(reader.batches.length, 3);
  assert.equal(reader.rowCount, 302);
  await reader.stop();
  await disconnect(consumer.client);
});
