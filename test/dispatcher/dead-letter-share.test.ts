import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DispatcherSettings } from '../../src/dispatcher/settings.js';
import {
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
} from '../../src/ports/transform-pool.js';
import { Outcome, RowFlag } from '../../src/wire/layout.js';
import { OutputBatchWriter } from '../../src/wire/output-writer.js';
import { Bench } from './bench.js';

const BATCH_ROWS = 50;

/** Of each task's rows so many are rejected, the first ones. */
function rejectingFirst(rejected: number, code = 'BAD'): (task: TransformTask) => Promise<TransformResult> {
  return (task) => {
    const { firstRow, rowCount, output } = task;
    const writer = new OutputBatchWriter();
    writer.open(output.bytes, { firstSourceRow: firstRow, sourceRowsMax: rowCount, rowsMax: rowCount });
    for (let row = firstRow; row < firstRow + rowCount; row += 1) {
      const isDead = row - firstRow < rejected;
      writer.addRow(row, isDead ? 1 : 0, RowFlag.valueOfSource | (isDead ? RowFlag.deadLetter : 0));
      if (isDead) writer.setOutcome(row, Outcome.deadLetteredBase);
    }
    writer.finish(rowCount);
    const emitted = writer.rowsByTopic();
    const answer = { ...NOTHING_ANSWERED, rowsDone: rowCount, outputRows: rowCount, emitted, workMs: 1 };
    if (rejected === 0) return Promise.resolve(answer);
    const example = { row: firstRow, message: `${code} it is` };
    return Promise.resolve({
      ...answer,
      deadLetterCodes: [code],
      deadLetteredBy: [rejected],
      deadLetterExamples: [example],
    });
  };
}

interface Stretch {
  readonly batches: number;
  readonly rejected: number;
  readonly code?: string;
}

/** Delivers batches of 50 records, one after the other, until all are settled or the run ends. */
async function play(
  stretches: readonly Stretch[],
  settings: Partial<DispatcherSettings> = {},
): Promise<Bench> {
  const bench = new Bench({ blockBytes: 8192, blocksBytesMax: 16 * 8192, ...settings });
  await bench.start(0);
  let offset = 0;
  for (const { batches, rejected, code } of stretches) {
    bench.pool.answer = rejectingFirst(rejected, code);
    for (let batch = 0; batch < batches && bench.report === undefined; batch += 1) {
      if (bench.source.offered.length === 0) return bench;
      bench.deliver(0, offset, offset + BATCH_ROWS);
      offset += BATCH_ROWS;
      await bench.settle();
      bench.sink.settle();
      await bench.settle();
    }
  }
  return bench;
}

async function endOf(bench: Bench): Promise<NonNullable<Bench['report']>> {
  bench.dispatcher.stop();
  return bench.end();
}

test('a run with more than a tenth of dead letters stops with a message per code', async () => {
  const bench = await play([
    { batches: 3, rejected: 30, code: 'NO_RESULT' },
    { batches: 3, rejected: 40, code: 'BAD_DATE' },
  ]);
  const { error, records } = await endOf(bench);
  assert.equal(error?.code, 'TOO_MANY_DEAD_LETTERS');
  assert.equal(error.exitCode, 5);
  assert.match(error.message, /^130 of the last 200 records became dead letters, .*stop-above \(10%\): /);
  assert.deepEqual(error.message.split(/%\): |; /).slice(1), [
    'NO_RESULT 90, e.g. topic in, partition 0, offset 100: NO_RESULT it is',
    'BAD_DATE 40, e.g. topic in, partition 0, offset 150: BAD_DATE it is',
  ]);
  assert.equal(records.consumed, 200);
  assert.equal(
    bench.commits.stored.get(0),
    200,
    'what is settled is committed: its dead letters are written',
  );
  assert.deepEqual(records.deadLetteredBy['BAD_DATE'], {
    count: 40,
    example: { topic: 'in', partition: 0, offset: 150, message: 'BAD_DATE it is' },
  });
});

test('fewer than a hundred dead letters, or no more than a tenth, stop no run', async () => {
  const few = await endOf(await play([{ batches: 2, rejected: 49 }]));
  assert.deepEqual([few.error, few.records.deadLettered], [undefined, 98]);
  const tenth = await endOf(await play([{ batches: 40, rejected: 5 }]));
  assert.deepEqual([tenth.error, tenth.records.deadLettered], [undefined, 200]);
  const off = await endOf(await play([{ batches: 20, rejected: 50 }], { deadLettersMaxPercent: 100 }));
  assert.deepEqual([off.error, off.records.deadLettered], [undefined, 1000]);
});

test('only the last 10,000 records decide: good months do not hide a bad hour', async () => {
  const late = await endOf(
    await play([
      { batches: 1000, rejected: 0 },
      { batches: 30, rejected: 50 },
    ]),
  );
  assert.equal(late.error?.code, 'TOO_MANY_DEAD_LETTERS');
  assert.equal(late.records.deadLettered, 1050, 'as soon as it is more than a tenth of 10,000');
  const apart = await endOf(
    await play([
      { batches: 200, rejected: 0 },
      { batches: 18, rejected: 50 },
      { batches: 220, rejected: 0 },
      { batches: 18, rejected: 50 },
    ]),
  );
  assert.deepEqual([apart.error, apart.records.deadLettered], [undefined, 1800]);
});

test('a batch that is read again counts once', async () => {
  const NOT_ENOUGH_REPLICAS = 19;
  const bench = await play([{ batches: 1, rejected: 40 }]);
  for (let time = 0; time < 4; time += 1) {
    bench.deliver(0, 50, 100);
    await bench.settle();
    bench.sink.settle(NOT_ENOUGH_REPLICAS);
    await bench.pass(10_500);
  }
  bench.deliver(0, 50, 100);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  const { error, records } = await endOf(bench);
  assert.deepEqual([error, records.deadLettered, records.retried], [undefined, 80, 200]);
});

test('batches that are not written yet when the run stops are left to the next one', async () => {
  const bench = await play([{ batches: 2, rejected: 45 }]);
  bench.pool.answer = rejectingFirst(45);
  bench.deliver(0, 100, 150);
  const held = bench.pool.answer;
  await bench.settle();
  let go: () => void = () => undefined;
  bench.pool.answer = (task) => new Promise((resolve) => (go = () => resolve(held(task))));
  bench.deliver(0, 150, 200);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
  go();
  const { error, records } = await bench.end();
  assert.equal(error?.code, 'TOO_MANY_DEAD_LETTERS');
  assert.deepEqual([records.deadLettered, records.unsettled], [135, 50]);
  assert.equal(bench.commits.stored.get(0), 150);
});
