import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlightBatch } from '../../src/dispatcher/in-flight-batch.js';
import { totalsOf } from '../../src/dispatcher/settlement/totals.js';
import { NOTHING_ANSWERED, type TransformResult } from '../../src/ports/transform-pool.js';

const block = { id: 1, bytes: new Uint8Array(new SharedArrayBuffer(4096)) };

/** A batch of three records with one answer. */
function flightWith(counts: Partial<TransformResult>): InFlightBatch {
  const segment = {
    partitionId: 0,
    epoch: 1,
    firstRow: 0,
    rowCount: 3,
    firstOffset: 0,
    lastOffset: 2,
  };
  const untimed = { firstTimestampMs: -1, lastTimestampMs: -1 };
  const input = { block, rowCount: 3, packedBytes: 3, ...untimed, segments: [segment], faults: [] };
  const flight = new InFlightBatch(7, input, block, 0);
  flight.addPart(
    block,
    { ...NOTHING_ANSWERED, rowsDone: 3, ...counts },
    { external: false, redirect: false },
  );
  return flight;
}

test('rows that were neither filtered nor dead-lettered are transformed', () => {
  const flight = flightWith({
    filterReasons: ['OLD'],
    filteredBy: [1],
    deadLetterCodes: ['BAD'],
    deadLetteredBy: [1],
    deadLetterExamples: [{ row: 2, message: 'no good' }],
  });
  assert.deepEqual(totalsOf(flight), {
    filtered: [['OLD', 1]],
    deadLettered: [{ code: 'BAD', rows: 1, example: { row: 2, message: 'no good' } }],
    deadLetteredRows: 1,
    transformedRows: 1,
  });
});

test(
  'results that answer more records than the batch has, or a negative number, are refused and not ' +
    'counted',
  () => {
    const wrong: readonly Partial<TransformResult>[] = [
      { filterReasons: ['OLD'], filteredBy: [3], deadLetterCodes: ['BAD'], deadLetteredBy: [1] },
      { filterReasons: ['OLD'], filteredBy: [-1] },
      { deadLetterCodes: ['BAD'], deadLetteredBy: [Number.NaN] },
    ];
    for (const counts of wrong) {
      assert.throws(
        () => totalsOf(flightWith(counts)),
        (error: { code?: string; message: string }) =>
          error.code === 'ACCOUNTING' &&
          /^the results of batch 7 do not add up: 3 records/.test(error.message),
      );
    }
  },
);
