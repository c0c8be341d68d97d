import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { InputBatch } from '../../src/core/batch.js';
import { readInputBatch } from '../../src/wire/input-batch.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import {
  HEADER_BYTES,
  INPUT_ROW_BYTES,
  InputHeader,
  InputRow,
  SEGMENT_BYTES,
  SegmentField,
} from '../../src/wire/layout.js';
import { lastHeaderNamed, packHeaders, unpackHeaders } from '../../src/wire/packed-headers.js';
import { type GivenRun, headers, run } from './arbitraries.js';
import { addFault } from './input-fault.js';

const BLOCK_BYTES = 4096;
/** What a confused or hostile writer may leave in a cell. */
const EXTREMES = [0, 1, 2, 7, 8, 47, 64, 4095, 4096, 4097, 0x7fffffff, -0x80000000, -1, -2, -8, -4096];

/** The batch lies between two neighbours, whose bytes must never appear in what is read. */
const NEIGHBOUR = 0x7e;

function packed(runs: readonly GivenRun[], withFault = true): { id: number; bytes: Uint8Array } {
  const memory = new SharedArrayBuffer(3 * BLOCK_BYTES);
  new Uint8Array(memory).fill(NEIGHBOUR);
  const bytes = new Uint8Array(memory, BLOCK_BYTES, BLOCK_BYTES).fill(0);
  const writer = new InputBatchWriter(bytes);
  for (const { partitionId, epoch, records } of runs)
    for (const record of records) writer.add(partitionId, epoch, record);
  writer.close();
  if (withFault) addFault(bytes, { partitionId: 4, epoch: 2, offset: 17, code: -185, text: 'timed out' });
  return { id: 1, bytes };
}

const sample: readonly GivenRun[] = [
  { partitionId: 1, epoch: 1, records: [10, 11, 15].map((offset) => recordAt(offset)) },
  { partitionId: 2, epoch: 7, records: [2 ** 40, 2 ** 40 + 1].map((offset) => recordAt(offset)) },
];

function recordAt(offset: number): GivenRun['records'][number] {
  return {
    offset,
    timestamp: 5,
    key: Buffer.from('key'),
    value: Buffer.from('value'),
    headers: [
      ['name', Buffer.from('1')],
      ['name', null],
    ],
  };
}

/** Undefined if the batch is refused; anything but a RangeError is a fault of the reader. */
function readOrRefuse(block: { id: number; bytes: Uint8Array }): InputBatch | undefined {
  try {
    return readInputBatch(block);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return undefined;
  }
}

/** What offsets are committed from: it must hold for every batch that the main thread accepts. */
function checkAccepted({ segments, faults, rowCount }: InputBatch, bytes: Uint8Array): void {
  let nextRow = 0;
  for (const { firstRow, rowCount: rows, epoch, firstOffset, lastOffset } of segments) {
    assert.equal(firstRow, nextRow);
    assert.ok(rows > 0 && epoch !== 0 && lastOffset - firstOffset >= rows - 1);
    nextRow += rows;
  }
  assert.equal(nextRow, rowCount, 'every row belongs to one segment');
  assert.ok(HEADER_BYTES + rowCount * INPUT_ROW_BYTES + segments.length * SEGMENT_BYTES <= bytes.length);
  for (const { text } of faults) assert.ok(!Buffer.from(text).includes(NEIGHBOUR));
}

function readRows(bytes: Uint8Array): void {
  const reader = new InputBatchReader();
  try {
    reader.open(bytes);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return;
  }
  assert.ok(reader.rowCount * INPUT_ROW_BYTES <= bytes.length);
  for (let row = 0; row < reader.rowCount; row++) {
    const parts = [
      reader.bytes.subarray(reader.keyStart(row), reader.keyStart(row) + reader.keyLength(row)),
      reader.bytes.subarray(reader.valueStart(row), reader.valueStart(row) + reader.valueLength(row)),
    ];
    const start = reader.headersStart(row);
    const end = start + Math.max(0, reader.headersLength(row));
    for (const [, value] of unpackSafely(reader.bytes, start, end)) if (value !== null) parts.push(value);
    for (const part of parts) assert.ok(!part.includes(NEIGHBOUR), 'bytes of a neighbour were read');
    assert.ok(reader.segmentOf(row) < reader.segmentCount);
  }
}

/** Like a user's function that reads the headers: an error is that record's alone. */
function unpackSafely(bytes: Buffer, start: number, end: number): ReturnType<typeof unpackHeaders> {
  try {
    return unpackHeaders(bytes, start, end);
  } catch (error) {
    assert.ok(error instanceof RangeError, String(error));
    return [];
  }
}

test('with any value in any cell a batch is refused or consistent, and no foreign byte is read', () => {
  const { bytes } = packed(sample);
  const cells = new Int32Array(bytes.buffer, bytes.byteOffset, BLOCK_BYTES >> 2);
  const segments = cells[InputHeader.segmentsPosition >> 2] ?? 0;
  const tableEnd = segments + 3 * SEGMENT_BYTES;
  assert.equal(readInputBatch({ id: 1, bytes }).faults.length, 1);
  let refused = 0;
  for (let cell = 0; cell < tableEnd >> 2; cell++) {
    const before = cells[cell] ?? 0;
    for (const value of [...EXTREMES, before + 1, before - 1, before ^ 0x01000000]) {
      cells[cell] = value;
      const batch = readOrRefuse({ id: 1, bytes });
      if (batch === undefined) refused += 1;
      else checkAccepted(batch, bytes);
      readRows(bytes);
    }
    cells[cell] = before;
  }
  assert.ok(refused > 100, `${refused} refused`);
});

test('a fault whose text is elsewhere, and a table of segments at an odd place, are refused', () => {
  const { bytes } = packed(sample);
  const cells = new Int32Array(bytes.buffer, bytes.byteOffset, BLOCK_BYTES >> 2);
  const segments = cells[InputHeader.segmentsPosition >> 2] ?? 0;
  const faultCell = (field: number): number => (segments + 2 * SEGMENT_BYTES + field) >> 2;
  const textAt = cells[faultCell(SegmentField.textPosition)] ?? 0;
  const broken: readonly (readonly [cell: number, value: number, message: RegExp])[] = [
    [faultCell(SegmentField.textPosition), BLOCK_BYTES - 1, /text of a fault/],
    [faultCell(SegmentField.textPosition), -1, /text of a fault/],
    [faultCell(SegmentField.textLength), BLOCK_BYTES - textAt + 1, /text of a fault/],
    [faultCell(SegmentField.textLength), -1, /text of a fault/],
    ...[1, 2, 4, 7].map((by) => [InputHeader.segmentsPosition >> 2, segments + by, /segments/] as const),
    [InputHeader.segmentCount >> 2, 100, /100 segments do not fit/],
  ];
  for (const [cell, value, message] of broken) {
    const before = cells[cell] ?? 0;
    cells[cell] = value;
    assert.throws(() => readInputBatch({ id: 1, bytes }), { name: 'RangeError', message });
    cells[cell] = before;
  }
  assert.deepEqual(
    readInputBatch({ id: 1, bytes }).faults.map(({ text }) => text),
    ['timed out'],
  );
});

test('two damaged cells at once do not compensate each other', () => {
  const { bytes } = packed(sample);
  const cells = new Int32Array(bytes.buffer, bytes.byteOffset, BLOCK_BYTES >> 2);
  const last = (cells[InputHeader.segmentsPosition >> 2] ?? 0) + 3 * SEGMENT_BYTES;
  const damage = fc.tuple(
    fc.nat({ max: (last >> 2) - 1 }),
    fc.oneof(fc.constantFrom(...EXTREMES), fc.integer()),
  );
  fc.assert(
    fc.property(damage, damage, (...both) => {
      const before = both.map(([cell]) => cells[cell] ?? 0);
      for (const [cell, value] of both) cells[cell] = value;
      const batch = readOrRefuse({ id: 1, bytes });
      if (batch !== undefined) checkAccepted(batch, bytes);
      readRows(bytes);
      [...both].reverse().forEach(([cell], i) => {
        cells[cell] = before[both.length - 1 - i] ?? 0;
      });
    }),
    { numRuns: 2_000 },
  );
  assert.equal(readInputBatch({ id: 1, bytes }).rowCount, 5, 'the damage was undone');
});

test('a row that points past the block reads as cut off, never as a neighbour', () => {
  const { bytes } = packed(sample, false);
  const cells = new Int32Array(bytes.buffer, bytes.byteOffset, BLOCK_BYTES >> 2);
  const field = (name: keyof typeof InputRow): number => (HEADER_BYTES + InputRow[name]) >> 2;
  for (const position of [BLOCK_BYTES - 1, BLOCK_BYTES, BLOCK_BYTES + 1, -1, 0x7fffffff]) {
    for (const length of [0, 1, 8, 0x7fffffff]) {
      cells[field('position')] = position;
      for (const name of ['keyLength', 'valueLength', 'headersLength'] as const) cells[field(name)] = length;
      readRows(bytes);
    }
  }
});

test('headers cut anywhere are the complete ones before the cut, and nothing after it', () => {
  fc.assert(
    fc.property(headers, fc.nat({ max: 500 }), (given, at) => {
      const list = given ?? [];
      const bytes = Buffer.alloc(2048, NEIGHBOUR);
      const end = packHeaders(list, bytes, 16);
      const cut = 16 + (at % (end - 16 + 1));
      const complete = list.filter(
        (_, i) => packHeaders(list.slice(0, i + 1), Buffer.alloc(2048), 16) <= cut,
      );
      assert.deepEqual(unpackHeaders(bytes, 16, cut), complete);
      for (const [name] of list)
        assert.deepEqual(
          lastHeaderNamed(bytes, { start: 16, end: cut }, name),
          complete.findLast((one) => one[0] === name)?.[1],
        );
    }),
  );
});

test('a batch is read the same from any block that is large enough, and refused from a shorter one', () => {
  fc.assert(
    fc.property(fc.array(run, { minLength: 1, maxLength: 3 }), fc.nat({ max: 511 }), (runs, words) => {
      const { bytes } = packed(runs, false);
      const whole = readInputBatch({ id: 1, bytes });
      const shorter = bytes.subarray(0, BLOCK_BYTES - 8 * (words + 1));
      assert.throws(() => readInputBatch({ id: 1, bytes: shorter }), RangeError);
      const larger = new Uint8Array(new SharedArrayBuffer(2 * BLOCK_BYTES)).fill(NEIGHBOUR);
      larger.set(bytes);
      const again = readInputBatch({ id: 2, bytes: larger });
      assert.deepEqual([again.segments, again.rowCount], [whole.segments, whole.rowCount]);
    }),
    { numRuns: 60 },
  );
});
