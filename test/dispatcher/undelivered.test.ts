import assert from 'node:assert/strict';
import { test } from 'node:test';
import { deliveryVerdict } from '../../src/kafka/codes.js';
import {
  NOTHING_ANSWERED,
  type TransformResult,
  type TransformTask,
} from '../../src/ports/transform-pool.js';
import { Outcome, RowFlag } from '../../src/wire/layout.js';
import { OutputBatchWriter } from '../../src/wire/output-writer.js';
import { Bench, partition, passThrough } from './bench.js';

const TOO_LARGE_ALONE = -10_003;
const INVALID_RECORD = 87;
const BYSTANDER = -138;
const NOT_ENOUGH_REPLICAS = 19;
const TOPIC_AUTHORIZATION_FAILED = 29;
const FATAL = -150;

for (const [name, code] of [
  ['a neighbour fault', INVALID_RECORD],
  ['a destination fault', NOT_ENOUGH_REPLICAS],
  ['a missing right', TOPIC_AUTHORIZATION_FAILED],
  ['a fatal fault', FATAL],
] as const) {
  test(`${name} while draining leaves its batch unsettled: nothing of it is stored`, async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.dispatcher.stop();
    await bench.settle();
    bench.sink.settle(code);
    const report = await bench.end();
    assert.equal(bench.commits.stored.get(0) ?? 0, 0);
    assert.equal(report.records.unsettled, 10);
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 0, to: 10 }]);
    assert.notEqual(report.error, undefined);
  });
}

test(
  'a missing right to write ends the run immediately, in the words of the sink, with nothing of ' +
    'the batch committed',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.sink.settle(TOPIC_AUTHORIZATION_FAILED);
    const startedMs = bench.clock.nowMs();
    const report = await bench.end();
    assert.equal(report.error?.code, 'KAFKA_REFUSED');
    assert.match(report.error.message, /out.*TOPIC_AUTHORIZATION_FAILED/);
    assert.ok(bench.clock.nowMs() - startedMs < 10_000);
    assert.equal(bench.commits.stored.get(0) ?? 0, 0);
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 0, to: 10 }]);
  },
);

test(
  'a stop while a failed batch waits to be read again ends with DRAIN_CUT and the range that comes ' +
    'again',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.sink.settle(NOT_ENOUGH_REPLICAS);
    await bench.settle();
    bench.dispatcher.stop();
    const report = await bench.end();
    assert.equal(report.error?.code, 'DRAIN_CUT');
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 0, to: 10 }]);
    assert.equal(bench.clock.step(), false, 'no timer outlives the run');
  },
);

test(
  'batches that the reader delivers before a rewind are returned unread: written, they would ' +
    'overtake what is read again',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 10);
    await bench.settle();
    bench.sink.settle(NOT_ENOUGH_REPLICAS);
    bench.deliver(0, 10, 20);
    await bench.settle();
    assert.equal(bench.sink.written.length, 0);
    await bench.pass(600);
    assert.deepEqual(bench.source.calls.at(-1), 'seek 0@0 epoch 2');
    bench.deliver(0, 0, 20);
    await bench.settle();
    bench.sink.settle();
    bench.dispatcher.stop();
    const report = await bench.end();
    assert.equal(report.error, undefined);
    assert.equal(report.records.consumed, 20);
    assert.equal(report.records.transformed, 20);
    assert.equal(bench.commits.stored.get(0), 20);
  },
);

test("a dead letter that can't be made leaves the batch unsettled", async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.pool.answer = (task) =>
    task.rejectWith === undefined
      ? Promise.resolve(passThrough(task))
      : Promise.reject(new Error('the pool is gone'));
  bench.deliver(0, 0, 1);
  await bench.settle();
  bench.sink.settle(TOO_LARGE_ALONE);
  const report = await bench.end();
  assert.equal(report.error?.code, 'DEFECT');
  assert.equal(bench.commits.stored.get(0) ?? 0, 0);
  assert.equal(report.records.unsettled, 1);
});

test('a rewind skips a partition that was lost in the meantime', async () => {
  const bench = new Bench();
  await bench.start(0, 1);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle(INVALID_RECORD);
  bench.group.events?.revoked([{ partitionId: 1, topic: 'in', partition: 1 }], true);
  await bench.settle();
  assert.equal(bench.lines.filter(({ level }) => level === 'error').length, 0);
  assert.ok(bench.source.calls.includes('seek 0@0 epoch 2'));
  assert.ok(bench.source.calls.includes('close 1'));
  bench.dispatcher.stop();
  const report = await bench.end();
  assert.equal(report.error, undefined);
});

test('a revocation does not wait for records that a rewind left in flight to a silent broker', async () => {
  const bench = new Bench();
  await bench.start(0, 1);
  bench.deliver(0, 0, 10);
  bench.deliver(1, 0, 10);
  await bench.settle();
  bench.sink.settle(NOT_ENOUGH_REPLICAS);
  await bench.pass(600);
  assert.equal(bench.sink.written.length, 1, 'the second batch is still on its way');
  bench.group.events?.revoked([{ partitionId: 1, topic: 'in', partition: 1 }], false);
  await bench.settle();
  assert.ok(bench.source.calls.includes('close 1'));
  assert.equal(bench.source.offered.length, 0, 'nothing is read before the rest has arrived');
  bench.sink.settle();
  await bench.settle();
  assert.notDeepEqual(bench.source.offered, []);
  bench.dispatcher.stop();
  await bench.end();
});

/** Everything is passed through; one row is rejected. */
function rejecting(task: TransformTask, rejectedRow: number): TransformResult {
  const writer = new OutputBatchWriter();
  writer.open(task.output.bytes, {
    firstSourceRow: task.firstRow,
    sourceRowsMax: task.rowCount,
    rowsPerSource: 1,
  });
  for (let row = task.firstRow; row < task.firstRow + task.rowCount; row += 1) {
    writer.mark();
    const rejected = row === rejectedRow;
    writer.addRow(row, rejected ? 1 : 0, RowFlag.valueOfSource | (rejected ? RowFlag.deadLetter : 0));
    if (rejected) writer.setOutcome(row, Outcome.deadLetteredBase);
  }
  writer.finish(task.rowCount);
  const { rowCount } = task;
  const emitted = writer.rowsByTopic();
  const answer = { ...NOTHING_ANSWERED, rowsDone: rowCount, outputRows: rowCount, emitted, workMs: 1 };
  const has = rejectedRow >= task.firstRow && rejectedRow < task.firstRow + task.rowCount;
  const deadLetterExamples = [{ row: rejectedRow, message: 'bad' }];
  return has ? { ...answer, deadLetterCodes: ['BAD'], deadLetteredBy: [1], deadLetterExamples } : answer;
}

test(
  'records refused together with a refused dead letter are ' + 'delivered before the run stops there',
  async () => {
    const bench = new Bench();
    await bench.start(0);
    bench.deliver(0, 0, 3);
    await bench.settle();
    bench.sink.settle(INVALID_RECORD);
    await bench.pass(600);
    // From here on batches are delivered one by one.
    bench.pool.answer = (task) => Promise.resolve(rejecting(task, 2));
    bench.deliver(0, 0, 3);
    await bench.settle();
    const first = bench.sink.written.shift();
    assert.ok(first !== undefined);
    const bystander = deliveryVerdict(BYSTANDER, false);
    const named = deliveryVerdict(INVALID_RECORD, true);
    bench.sink.events?.settled({
      batchId: first.batchId,
      part: first.part,
      acknowledged: 0,
      failures: [
        { part: first.part, outputRow: 0, ...bystander },
        { part: first.part, outputRow: 1, ...bystander },
        { part: first.part, outputRow: 2, ...named, words: 'no key' },
      ],
      stale: 0,
    });
    await bench.settle();
    assert.equal(bench.sink.written.length, 1, 'the two records before the dead letter are written again');
    await bench.pass(1000);
    assert.equal(bench.commits.stored.get(0) ?? 0, 0, 'nothing is stored before they are acknowledged');
    bench.sink.settle();
    const report = await bench.end();
    assert.equal(report.error?.code, 'DEAD_LETTER_REFUSED');
    assert.equal(bench.commits.stored.get(0), 2);
    assert.equal(report.records.transformed, 2);
    assert.deepEqual(report.redelivery, [{ topic: 'in', partition: 0, from: 2, to: 3 }]);
  },
);

test('waiting for the end offsets does not count as silence of the destination', async () => {
  const bench = new Bench({ until: 'end' });
  let answer: (ends: Awaited<typeof bench.source.ends>) => void = () => undefined;
  bench.source.ends = new Promise((resolve) => {
    answer = resolve;
  });
  await bench.start(0);
  await bench.pass(61_000);
  answer([{ topic: 'in', partition: 0, low: 0, end: 10 }]);
  await bench.pass(500);
  bench.deliver(0, 0, 10);
  await bench.settle();
  bench.sink.settle();
  const report = await bench.end();
  assert.equal(report.error, undefined);
  assert.equal(report.records.transformed, 10);
});

test('a record named in a replaced topic does not blame the new record at that offset', async () => {
  const bench = new Bench();
  await bench.start(0);
  bench.deliver(0, 0, 3);
  await bench.settle();
  bench.source.events?.replaced([partition(0)]);
  await bench.settle();
  const first = bench.sink.written.shift();
  assert.ok(first !== undefined);
  const { batchId, part } = first;
  const failures = [0, 1, 2].map((outputRow) => ({
    part,
    outputRow,
    ...deliveryVerdict(outputRow === 1 ? INVALID_RECORD : BYSTANDER, outputRow === 1),
    ...(outputRow === 1 ? { words: 'no key' } : {}),
  }));
  bench.sink.events?.settled({ batchId, part, acknowledged: 0, failures, stale: 0 });
  await bench.pass(600);
  assert.equal(bench.source.calls.at(-1), 'seek 0@0 epoch 2');
  const rejected: unknown[] = [];
  bench.pool.answer = (task) => {
    if (task.rejectWith !== undefined) rejected.push(task.rejectWith);
    return Promise.resolve(passThrough(task));
  };
  bench.deliver(0, 0, 3);
  await bench.settle();
  assert.deepEqual(rejected, []);
});
