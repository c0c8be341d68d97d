import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readInputBatch } from '../../src/wire/input-batch.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import {
  HEADER_BYTES,
  INPUT_MAGIC,
  INPUT_ROW_BYTES,
  OUTPUT_MAGIC,
  OUTPUT_ROW_BYTES,
  RowFlag,
  SEGMENT_BYTES,
  SegmentField,
} from '../../src/wire/layout.js';
import { OutputBatchWriter } from '../../src/wire/output-writer.js';
import { packedHeadersBytes, packHeaders } from '../../src/wire/packed-headers.js';
import { accepted, loadNativeCodec } from '../support/native-codec.js';
import { fault, headers, maybeBytes, run, timestamp } from '../wire/arbitraries.js';
import { addFault } from '../wire/input-fault.js';

const codec = loadNativeCodec();
const BLOCK_BYTES = 16_384;

function packed(list: Parameters<typeof packHeaders>[0] | null | undefined): Buffer | null {
  if (!list) return null;
  const bytes = Buffer.alloc(packedHeadersBytes(list));
  packHeaders(list, bytes, 0);
  return bytes;
}

test('both codecs use the same numbers', () => {
  assert.deepEqual(codec.layout(), [
    INPUT_MAGIC,
    OUTPUT_MAGIC,
    HEADER_BYTES,
    INPUT_ROW_BYTES,
    SEGMENT_BYTES,
    OUTPUT_ROW_BYTES,
  ]);
});

test('C reads exactly what TypeScript packed into an input batch', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), fc.option(fault, { nil: undefined }), (runs, given) => {
      const block = new Uint8Array(BLOCK_BYTES);
      const writer = new InputBatchWriter(block);
      for (const { partitionId, epoch, records } of runs)
        for (const record of records) assert.ok(writer.add(partitionId, epoch, record));
      writer.close();
      if (given) assert.ok(addFault(block, given));
      const read = accepted(codec.readInput(block));
      const expected = runs.flatMap(({ partitionId, records }) =>
        records.map((record) => ({ partitionId, record })),
      );
      assert.equal(read.rows.length, expected.length);
      expected.forEach(({ partitionId, record }, row) => {
        const { headers: list, ...rest } = record;
        assert.deepEqual(read.rows[row], { partitionId, ...rest, headers: packed(list) });
      });
      const last = read.segments.at(-1);
      if (given)
        assert.deepEqual(
          [last?.kind, last?.errorCode, last?.firstOffset, last?.text?.toString()],
          [1, given.code, given.offset, given.text],
        );
    }),
  );
});

test('TypeScript reads exactly what C packed into an input batch', () => {
  fc.assert(
    fc.property(fc.array(run, { maxLength: 6 }), (runs) => {
      const block = new Uint8Array(BLOCK_BYTES);
      const records = runs.flatMap(({ partitionId, epoch, records: list }) =>
        list.map((record) => ({ ...record, partitionId, epoch, headers: packed(record.headers) })),
      );
      assert.equal(codec.packInput(block, records, null), records.length);
      const timed = records.map((record) => record.timestamp).filter((time) => time >= 0);
      const { firstTimestampMs, lastTimestampMs } = readInputBatch({ id: 1, bytes: block });
      assert.equal(firstTimestampMs, timed.length === 0 ? -1 : Math.min(...timed));
      assert.equal(lastTimestampMs, Math.max(-1, ...timed));
      const reader = new InputBatchReader();
      reader.open(block);
      assert.equal(reader.rowCount, records.length);
      records.forEach((record, row) => {
        const part = (start: number, length: number): Buffer | null =>
          length < 0 ? null : Buffer.from(reader.bytes.subarray(start, start + length));
        assert.equal(reader.offset(row), record.offset);
        assert.equal(reader.timestamp(row), record.timestamp);
        assert.equal(reader.partitionIdOf(row), record.partitionId);
        assert.equal(reader.segmentField(reader.segmentOf(row), SegmentField.epoch), record.epoch);
        assert.deepEqual(part(reader.keyStart(row), reader.keyLength(row)), record.key);
        assert.deepEqual(part(reader.valueStart(row), reader.valueLength(row)), record.value);
        assert.deepEqual(part(reader.headersStart(row), reader.headersLength(row)), record.headers);
      });
    }),
  );
});

const outputRow = fc.record({
  sourceRow: fc.nat({ max: 9 }),
  topic: fc.nat({ max: 0xffff }),
  flags: fc.nat({ max: 63 }),
  partition: fc.integer({ min: -1, max: 1000 }),
  timestamp,
  key: maybeBytes,
  value: maybeBytes,
  headers,
});

test('C reads exactly what TypeScript wrote into an output batch', () => {
  fc.assert(
    fc.property(fc.array(outputRow, { maxLength: 20 }), (rows) => {
      const block = new Uint8Array(BLOCK_BYTES);
      const writer = new OutputBatchWriter();
      writer.open(block, { firstSourceRow: 0, sourceRowsMax: 10, rowsPerSource: 2 });
      for (const row of rows) {
        assert.ok(writer.addRow(row.sourceRow, row.topic, row.flags));
        writer.setPartition(row.partition);
        writer.setTimestamp(row.timestamp);
        if (row.key) assert.ok(writer.copyKey(row.key));
        if (row.value) assert.ok(writer.copyValue(row.value));
        if (row.headers) assert.ok(writer.copyHeaders(row.headers));
      }
      writer.finish(10);
      const read = accepted(codec.readOutput(block));
      assert.deepEqual(
        read.rows,
        rows.map((row) => ({
          ...row,
          key: row.flags & RowFlag.keyOfSource ? null : row.key,
          value: row.flags & RowFlag.valueOfSource ? null : row.value,
          headers: row.flags & RowFlag.headersOfSource ? null : packed(row.headers),
        })),
      );
    }),
  );
});

test('a damaged block is refused, or its damaged rows are, and nothing outside it is read', () => {
  const hit = fc.tuple(
    fc.nat({ max: 1023 }),
    fc.oneof(
      fc.constantFrom(0, 0x7fffffff, 0x80000000, 0xffffffff, BLOCK_BYTES),
      fc.nat({ max: 0xffffffff }),
    ),
  );
  fc.assert(
    fc.property(
      fc.array(run, { maxLength: 6 }),
      fc.array(hit, { minLength: 1, maxLength: 4 }),
      fc.nat({ max: BLOCK_BYTES }),
      (runs, hits, cut) => {
        const input = new Uint8Array(BLOCK_BYTES);
        const writer = new InputBatchWriter(input);
        for (const { partitionId, epoch, records } of runs)
          for (const record of records) writer.add(partitionId, epoch, record);
        writer.close();
        const output = new Uint8Array(BLOCK_BYTES);
        const outputWriter = new OutputBatchWriter();
        outputWriter.open(output, { firstSourceRow: 0, sourceRowsMax: 10 });
        for (let row = 0; row < 10; row += 1) {
          outputWriter.addRow(row, 0, 0);
          outputWriter.copyKey(Buffer.from('key'));
        }
        outputWriter.finish(10);
        for (const [at, number] of hits) {
          new DataView(input.buffer).setUint32(at, number, true);
          new DataView(output.buffer).setUint32(at, number, true);
        }
        const length = Math.max(1, cut % 3 ? BLOCK_BYTES : cut);
        const readInput = codec.readInput(input.slice(0, length));
        assert.ok('error' in readInput || readInput.rows.length <= length / INPUT_ROW_BYTES);
        const readOutput = codec.readOutput(output.slice(0, length));
        assert.ok('error' in readOutput || readOutput.rows.length <= length / OUTPUT_ROW_BYTES);
      },
    ),
    { numRuns: 2000 },
  );
});

test('packed headers that do not fit their bytes are malformed', () => {
  const good = packed([
    ['a', Buffer.from([0, 255])],
    ['a', null],
    ['', Buffer.alloc(0)],
  ]);
  assert.ok(good);
  assert.deepEqual(
    codec.readHeaders(good)?.map(([name, value]) => [name.toString(), value]),
    [
      ['a', Buffer.from([0, 255])],
      ['a', null],
      ['', Buffer.alloc(0)],
    ],
  );
  // Cut after a complete header it is a shorter list; cut anywhere else it is malformed.
  const wholeUpTo = [11, 20];
  for (let length = 1; length < good.length; length += 1) {
    assert.equal(
      codec.readHeaders(good.subarray(0, length)) !== null,
      wholeUpTo.includes(length),
      `cut at ${length}`,
    );
  }
});

test('murmur2 matches the Java client', () => {
  const known: [string, number][] = [
    ['21', -973932308],
    ['foobar', -790332482],
    ['a-little-bit-long-string', -985981536],
    ['a-little-bit-longer-string', -1486304829],
    ['lkjh234lh9fiuh90y23oiuhsafujhadof229phr9h19h89h8', -58897971],
    ['abc', 479470107],
  ];
  for (const [key, hash] of known) assert.equal(codec.murmur2(Buffer.from(key)), hash, key);
});
