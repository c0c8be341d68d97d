import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { HEADER_BYTES, OUTPUT_ROW_BYTES, RowFlag } from '../../src/wire/layout.js';
import { OutputBatchWriter, writeIdentity } from '../../src/wire/output-writer.js';
import { ProgressCells } from '../../src/wire/progress.js';
import { OutputBatchReader, type OutputRecord } from '../support/output-reader.js';
import { headers, maybeBytes, timestamp } from './arbitraries.js';

function shared(bytes = 64 * 1024): Uint8Array {
  return new Uint8Array(new SharedArrayBuffer(bytes));
}

const row = fc.record({
  topic: fc.nat({ max: 0xffff }),
  flags: fc.nat({ max: 63 }),
  partition: fc.integer({ min: -1, max: 0x7fffffff }),
  timestamp,
  key: maybeBytes,
  value: maybeBytes,
  headers,
});
/** For each source row its outcome and its output rows. */
const answers = fc.array(
  fc.record({ outcome: fc.nat({ max: 255 }), rows: fc.array(row, { maxLength: 3 }) }),
  {
    minLength: 1,
    maxLength: 10,
  },
);

type Row = Omit<OutputRecord, 'sourceRow'>;

function writeRow(writer: OutputBatchWriter, sourceRow: number, given: Row): boolean {
  if (!writer.addRow(sourceRow, given.topic, given.flags)) return false;
  writer.setPartition(given.partition);
  writer.setTimestamp(given.timestamp);
  if (given.key !== null && !writer.copyKey(given.key)) return false;
  if (given.value !== null && !writer.copyValue(given.value)) return false;
  return given.headers === null || writer.copyHeaders(given.headers);
}

test('an output batch is read as it was written', () => {
  fc.assert(
    fc.property(answers, fc.nat({ max: 1000 }), (given, firstSourceRow) => {
      const bytes = shared();
      const writer = new OutputBatchWriter();
      writer.open(bytes, { firstSourceRow, sourceRowsMax: given.length });
      const expected: OutputRecord[] = [];
      given.forEach(({ outcome, rows }, index) => {
        writer.setOutcome(firstSourceRow + index, outcome);
        for (const one of rows) {
          assert.ok(writeRow(writer, firstSourceRow + index, one));
          expected.push({ sourceRow: firstSourceRow + index, ...one });
        }
      });
      writer.finish(given.length);
      const reader = new OutputBatchReader(bytes);
      assert.deepEqual(
        Array.from({ length: reader.header.rowCount }, (_unused, index) => reader.record(index)),
        expected,
      );
      assert.deepEqual(
        given.map((_unused, index) => reader.outcome(firstSourceRow + index)),
        given.map(({ outcome }) => outcome),
      );
      assert.throws(() => reader.outcome(firstSourceRow + given.length), RangeError);
    }),
  );
});

test('a rollback leaves nothing behind', () => {
  fc.assert(
    fc.property(row, row, row, (first, undone, last) => {
      const bytes = shared();
      const writer = new OutputBatchWriter();
      writer.open(bytes, { firstSourceRow: 0, sourceRowsMax: 2 });
      writeRow(writer, 0, first);
      writer.mark();
      writeRow(writer, 1, undone);
      writer.rollback();
      writeRow(writer, 1, last);
      writer.finish(2);
      const reader = new OutputBatchReader(bytes);
      assert.deepEqual(
        [reader.record(0), reader.record(1)],
        [
          { sourceRow: 0, ...first },
          { sourceRow: 1, ...last },
        ],
      );
      assert.equal(reader.header.rowCount, 2);
    }),
  );
});

test('growing and shrinking an output batch keeps its contents', () => {
  fc.assert(
    fc.property(fc.array(row, { minLength: 1, maxLength: 8 }), (rows) => {
      const writer = new OutputBatchWriter();
      let memory = new Uint8Array(HEADER_BYTES + 16 + rows.length * OUTPUT_ROW_BYTES);
      writer.open(memory, { firstSourceRow: 5, sourceRowsMax: rows.length, rowsMax: rows.length });
      rows.forEach((one, index) => {
        writer.mark();
        while (!writeRow(writer, 5 + index, one)) {
          writer.rollback();
          memory = new Uint8Array(memory.length * 2);
          writer.moveTo(memory);
        }
      });
      writer.finish(rows.length);
      const exact = shared((writer.payloadEnd + 7) & ~7);
      writer.shrinkInto(exact);
      const reader = new OutputBatchReader(exact);
      assert.deepEqual(
        rows.map((_unused, index) => reader.record(index)),
        rows.map((one, index) => ({ sourceRow: 5 + index, ...one })),
      );
    }),
  );
});

test('a full block refuses rows and bytes, and nothing is written past its end', () => {
  const memory = shared(4096);
  const writer = new OutputBatchWriter();
  writer.open(memory.subarray(0, 2048), { firstSourceRow: 0, sourceRowsMax: 8 });
  let rows = 0;
  while (writer.addRow(0, 0, 0) && writer.copyValue(Buffer.alloc(100, 0xff))) rows += 1;
  assert.ok(rows > 5);
  assert.equal(writer.copyKey(Buffer.alloc(2048)), false);
  assert.equal(writer.copyHeaders([['name', Buffer.alloc(2048)]]), false);
  assert.ok(memory.subarray(2048).every((byte) => byte === 0));
});

test('an identity batch answers its rows without containing any', () => {
  const bytes = shared(4096);
  bytes.fill(0xaa, 0, 40);
  writeIdentity(bytes, 10, 300, 6);
  const reader = new OutputBatchReader(bytes);
  assert.deepEqual(reader.header, {
    rowCount: 0,
    firstSourceRow: 10,
    sourceRowCount: 300,
    packedBytes: 368,
    identityTopic: 6,
  });
  assert.deepEqual(
    [reader.outcome(10), reader.outcome(309), reader.sourceRow(3), reader.topic(3)],
    [0, 0, 13, 6],
  );
});

test('rows that point past the block are refused', () => {
  const bytes = shared(4096);
  const writer = new OutputBatchWriter();
  writer.open(bytes, { firstSourceRow: 0, sourceRowsMax: 1 });
  writer.addRow(0, 0, RowFlag.keyOfSource);
  writer.copyValue(Buffer.from('value'));
  writer.finish(1);
  const reader = new OutputBatchReader(bytes);
  const cells = new Int32Array(bytes.buffer);
  const rowCell = (HEADER_BYTES + 8) >> 2;
  cells[rowCell + 8] = 4094;
  assert.throws(() => reader.record(0), RangeError);
  assert.throws(() => reader.record(1), RangeError);
});

test('progress cells show which rows were being processed, and blame none before the first', () => {
  const bytes = shared(4096);
  bytes.fill(0xff);
  const cells = new ProgressCells(bytes);
  cells.reset(20);
  assert.deepEqual(cells.underWay, { firstRow: 20, rowCount: 0 });
  cells.started(20);
  cells.started(24);
  assert.deepEqual(cells.underWay, { firstRow: 20, rowCount: 5 });
  cells.finished(22, 3);
  assert.deepEqual([cells.underWay, cells.progress], [{ firstRow: 22, rowCount: 3 }, 3]);
});

test('opening a block for a new answer keeps the progress cells and clears old outcomes', () => {
  const bytes = shared(4096);
  bytes.fill(0xff);
  const cells = new ProgressCells(bytes);
  cells.reset(7);
  cells.started(7);
  const writer = new OutputBatchWriter();
  writer.open(bytes, { firstSourceRow: 7, sourceRowsMax: 3 });
  writer.finish(3);
  assert.deepEqual(cells.underWay, { firstRow: 7, rowCount: 1 });
  const reader = new OutputBatchReader(bytes);
  assert.deepEqual([reader.outcome(7), reader.outcome(9)], [0, 0]);
});
