import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emit, emitAll, emitRaw } from '../../src/index.js';
import { OutputBatchReader } from '../support/output-reader.js';
import { headerText, run, runAll, runnerFor, runTask } from './run.js';
import { DEAD, inputOf, OUT, taskFor } from './support.js';

const records = Array.from({ length: 100 }, (_unused, index) => String(index));

test('a full block ends the task early; the current record goes to an overflow part', async () => {
  const runs = await runAll((value: Buffer) => String(value).padEnd(1000, '.'), records, {
    outputBytes: 32 * 1024,
  });
  assert.ok(runs.length > 2);
  assert.deepEqual(
    runs.flatMap(({ outputs }) => outputs.map(({ value }) => value?.replaceAll('.', ''))),
    records,
  );
  for (const { result, task } of runs.slice(0, -1)) {
    assert.ok(result.overflow !== undefined);
    const first = new OutputBatchReader(task.output.bytes).header;
    const second = new OutputBatchReader(result.overflow).header;
    assert.equal(second.firstSourceRow, first.firstSourceRow + first.sourceRowCount);
    assert.equal(first.sourceRowCount + second.sourceRowCount, result.rowsDone);
    assert.ok(result.overflow.buffer instanceof SharedArrayBuffer);
    assert.ok(result.overflow.byteLength < 1400, 'only as large as needed');
  }
});

test('a record that is larger than the block is answered by an overflow part alone', async () => {
  const { result, outputs } = await run((value: Buffer) => `${value}`.repeat(50_000), ['x', 'y'], {
    outputBytes: 16 * 1024,
  });
  assert.equal(result.rowsDone, 1);
  assert.equal(outputs[0]?.value?.length, 50_000);
});

test(
  'outputs of one record beyond output-bytes-max are ' + 'rejected as too large, by every way to emit',
  async () => {
    const big = 'x'.repeat(300_000);
    const ways: Record<string, () => unknown> = {
      value: () => big,
      emit: () => emit(big),
      raw: () => emitRaw(big),
      key: () => emit('v', { key: big }),
      headers: () => emit('v', { headers: { big } }),
      together: () => emitAll([big.slice(0, 60_000), big.slice(0, 60_000)]),
      endless: () => emitAll(Array.from({ length: 100_000 }, () => '')),
    };
    for (const outputBytes of [16 * 1024, 1024 * 1024]) {
      for (const [name, way] of Object.entries(ways)) {
        const [first] = await runAll(() => way(), ['a'], {
          outputBytes,
          settings: { outputBytesMax: 100_000 },
        });
        const stage = headerText(first?.outputs[0], 'kd-stage');
        assert.deepEqual(
          [first?.outcomes, stage],
          [['OUTPUT_TOO_LARGE'], 'encode'],
          `${name} into ${outputBytes}`,
        );
      }
    }
  },
);

test('a dead letter with large headers of its own finds room', async () => {
  const headers = [['large', Buffer.alloc(50_000)]] as const;
  const { outputs, result } = await run(
    () => {
      throw new Error('x');
    },
    [{ value: 'a', headers }],
    { outputBytes: 8 * 1024, settings: { outputBytesMax: 10_000 } },
  );
  assert.equal(result.rowsDone, 1);
  assert.deepEqual([outputs[0]?.topic, outputs[0]?.headers[0]?.[1]?.length], [DEAD.number, 50_000]);
});

test('many outputs of one record fit into a small block', async () => {
  const runs = await runAll(
    (value: Buffer) => emitAll(Array.from({ length: 30 }, (_unused, index) => `${value}/${index}`)),
    records,
    {
      outputBytes: 16 * 1024,
    },
  );
  const values = runs.flatMap(({ outputs }) => outputs.map(({ value }) => value));
  assert.deepEqual(
    values,
    records.flatMap((text) => Array.from({ length: 30 }, (_unused, index) => `${text}/${index}`)),
  );
});

test('the counts of a result cover both parts together', async () => {
  const settings = { topics: { default: OUT, deadLetter: DEAD } };
  const runs = await runAll(
    (value: Buffer) => (Number(String(value)) % 2 === 0 ? undefined : String(value).padEnd(700, '.')),
    records,
    {
      outputBytes: 12 * 1024,
      settings,
    },
  );
  for (const { result, outcomes, outputs } of runs) {
    assert.equal(outcomes.length, result.rowsDone);
    assert.equal(
      result.deadLetteredBy.reduce((sum, count) => sum + count, 0),
      outcomes.filter((one) => one === 'NO_RESULT').length,
    );
    assert.equal(result.outputRows, outputs.length);
    const emitted = outputs.filter(({ topic }) => topic === OUT.number).length;
    const counted = [...result.emitted, ...(result.overflowEmitted ?? [])];
    assert.deepEqual([...new Set(counted.map(([topic]) => topic))], emitted === 0 ? [] : [OUT.number]);
    assert.equal(
      counted.reduce((sum, [, rows]) => sum + rows, 0),
      emitted,
    );
  }
});

test('unknown topics are asked for together, before the row that names them', async () => {
  const runner = await runnerFor((value: Buffer) =>
    String(value) === 'new' ? emitAll([emit('1', { topic: 'a' }), '2', emit('3', { topic: 'b' })]) : 'x',
  );
  const input = inputOf(['old', 'new', 'old']);
  const first = await runTask(runner, taskFor(input));
  assert.deepEqual([first.result.rowsDone, first.result.unknownTopics], [1, ['a', 'b']]);
  const topics = [
    { name: 'a', number: 5, partitionCount: 1 },
    { name: 'b', number: 6, partitionCount: 1 },
  ];
  const second = await runTask(runner, taskFor(input, undefined, { firstRow: 1, rowCount: 2, topics }));
  assert.deepEqual(
    second.outputs.map(({ row, topic }) => [row, topic]),
    [
      [1, 5],
      [1, OUT.number],
      [1, 6],
      [2, OUT.number],
    ],
  );
});

test('a task can continue at any row of the batch', async () => {
  const { outputs, result } = await run((value: Buffer) => value, records, {
    task: { firstRow: 90, rowCount: 7 },
  });
  assert.deepEqual([result.rowsDone, outputs.map(({ row }) => row)], [7, [90, 91, 92, 93, 94, 95, 96]]);
});

test('a pass-through may answer part of the rows', async () => {
  const { outputs } = await run(undefined, records, { task: { firstRow: 10, rowCount: 3 } });
  assert.deepEqual(
    outputs.map(({ row, value }) => [row, value]),
    [
      [10, '10'],
      [11, '11'],
      [12, '12'],
    ],
  );
});
