import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
} from '../../src/ports/transform-pool.js';
import { Bench, passThrough } from './bench.js';

const NOT_ENOUGH_REPLICAS = 19;
const STOP = { code: 'BAD', message: 'no such airport', stage: 'transform' } as const;

/** Answers the rows before `row` and stops there, as a worker does without a dead-letter topic. */
function stoppingAt(task: TransformTask, row: number): TransformResult {
  const rowsDone = row - task.firstRow;
  if (rowsDone === 0) return { ...NOTHING_ANSWERED, stop: STOP };
  return { ...passThrough({ ...task, rowCount: rowsDone }), stop: STOP };
}

/** Answers a task when the test says so. */
class Gate {
  private open: () => void = () => undefined;
  readonly opened = new Promise<void>((resolve) => {
    this.open = resolve;
  });

  async pass(bench: Bench): Promise<void> {
    this.open();
    await bench.settle();
  }
}

/** The batch whose first row is at `offset` stops the run at its row `row`, once the gate is open. */
function answerStop(bench: Bench, gate: Gate, offset: number, row: number): void {
  bench.pool.answer = async (task) => {
    const [first] = task.segments;
    if (first === undefined || first.firstOffset > offset || first.lastOffset < offset)
      return passThrough(task);
    await gate.opened;
    return stoppingAt(task, row + offset - first.firstOffset);
  };
}

for (const row of [0, 4])
  test(`a record that stops the run (row ${row}) and is rewound stops it when it is read again`, async () => {
    const bench = new Bench();
    const gate = new Gate();
    answerStop(bench, gate, 10, row);
    await bench.start(0);
    bench.deliver(0, 0, 10);
    bench.deliver(0, 10, 20);
    await bench.settle();
    bench.sink.settle(NOT_ENOUGH_REPLICAS);
    await bench.settle();
    await gate.pass(bench);
    assert.equal(bench.report, undefined, 'the answer of an abandoned batch ends nothing');
    await bench.pass(600);
    assert.equal(bench.source.calls.at(-1), 'seek 0@0 epoch 2');
    assert.ok(bench.source.offered.length > 0, 'it is read again');
    bench.deliver(0, 0, 20);
    await bench.settle();
    assert.equal(bench.sink.written.length, 1);
    bench.sink.settle();
    const report = await bench.end();
    assert.equal(report.error?.code, 'RECORD_REJECTED');
    assert.match(
      report.error.message,
      new RegExp(`offset ${10 + row}: BAD \\(transform\\): no such airport`),
    );
    assert.equal(bench.commits.stored.get(0), 10 + row);
    assert.equal(report.records.transformed, 10 + row);
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 10 + row, to: 20 }]);
  });

for (const partitionId of [0, 1])
  test(
    `a run that waits for its stop ends when a delivery before it fails, with nothing of it stored ` +
      `(${partitionId === 0 ? 'the same partition' : 'another partition'})`,
    async () => {
      const bench = new Bench();
      const gate = new Gate();
      answerStop(bench, gate, 100, 4);
      await bench.start(0, 1);
      const from = 100;
      bench.deliver(0, 0, 10);
      bench.deliver(partitionId, from, from + 10);
      await bench.settle();
      await gate.pass(bench);
      assert.equal(bench.report, undefined, 'the run waits for what was read before the record');
      bench.sink.settle(NOT_ENOUGH_REPLICAS);
      const report = await bench.end();
      assert.equal(report.error?.code, 'DESTINATION_STALLED', 'a run that could not finish says why');
      assert.equal(bench.commits.stored.get(0) ?? 0, 0, 'what failed is not stored');
      assert.equal(bench.clock.step(), false, 'no timer outlives the run');
    },
  );

test('a batch that stops the run and is refused itself ends the run, with nothing of it stored', async () => {
  const bench = new Bench();
  const gate = new Gate();
  answerStop(bench, gate, 0, 4);
  await bench.start(0);
  bench.deliver(0, 0, 10);
  await bench.settle();
  await gate.pass(bench);
  assert.equal(bench.sink.written.length, 1, 'the records before it are written');
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  const report = await bench.end();
  assert.equal(report.error?.code, 'DESTINATION_STALLED');
  assert.equal(bench.commits.stored.get(0) ?? 0, 0);
  assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 0, to: 10 }]);
});

test('records read behind the one that stops the run are not written, and are redelivered', async () => {
  const bench = new Bench();
  const gate = new Gate();
  answerStop(bench, gate, 0, 4);
  await bench.start(0);
  bench.deliver(0, 0, 10);
  bench.deliver(0, 10, 20);
  await bench.settle();
  assert.equal(bench.sink.written.length, 0, 'the second batch waits for the first');
  await gate.pass(bench);
  assert.equal(bench.sink.written.length, 1);
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error?.code, 'RECORD_REJECTED');
  assert.match(report.error.remedy ?? '', /dispatcher\.dead-letter\.topic/);
  assert.equal(bench.commits.stored.get(0), 4);
  assert.equal(report.records.transformed, 4);
  assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 4, to: 20 }]);
});

for (const [order, gates] of [
  ['together', [0, 10]],
  ['the later one first', [10, 0]],
] as const)
  test(`of two records that stop it (${order}) the first is named, none behind is written`, async () => {
    const bench = new Bench();
    const waiting = new Map<number, () => void>();
    bench.pool.answer = async (task) => {
      await new Promise<void>((resolve) => waiting.set(task.segments[0]?.firstOffset ?? -1, resolve));
      return stoppingAt(task, task.firstRow + 2);
    };
    await bench.start(0);
    bench.deliver(0, 0, 10);
    bench.deliver(0, 10, 20);
    await bench.settle();
    for (const offset of gates) {
      waiting.get(offset)?.();
      if (order !== 'together') await bench.settle();
    }
    await bench.settle();
    assert.deepEqual(
      bench.sink.written.map(({ rows }) => rows),
      [2],
    );
    while (bench.sink.written.length > 0) {
      bench.sink.settle();
      await bench.settle();
    }
    const report = await bench.end();
    assert.match(report.error?.message ?? '', /offset 2: BAD/);
    assert.equal(bench.commits.stored.get(0), 2);
    assert.equal(report.records.transformed, 2);
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 2, to: 20 }]);
  });

test('a record that stops the run during a drain holds back what was read behind it', async () => {
  const bench = new Bench();
  const gate = new Gate();
  answerStop(bench, gate, 0, 4);
  await bench.start(0);
  bench.deliver(0, 0, 10);
  bench.deliver(0, 10, 20);
  await bench.settle();
  bench.dispatcher.stop();
  await bench.settle();
  await gate.pass(bench);
  assert.deepEqual(
    bench.sink.written.map(({ rows }) => rows),
    [4],
    'the second batch, which was ready, is not written',
  );
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error?.code, 'RECORD_REJECTED');
  assert.equal(bench.commits.stored.get(0), 4);
  assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 4, to: 20 }]);
});
