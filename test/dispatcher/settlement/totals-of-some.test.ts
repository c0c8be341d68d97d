/** The outcomes of a batch of which only a part counts: read from the outcome bytes, record by record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Segment } from '../../../src/core/batch.js';
import { InFlightBatch, type Part } from '../../../src/dispatcher/in-flight-batch.js';
import { totalsOf, totalsOfSome } from '../../../src/dispatcher/settlement/totals.js';
import { NOTHING_ANSWERED, type TransformResult } from '../../../src/ports/transform-pool.js';
import { Outcome } from '../../../src/wire/layout.js';
import { OutputBatchWriter } from '../../../src/wire/output-writer.js';

const ROWS = 6;
const OK = Outcome.transformed;
const OLD = Outcome.filteredBase;
const TEST = Outcome.filteredBase + 1;
const BAD = Outcome.deadLetteredBase;
const WORSE = Outcome.deadLetteredBase + 1;

const ANSWER: TransformResult = {
  ...NOTHING_ANSWERED,
  rowsDone: ROWS,
  filterReasons: ['OLD', 'TEST'],
  deadLetterCodes: ['BAD', 'WORSE'],
  deadLetterExamples: [
    { row: 2, message: 'bad it is' },
    { row: 3, message: 'worse it is' },
  ],
};

const segment = (firstRow: number, rowCount: number): Segment => ({
  partitionId: 0,
  epoch: 1,
  firstRow,
  rowCount,
  firstOffset: firstRow,
  lastOffset: firstRow + rowCount - 1,
});

function batch(): InFlightBatch {
  const bytes = new Uint8Array(new SharedArrayBuffer(4096));
  const untimed = { firstTimestampMs: -1, lastTimestampMs: -1 };
  const block = { id: 1, bytes };
  const input = {
    block,
    rowCount: ROWS,
    packedBytes: 6,
    ...untimed,
    segments: [segment(0, ROWS)],
    faults: [],
  };
  return new InFlightBatch(7, input, block, 0);
}

/** A part with these outcomes for its rows from `firstRow` on. */
function answer(
  of: InFlightBatch,
  outcomes: readonly number[],
  {
    firstRow = 0,
    redirect = false,
    result = ANSWER,
  }: { firstRow?: number; redirect?: boolean; result?: TransformResult } = {},
): Part {
  const block = { id: 2, bytes: new Uint8Array(new SharedArrayBuffer(4096)) };
  const writer = new OutputBatchWriter();
  writer.open(block.bytes, {
    firstSourceRow: firstRow,
    sourceRowsMax: outcomes.length,
    rowsMax: outcomes.length,
  });
  for (const [index, outcome] of outcomes.entries()) writer.setOutcome(firstRow + index, outcome);
  writer.finish(outcomes.length);
  return of.addPart(block, result, { external: false, redirect });
}

test('each row counts by its own outcome, and each code with its example', () => {
  const whole = batch();
  answer(whole, [OK, OLD, BAD, WORSE, TEST, BAD]);
  assert.deepEqual(totalsOfSome(whole, [segment(0, ROWS)]), {
    filtered: [
      ['OLD', 1],
      ['TEST', 1],
    ],
    deadLettered: [
      { code: 'BAD', rows: 2, example: { row: 2, message: 'bad it is' } },
      { code: 'WORSE', rows: 1, example: { row: 3, message: 'worse it is' } },
    ],
    deadLetteredRows: 3,
    transformedRows: 1,
  });
});

test('rows whose partition is no longer ours do not count', () => {
  const some = batch();
  answer(some, [OK, OLD, BAD, WORSE, TEST, BAD]);
  assert.deepEqual(totalsOfSome(some, []), {
    filtered: [],
    deadLettered: [],
    deadLetteredRows: 0,
    transformedRows: 0,
  });
  const { filtered, deadLetteredRows, transformedRows } = totalsOfSome(some, [segment(0, 2), segment(4, 1)]);
  assert.deepEqual(
    [filtered, deadLetteredRows, transformedRows],
    [
      [
        ['OLD', 1],
        ['TEST', 1],
      ],
      0,
      1,
    ],
  );
});

test('the answers of several parts are put together', () => {
  const two = batch();
  answer(two, [OLD, OLD, OK]);
  answer(two, [BAD, OK, OK], { firstRow: 3 });
  const { filtered, deadLetteredRows, transformedRows } = totalsOfSome(two, [segment(1, 4)]);
  assert.deepEqual([filtered, deadLetteredRows, transformedRows], [[['OLD', 1]], 1, 2]);
});

test('a row that the broker refused counts as a dead letter, and no longer as before', () => {
  const redirected = batch();
  answer(redirected, [OK, OK, OLD, OK, OK, OK]);
  const refused = { ...ANSWER, deadLetterCodes: ['RECORD_TOO_LARGE'], deadLetterExamples: [] };
  answer(redirected, [BAD, Outcome.elsewhere, Outcome.elsewhere, BAD], {
    firstRow: 1,
    redirect: true,
    result: refused,
  });
  const { filtered, deadLettered, transformedRows } = totalsOfSome(redirected, [segment(0, ROWS)]);
  assert.deepEqual(filtered, [['OLD', 1]]);
  assert.deepEqual(deadLettered, [{ code: 'RECORD_TOO_LARGE', rows: 2, example: { row: 0, message: '' } }]);
  assert.equal(transformedRows, 3);
});

test('a part that was answered again counts for nothing', () => {
  const again = batch();
  const first = answer(again, [BAD, BAD, BAD, BAD, BAD, BAD]);
  first.void = true;
  const second = answer(again, [BAD], { redirect: true });
  second.void = true;
  answer(again, [OK, OLD, OK, OK, OK, OK]);
  const { filtered, deadLetteredRows, transformedRows } = totalsOfSome(again, [segment(0, ROWS)]);
  assert.deepEqual([filtered, deadLetteredRows, transformedRows], [[['OLD', 1]], 0, 5]);
});

test('an outcome without a name is counted all the same', () => {
  const unnamed = batch();
  answer(unnamed, [OLD, BAD, OK, OK, OK, OK], { result: { ...NOTHING_ANSWERED, rowsDone: ROWS } });
  const { filtered, deadLettered } = totalsOfSome(unnamed, [segment(0, ROWS)]);
  assert.deepEqual(filtered, [['OTHER', 1]]);
  assert.deepEqual(
    deadLettered.map(({ code, rows }) => [code, rows]),
    [['OTHER', 1]],
  );
});

test('counted as a whole or row by row, a batch has the same totals', () => {
  const whole = batch();
  const result = { ...ANSWER, filteredBy: [1, 1], deadLetteredBy: [2, 1] };
  answer(whole, [OK, OLD, BAD, WORSE, TEST, BAD], { result });
  assert.deepEqual(totalsOf(whole), totalsOfSome(whole, [segment(0, ROWS)]));
  const external = whole.addPart(whole.input.block, result, { external: true, redirect: false });
  assert.equal(external.carriesTotals, false);
  assert.deepEqual(totalsOf(whole).deadLetteredRows, 3, 'overflow adds no totals of its own');
});
