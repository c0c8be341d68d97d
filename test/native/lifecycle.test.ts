// @slow: librdkafka's embedded cluster takes seconds for a rebalance
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { after, before, test } from 'node:test';
import { fileURLToPath } from 'node:url';
import { Worker } from 'node:worker_threads';
import type { NativeMockCluster } from '../../src/kafka/native.js';
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
  produce,
  READER_OPTIONS,
  RECORDS_MAX,
  sharedBlock,
  TestReader,
  TestWriter,
} from './harness.js';

const PARTITIONS = 4;
const RECORDS = 400;
const CYCLES = 200;
let mock: NativeMockCluster;

before(async () => {
  mock = new native.MockCluster(1);
  mock.setGroupInitialRebalanceDelayMs(0);
  mock.createTopic('life', PARTITIONS, 1);
  mock.createTopic('out', PARTITIONS, 1);
  await produce(
    mock.bootstrapServers,
    'life',
    Array.from({ length: RECORDS }, (_, i) => ({
      partition: i % PARTITIONS,
      offset: 0,
      timestamp: i,
      key: null,
      value: Buffer.alloc(20),
    })),
  );
});

after(async () => {
  await closeAll();
  mock.close();
});

function nothingLives(): boolean {
  const { handles, readers, writers, heldMessages } = native.liveCounts();
  return handles + readers + writers + heldMessages === 0;
}

test('readers and writers created and closed in a loop leave nothing behind', async () => {
  await eventually('a clean start', nothingLives);
  const table = new native.PartitionTable(100);
  const id = table.idOf('life', 0);
  table.setEpoch(id, 1);
  for (let cycle = 0; cycle < CYCLES; cycle += 1) {
    const producer = await connectProducer(mock.bootstrapServers);
    const consumer = await connectConsumer(mock.bootstrapServers, `cycle-${cycle % 7}`);
    const writer = new TestWriter(producer, table);
    const reader = new TestReader(consumer, table);
    reader.offer(2, 8192);
    if (cycle % 3 > 0) {
      openAndAssign(consumer, reader.reader, { table, topic: 'life', partitions: PARTITIONS });
      reader.reader.start();
      writer.writer.start();
    }
    if (cycle % 3 === 2) {
      const topic = writer.writer.topic('out', PARTITIONS, 'auto');
      writer.write(
        inputBlock(
          [{ partitionId: id, epoch: 1, offset: 0, timestamp: 1, key: null, value: Buffer.from('x') }],
          4096,
        ),
        identityBlock(1, topic),
      );
      await eventually('a batch', () => reader.batches.length > 0);
    }
    await Promise.all([reader.stop(), writer.stop()]);
    await Promise.all([disconnect(consumer.client), disconnect(producer.client)]);
  }
  await eventually('nothing left', nothingLives);
});

test('several consumers and producers work side by side in one process', async () => {
  const table = new native.PartitionTable(100);
  const sides = await Promise.all(
    Array.from({ length: 4 }, async (_, side) => {
      const consumer = await connectConsumer(mock.bootstrapServers, `side-${side}`);
      const producer = await connectProducer(mock.bootstrapServers);
      const reader = new TestReader(consumer, table);
      const writer = new TestWriter(producer, table);
      openAndAssign(consumer, reader.reader, { table, topic: 'life', partitions: PARTITIONS });
      reader.offer(3, 8192);
      reader.reader.start();
      writer.writer.start();
      return { consumer, producer, reader, writer };
    }),
  );
  const [id = -1] = [table.idOf('life', 0)];
  for (const { reader, writer } of sides) {
    await eventually('its records', () => reader.rowCount === RECORDS);
    const topic = writer.writer.topic('out', PARTITIONS, 'auto');
    const input = inputBlock(
      [{ partitionId: id, epoch: 1, offset: 0, timestamp: 1, key: null, value: null }],
      4096,
    );
    assert.equal((await writer.writeAndSettle(input, identityBlock(1, topic))).acknowledged, 1);
  }
  for (const { consumer, producer, reader, writer } of sides) {
    await Promise.all([reader.stop(), writer.stop()]);
    await Promise.all([disconnect(consumer.client), disconnect(producer.client)]);
  }
  await eventually('nothing left', nothingLives);
});

test(
  'a member that subscribed leaves its group in order: ' + 'parked, closed, stopped, disconnected',
  async () => {
    const table = new native.PartitionTable(100);
    const consumer = await connectConsumer(mock.bootstrapServers, 'leaving');
    const reader = new TestReader(consumer, table);
    reader.offer(3, 8192);
    reader.reader.start();
    consumer.client.subscribe(['life']);
    // Nothing calls consume(): the reader's event thread serves the rebalance.
    await eventually('an assignment', () => consumer.rebalances.some((one) => one.assign));
    await reader.park();
    const ids = openAndAssign(consumer, reader.reader, { table, topic: 'life', partitions: PARTITIONS });
    reader.reader.unpark();
    await eventually('its records', () => reader.rowCount === RECORDS);
    await reader.park();
    for (const id of ids) reader.reader.close(id);
    consumer.client.unassign();
    await reader.stop();
    await disconnect(consumer.client);
    assert.equal(reader.seen('stray'), 0);
    await eventually('nothing left', nothingLives);
  },
);

test('a client that closes first stops its reader and its writer', async () => {
  const table = new native.PartitionTable(100);
  const consumer = await connectConsumer(mock.bootstrapServers, 'first');
  const producer = await connectProducer(mock.bootstrapServers);
  const reader = new TestReader(consumer, table);
  const writer = new TestWriter(producer, table);
  writer.writer.start();
  writer.writer.topic('out', PARTITIONS, 'auto');
  await Promise.all([disconnect(consumer.client), disconnect(producer.client)]);
  await eventually(
    'both stopped',
    () => reader.seen('stopped') === 1 && writer.others.some((event) => event.kind === 'stopped'),
  );
  assert.throws(() => reader.reader.start(), { code: 'KD_STOPPED' });
  assert.throws(() => writer.writer.topic('out', 1, 'auto'), { code: 'KD_STOPPED' });
  await eventually('nothing left', nothingLives);
});

test('questions to a client that is closing or closed get an answer', async () => {
  for (let i = 0; i < 30; i += 1) {
    const consumer = await connectConsumer(mock.bootstrapServers, 'asked');
    const going = { gone: false };
    const leaving = disconnect(consumer.client).then(() => {
      going.gone = true;
    });
    while (!going.gone) {
      assert.equal(native.assignmentLost(consumer.handleId), false);
      assert.equal(native.fatalError(consumer.handleId), null);
      assert.ok(native.outQueueLength(consumer.handleId) >= 0);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await leaving;
    assert.equal(native.outQueueLength(consumer.handleId), 0);
    assert.throws(
      () => new native.Reader(consumer.handleId, new native.PartitionTable(1), READER_OPTIONS, () => {}),
      {
        code: 'KD_NO_HANDLE',
      },
    );
  }
});

test('a client accepts one reader or writer, of its own kind', async () => {
  const table = new native.PartitionTable(1);
  const consumer = await connectConsumer(mock.bootstrapServers, 'kinds');
  const producer = await connectProducer(mock.bootstrapServers);
  const writerOptions = { partsMax: 1, pollIntervalMs: 10 };
  assert.throws(() => new native.Reader(producer.handleId, table, READER_OPTIONS, () => {}), {
    code: 'KD_NO_HANDLE',
  });
  assert.throws(() => new native.Writer(consumer.handleId, table, writerOptions, () => {}), {
    code: 'KD_NO_HANDLE',
  });
  const reader = new TestReader(consumer, table);
  const writer = new TestWriter(producer, table);
  assert.throws(() => new native.Reader(consumer.handleId, table, READER_OPTIONS, () => {}), {
    code: 'KD_NO_HANDLE',
  });
  assert.throws(() => new native.Writer(producer.handleId, table, writerOptions, () => {}), {
    code: 'KD_NO_HANDLE',
  });
  await Promise.all([reader.stop(), writer.stop()]);
  await Promise.all([disconnect(consumer.client), disconnect(producer.client)]);
});

test('invalid arguments are refused', async () => {
  const table = new native.PartitionTable(2);
  assert.deepEqual([table.idOf('a', 0), table.idOf('a', 1), table.idOf('a', 0)], [0, 1, 0]);
  assert.deepEqual(table.describe(1), { topic: 'a', partition: 1 });
  assert.throws(() => table.idOf('b', 0), RangeError);
  assert.throws(() => table.describe(2), RangeError);
  assert.throws(() => table.setEpoch(0, -1), RangeError);
  assert.throws(() => new native.PartitionTable(0), RangeError);
  assert.throws(() => new native.MockCluster(1000), RangeError);
  assert.throws(() => Reflect.apply(table.idOf, mock, ['a', 0]), TypeError);
  const consumer = await connectConsumer(mock.bootstrapServers, 'sense');
  const reader = new TestReader(consumer, table);
  assert.throws(() => reader.reader.offer(1, new Uint8Array(8), RECORDS_MAX), RangeError);
  assert.throws(() => reader.reader.offer(1, new Uint8Array(0), RECORDS_MAX), TypeError);
  assert.throws(() => reader.reader.offer(-1, sharedBlock(4096), RECORDS_MAX), RangeError);
  await reader.stop();
  await disconnect(consumer.client);
});

test('librdkafka can be asked in advance whether it accepts a configuration', () => {
  const tls = [
    ['security.protocol', 'ssl'],
    ['ssl.ca.pem', 'not a certificate'],
  ] as const;
  assert.match(native.checkConfiguration('producer', tls) ?? '', /ssl\.ca\.pem/);
  assert.match(native.checkConfiguration('consumer', [['no.such.thing', '1']]) ?? '', /no\.such\.thing/);
  assert.equal(native.checkConfiguration('consumer', [['group.id', 'g']]), null);
  assert.equal(
    native.checkConfiguration('producer', [
      ['plugin.library.paths', native.pluginPath],
      ['kd.handle', '1'],
      ['bootstrap.servers', '127.0.0.1:1'],
    ]),
    null,
  );
});

test('a worker thread can load the addon, use it, and end', async () => {
  await eventually('a clean start', nothingLives);
  const code = `
    const { parentPort, workerData } = require('node:worker_threads');
    const native = require(workerData.path);
    const table = new native.PartitionTable(10);
    const mock = new native.MockCluster(1);
    const handle = native.newHandleId();
    parentPort.postMessage({ id: table.idOf('a', 3), servers: mock.bootstrapServers, handle });
  `;
  const handles = new Set<number>();
  for (let i = 0; i < 3; i += 1) {
    const worker = new Worker(code, { eval: true, workerData: { path: native.pluginPath } });
    const message = await new Promise<{ id: number; servers: string; handle: number }>((resolve, reject) => {
      worker.once('message', resolve);
      worker.once('error', reject);
    });
    assert.equal(message.id, 0);
    assert.match(message.servers, /:\d+$/);
    handles.add(message.handle);
    await worker.terminate();
  }
  assert.equal(handles.size, 3);
});

test('a process whose reader still runs can end, without waiting for it', () => {
  const harness = fileURLToPath(new URL('./harness.js', import.meta.url));
  const code = `
    const { native, connectProducer, TestWriter, connectConsumer, TestReader } =
      await import(${JSON.stringify(harness)});
    const mock = new native.MockCluster(1);
    const table = new native.PartitionTable(4);
    const writer = new TestWriter(await connectProducer(mock.bootstrapServers), table);
    writer.writer.start();
    const reader = new TestReader(await connectConsumer(mock.bootstrapServers, 'exit'), table);
    reader.offer(2, 4096);
    reader.reader.start();
    process.stdout.write('going');
    process.exit(7);
  `;
  const { status, stdout, stderr } = spawnSync(process.execPath, ['--input-type=module', '-e', code], {
    encoding: 'utf8',
    timeout: 60_000,
  });
  assert.deepEqual([stdout, status], ['going', 7], stderr);
});
