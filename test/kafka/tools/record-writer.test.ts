import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { OutgoingRecord } from '../../../src/kafka/tools/record-writer.js';
import { memoryWriting } from '../../support/memory-sink.js';
import { text } from '../producing.js';

const MIB = 1 << 20;
const sized = (bytes: number, extra: Partial<OutgoingRecord> = {}): OutgoingRecord =>
  text('x'.repeat(bytes), extra);
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('a record is written with its key, headers, partition and time, and the others without', async () => {
  const { sink, writer } = await memoryWriting();
  await writer.add(
    text('value', {
      key: Buffer.from('key'),
      headers: [
        ['name', 'text'],
        ['none', null],
        ['bytes', Buffer.from([0, 255])],
      ],
      partition: 3,
      timestampMs: 1_764_000_000_123,
    }),
    1,
  );
  await writer.add(text('other'), 2);
  await writer.drain();
  const [first, second] = sink.records;
  assert.deepEqual([first?.key?.toString(), first?.value?.toString()], ['key', 'value']);
  assert.deepEqual([first?.partition, first?.timestamp], [3, 1_764_000_000_123]);
  assert.deepEqual(
    first?.headers?.map(([name, value]) => [name, value?.toString('hex') ?? null]),
    [
      ['name', '74657874'],
      ['none', null],
      ['bytes', '00ff'],
    ],
  );
  assert.deepEqual([second?.key, second?.partition, second?.headers], [null, -1, null]);
  assert.equal(writer.acknowledged, 2);
});

test('an empty value is not a tombstone, and an empty key is not a missing one', async () => {
  const { sink, writer } = await memoryWriting();
  await writer.add(text('', { key: Buffer.alloc(0) }), 1);
  await writer.add(text(null), 2);
  await writer.drain();
  assert.deepEqual(
    sink.records.map(({ key, value }) => [key?.length, value?.length]),
    [
      [0, 0],
      [undefined, undefined],
    ],
  );
});

test('records share a batch until it is full; a large record gets a block of its own', async () => {
  const { sink, writer } = await memoryWriting();
  for (let label = 1; label <= 2_001; label++) await writer.add(text(`${label}`), label);
  await writer.drain();
  assert.deepEqual(sink.batches.splice(0), [2_000, 1], 'by rows');
  for (const bytes of [600_000, 600_000, 3 * MIB, 10]) await writer.add(sized(bytes), bytes);
  await writer.drain();
  assert.deepEqual(sink.batches, [1, 1, 1, 1], 'by bytes');
  assert.deepEqual(
    sink.records.slice(-4).map(({ value }) => value?.length),
    [600_000, 600_000, 3 * MIB, 10],
  );
});

test('records arrive in the order in which they were added, whatever their sizes', async () => {
  const { sink, writer } = await memoryWriting();
  const sizes = Array.from({ length: 40 }, (_, n) => (n % 7 === 0 ? 900_000 + n : n * 1_000));
  for (const [label, size] of sizes.entries()) await writer.add(sized(size), label);
  await writer.drain();
  assert.deepEqual(
    sink.records.map(({ value }) => value?.length),
    sizes,
  );
});

test('while four batches are in flight nothing more is packed, and the caller waits', async () => {
  const { sink, writer } = await memoryWriting();
  sink.isHeld = true;
  let added = 0;
  const adding = (async () => {
    for (let label = 1; label <= 6; label++) {
      await writer.add(sized(700_000), label);
      added = label;
    }
  })();
  for (let turns = 0; turns < 10; turns++) await turn();
  assert.deepEqual([added, sink.batches.length], [4, 4]);
  sink.isHeld = false;
  sink.release();
  await adding;
  await writer.drain();
  assert.deepEqual([added, writer.acknowledged], [6, 6]);
});

test('records that were refused are named by their labels, in order, up to a hundred', async () => {
  const { sink, writer } = await memoryWriting();
  sink.refuse = ({ value }) =>
    Number(value?.toString()) % 2 === 0
      ? { fault: 'record', name: 'INVALID_RECORD', words: `no ${value?.toString()}` }
      : undefined;
  for (let label = 1; label <= 300; label++) {
    await writer.add(text(`${label}`), label);
    if (label % 50 === 0) writer.flush();
  }
  await writer.drain();
  assert.deepEqual([writer.acknowledged, writer.failedCount, writer.failed.length], [150, 150, 100]);
  assert.deepEqual(writer.failed.slice(0, 2), [
    { label: 2, name: 'INVALID_RECORD', words: 'no 2' },
    { label: 4, name: 'INVALID_RECORD', words: 'no 4' },
  ]);
});

test('a record that can not be encoded is not sent, and those around it are', async () => {
  const { sink, writer } = await memoryWriting();
  await writer.add(text('before'), 1);
  const encode = (): never => {
    throw new TypeError('no such field');
  };
  await assert.rejects(writer.add(text('x', { key: Buffer.from('key'), encode }), 2), /no such field/);
  await writer.add(text('after'), 3);
  await writer.drain();
  assert.deepEqual(
    sink.records.map(({ value }) => value?.toString()),
    ['before', 'after'],
  );
});

test('a record larger than any block is refused with its size', async () => {
  const { writer } = await memoryWriting();
  const encode = (): number => -1 - (2 ** 30 + 1);
  await assert.rejects(writer.add(text('x', { encode }), 1), /a record of 1073741825 bytes is too large/);
});

test('an encoder that needs more than it said is a defect, not an endless loop', async () => {
  const { writer } = await memoryWriting();
  let asked = 100;
  const encode = (_bytes: Uint8Array, start: number, limit: number): number => {
    asked = limit - start + 1;
    return -1 - asked;
  };
  await assert.rejects(writer.add(text('x', { encode }), 1), {
    code: 'DEFECT',
    message: /does not fit the block/,
  });
});

test('a producer that fails for good ends whoever waits, now and later', async () => {
  const { sink, writer } = await memoryWriting();
  sink.isHeld = true;
  await writer.add(text('a'), 1);
  const drained = writer.drain();
  sink.fail(new Error('fenced'));
  await assert.rejects(drained, /fenced/);
  sink.fail(new Error('later'));
  await assert.rejects(writer.drain(), /fenced/, 'the first failure is the cause');
});

test('an answer for a batch that nobody waits for is passed over', async () => {
  const { writer } = await memoryWriting();
  writer.settled({ batchId: 99, part: 0, acknowledged: 5, failures: [], stale: 0 });
  assert.equal(writer.acknowledged, 0);
});
