import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { readInputBatch } from '../../src/wire/input-batch.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter, type InputRecord } from '../../src/wire/input-writer.js';
import { InputHeader, SEGMENT_BYTES, SegmentField } from '../../src/wire/layout.js';
import { lastHeaderNamed, unpackHeaders } from '../../src/wire/packed-headers.js';
import { fault, type GivenRun, run } from './arbitraries.js';
import { addFault } from './input-fault.js';

const BLOCK_BYTES = 64 * 1024;

function block(bytes = BLOCK_BYTES): { id: number; bytes: Uint8Array } {
  return { id: 1, bytes: new Uint8Array(new SharedArrayBuffer(bytes)) };
}

function write(bytes: Uint8Array, runs: readonly GivenRun[]): InputRecord[] {
  const writer = new InputBatchWriter(bytes);
  const written: InputRecord[] = [];
  for (const { partitionId, epoch, records } of runs) {
    for (const record of records) if (writer.add(partitionId, epoch, record)) written.push(record);
  }
  writer.close();
  return written;
}

function readAll(bytes: Uint8Array): InputRecord[] {
  const reader = new InputBatchReader();
  reader.open(bytes);
  const slice = (start: number, length: number): Buffer | null =>
    length < 0 ? null : Buffer.from(reader.bytes.subarray(start, start + length));
  return Array.from({ length: reader.rowCount }, (_unused, row) => {
    const start = reader.headersStart(row);
    const length = reader.headersLength(row);
    return {
      offset: reader.offset(row),
      timestamp: reader.timestamp(row),
      key: slice(reader.keyStart(row), reader.keyLength(row)),
      value: slice(reader.valueStart(row), reader.valueLength(row)),
      headers: length < 0 ? null : unpackHeaders(reader.bytes, start, start + length),
    };
  });
}

/** Adjacent runs of the same partition and epoch form one segment. */
function expectedSegments(
  runs: readonly GivenRun[],
): { partitionId: number; epoch: number; firstOffset: number; lastOffset: number; rowCount: number }[] {
  const segments: {
    partitionId: number;
    epoch: number;
    firstOffset: number;
    lastOffset: number;
    rowCount: number;
  }[] = [];
  for (const { partitionId, epoch, records } of runs) {
    for (const { offset } of records) {
      const last = segments.at(-1);
      if (last !== undefined && last.partitionId === partitionId && last.epoch === epoch) {
        last.lastOffset = offset;
        last.rowCount += 1;
      } else segments.push({ partitionId, epoch, firstOffset: offset, lastOffset: offset, rowCount: 1 });
    }
  }
  return segments;
}

/** Adjacent runs of one partition and epoch would need rising offsets, so neighbours differ. */
const runs = fc
  .array(run, { minLength: 1, maxLength: 6 })
  .map((given) => given.map((one, index) => ({ ...one, partitionId: one.partitionId * 10 + index })));

test('an input batch is read as it was packed', () => {
  fc.assert(
    fc.property(runs, (given) => {
      const { bytes } = block();
      const written = write(bytes, given);
      assert.deepEqual(readAll(bytes), written);
    }),
  );
});

test('segments and faults of a batch read as they were written', () => {
  fc.assert(
    fc.property(runs, fc.array(fault, { maxLength: 3 }), (given, faults) => {
      const shared = block();
      const writer = new InputBatchWriter(shared.bytes);
      for (const { partitionId, epoch, records } of given)
        for (const record of records) assert.ok(writer.add(partitionId, epoch, record));
      writer.close();
      for (const one of faults) assert.ok(addFault(shared.bytes, one));
      const batch = readInputBatch(shared);
      assert.deepEqual(
        batch.segments.map(({ firstRow: _firstRow, ...rest }) => rest),
        expectedSegments(given),
      );
      assert.deepEqual(batch.faults, faults);
      const times = given.flatMap(({ records }) => records.map(({ timestamp }) => timestamp));
      const timed = times.filter((timestamp) => timestamp >= 0);
      assert.equal(batch.firstTimestampMs, timed.length === 0 ? -1 : Math.min(...timed));
      assert.equal(batch.lastTimestampMs, Math.max(-1, ...timed));
      assert.equal(
        batch.segments.reduce((sum, segment) => sum + segment.rowCount, 0),
        batch.rowCount,
      );
    }),
  );
});

test('every row is found in its own segment', () => {
  fc.assert(
    fc.property(runs, (given) => {
      const { bytes } = block();
      write(bytes, given);
      const reader = new InputBatchReader();
      reader.open(bytes);
      const expected = given.flatMap(({ partitionId, records }) => records.map(() => partitionId));
      assert.deepEqual(
        Array.from({ length: reader.rowCount }, (_unused, row) => reader.partitionIdOf(row)),
        expected,
      );
      assert.equal(reader.partitionIdOf(reader.rowCount), -1);
    }),
  );
});

test('a record that does not fit leaves the batch as it was', () => {
  const { bytes } = block(512);
  const writer = new InputBatchWriter(bytes);
  const record = { offset: 1, timestamp: 5, key: null, value: Buffer.alloc(100, 7), headers: null };
  assert.ok(writer.add(1, 1, record));
  assert.ok(writer.add(1, 1, { ...record, offset: 2 }));
  assert.equal(writer.add(1, 1, { ...record, offset: 3, value: Buffer.alloc(200) }), false);
  writer.close();
  assert.deepEqual(
    readAll(bytes).map(({ offset }) => offset),
    [1, 2],
  );
});

test('null and empty keys, values and header values stay apart', () => {
  const { bytes } = block();
  const empty = Buffer.alloc(0);
  const given: InputRecord[] = [
    { offset: 1, timestamp: -1, key: null, value: null, headers: null },
    { offset: 2, timestamp: 0, key: empty, value: empty, headers: [] },
    {
      offset: 3,
      timestamp: 1,
      key: null,
      value: empty,
      headers: [
        ['', null],
        ['', empty],
        ['twice', Buffer.from('1')],
        ['twice', Buffer.from('2')],
      ],
    },
  ];
  write(bytes, [{ partitionId: 1, epoch: 1, records: given }]);
  assert.deepEqual(readAll(bytes), given);
});

test('the last header of a name counts', () => {
  const { bytes } = block();
  const headers = [
    ['a', Buffer.from('1')],
    ['ab', Buffer.from('2')],
    ['a', null],
    ['a', Buffer.from('3')],
  ] as const;
  write(bytes, [
    { partitionId: 1, epoch: 1, records: [{ offset: 1, timestamp: 1, key: null, value: null, headers }] },
  ]);
  const reader = new InputBatchReader();
  reader.open(bytes);
  const range = { start: reader.headersStart(0), end: reader.headersStart(0) + reader.headersLength(0) };
  assert.deepEqual(lastHeaderNamed(reader.bytes, range, 'a'), Buffer.from('3'));
  assert.equal(lastHeaderNamed(reader.bytes, range, 'b'), undefined);
});

test('copied headers share no memory with the block', () => {
  const { bytes } = block();
  write(bytes, [
    {
      partitionId: 1,
      epoch: 1,
      records: [{ offset: 1, timestamp: 1, key: null, value: null, headers: [['a', Buffer.from('old')]] }],
    },
  ]);
  const reader = new InputBatchReader();
  reader.open(bytes);
  const unpacked = unpackHeaders(
    reader.bytes,
    reader.headersStart(0),
    reader.headersStart(0) + reader.headersLength(0),
  );
  bytes.fill(0);
  assert.deepEqual(unpacked, [['a', Buffer.from('old')]]);
  assert.ok(!(unpacked[0]?.[1]?.buffer instanceof SharedArrayBuffer));
});

test('a batch whose header or segments contradict each other is refused on the main thread', () => {
  const { bytes } = block();
  write(bytes, [
    { partitionId: 1, epoch: 9, records: [{ offset: 7, timestamp: 1, key: null, value: Buffer.from('v') }] },
  ]);
  const cells = new Int32Array(bytes.buffer);
  const segment = cells[InputHeader.segmentsPosition >> 2] ?? 0;
  const broken: readonly (readonly [string, number, number])[] = [
    ['magic', InputHeader.magic, 1],
    ['too many rows', InputHeader.rowCount, 2],
    ['rows past the block', InputHeader.rowCount, 1 << 29],
    ['block length', InputHeader.blockLength, BLOCK_BYTES + 8],
    ['segments in the header', InputHeader.segmentsPosition, 8],
    ['segments past the block', InputHeader.segmentCount, Math.floor(BLOCK_BYTES / SEGMENT_BYTES)],
    ['epoch 0', segment + SegmentField.epoch, 0],
    ['first row', segment + SegmentField.firstRow, 1],
    ['no rows', segment + SegmentField.rowCount, 0],
    ['last offset below the first', segment + SegmentField.lastOffset, 6],
  ];
  for (const [what, position, value] of broken) {
    const before = cells[position >> 2] ?? 0;
    cells[position >> 2] = value;
    assert.throws(() => readInputBatch({ id: 1, bytes }), RangeError, what);
    cells[position >> 2] = before;
  }
  assert.equal(readInputBatch({ id: 1, bytes }).rowCount, 1);
});

test('random bytes cause at most a RangeError', () => {
  fc.assert(
    fc.property(fc.uint8Array({ minLength: 64, maxLength: 512 }), fc.boolean(), (noise, withMagic) => {
      const shared = block(noise.length + (8 - (noise.length % 8)));
      shared.bytes.set(noise);
      if (withMagic) shared.bytes.set([0x4b, 0x44, 0x49, 0x31]);
      try {
        readInputBatch(shared);
      } catch (error) {
        assert.ok(error instanceof RangeError);
      }
    }),
  );
});
