/** What thousands of refused records cost is counted, not timed. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { InFlightBatch, type Part } from '../../src/dispatcher/in-flight-batch.js';
import { NamedRecords } from '../../src/dispatcher/settlement/named-records.js';
import { deliveryVerdict } from '../../src/kafka/codes.js';
import {
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
} from '../../src/ports/transform-pool.js';
import { Outcome, RowFlag } from '../../src/wire/layout.js';
import { OutputBatchWriter, writeIdentity } from '../../src/wire/output-writer.js';
import { Bench, passThrough } from './bench.js';

const TOO_LARGE_ALONE = -10_003;
const ROWS = 2000;
const BLOCK_BYTES = 1 << 18;

/** As a worker does: of the range, only the rows that are meant. */
function deadLetters(task: TransformTask): TransformResult {
  const { firstRow, rowCount, output, rows, rejectWith } = task;
  const meant = rows ?? Array.from({ length: rowCount }, (_, n) => firstRow + n);
  const writer = new OutputBatchWriter();
  writer.open(output.bytes, { firstSourceRow: firstRow, sourceRowsMax: rowCount, rowsMax: rowCount });
  for (let row = firstRow; row < firstRow + rowCount; row += 1) {
    if (meant.includes(row)) writer.addRow(row, 1, RowFlag.deadLetter);
    writer.setOutcome(row, meant.includes(row) ? Outcome.deadLetteredBase : Outcome.elsewhere);
  }
  writer.finish(rowCount);
  return {
    ...NOTHING_ANSWERED,
    rowsDone: rowCount,
    outputRows: meant.length,
    deadLetterCodes: [rejectWith?.code ?? ''],
    deadLetteredBy: [meant.length],
    deadLetterExamples: [{ row: meant[0] ?? 0, message: rejectWith?.message ?? '' }],
  };
}

test('scattered records that are refused with the same message become dead letters in one task', async () => {
  const bench = new Bench({
    blockBytes: BLOCK_BYTES,
    blocksBytesMax: 8 * BLOCK_BYTES,
    inFlightRecordsMax: 10 * ROWS,
    batchSize: { recordsMin: ROWS, recordsMax: ROWS, workMs: 50 },
    deadLettersMaxPercent: 100,
  });
  let tasks = 0;
  bench.pool.answer = (task) => {
    tasks += 1;
    return Promise.resolve(task.rejectWith === undefined ? passThrough(task) : deadLetters(task));
  };
  await bench.start(0);
  bench.deliver(0, 0, ROWS);
  await bench.settle();
  const { batchId, part } = bench.sink.written.shift() ?? { batchId: -1, part: -1 };
  const refused = Array.from({ length: ROWS }, (_, row) => row).filter((row) => row % 3 === 1);
  bench.sink.events?.settled({
    batchId,
    part,
    acknowledged: ROWS - refused.length,
    failures: refused.map((outputRow) => ({
      part,
      outputRow,
      ...deliveryVerdict(TOO_LARGE_ALONE, true),
      words: outputRow < ROWS / 2 ? 'too large for out' : 'too large for the other one',
    })),
    stale: 0,
  });
  for (let n = 0; n < ROWS && bench.dispatcher.status().inFlightRecords > 0; n += 1) {
    await bench.settle();
    while (bench.sink.written.length > 0) bench.sink.settle();
  }
  assert.equal(tasks, 3, 'the batch, and one for each text');
  bench.dispatcher.stop();
  const { error, records } = await bench.end();
  assert.equal(error, undefined);
  assert.deepEqual([records.deadLettered, records.transformed], [refused.length, ROWS - refused.length]);
  assert.deepEqual(records.emittedBy, { out: ROWS - refused.length });
});

test('the work for a record that a broker named does not grow with the number of named records', () => {
  const RECORDS = 16_000;
  const named = new NamedRecords();
  let looks = 0;
  for (let at = 0; at < RECORDS; at += 1)
    named.add(0, {
      get offset() {
        looks += 1;
        return at;
      },
      rejection: { code: 'INVALID_RECORD', message: 'no key', stage: 'deliver' },
      deadLetter: false,
    });
  assert.deepEqual(
    named.within(0, 15_998, 16_100).map(({ offset }) => offset),
    [15_998, 15_999],
  );
  assert.deepEqual(named.within(0, 0, 5_999), [], 'the oldest were forgotten');
  for (let at = 0; at < RECORDS; at += 10) named.forget(0, at, at + 9);
  assert.ok(looks < 8 * RECORDS, `${looks} looks`);
});

test('the work for a part of a batch does not grow with the number of its parts', () => {
  const PARTS = 4000;
  const block = { id: 1, bytes: new Uint8Array(8192) };
  writeIdentity(block.bytes, 0, 1, 0);
  const segment = { partitionId: 0, epoch: 1, firstRow: 0, rowCount: 1, firstOffset: 0, lastOffset: 0 };
  const UNTIMED = { firstTimestampMs: -1, lastTimestampMs: -1 };
  const batch = new InFlightBatch(
    1,
    { block, rowCount: 1, packedBytes: 1, ...UNTIMED, segments: [segment], faults: [] },
    block,
    0,
  );
  let looks = 0;
  batch.transformDone = true;
  for (let n = 0; n < PARTS; n += 1) {
    const part = batch.addPart(block, NOTHING_ANSWERED, { external: false, redirect: false });
    let { state } = part;
    Object.defineProperty(part, 'state', {
      get: () => {
        looks += 1;
        return state;
      },
      set: (next: Part['state']) => {
        state = next;
      },
    });
    assert.equal(batch.takeReady().length, 1);
    assert.equal(batch.settled, false);
    assert.equal(batch.unsettled().length, 1);
    part.state = 'settled';
    assert.equal(batch.settled, true);
  }
  assert.ok(looks < 12 * PARTS, `${looks} looks`);
});
