import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { TransformResult } from '../../src/ports/transform-pool.js';
import { outcomeOf, type Plan, type PlannedOutput, perform, plansArbitrary, sourceOf } from './plans.js';
import { headerText, type Ran, runnerFor, runTask } from './run.js';
import { DEAD, inputOf, OUT, type Seen, taskFor } from './support.js';

const LATER = ['later-a', 'later-b'].map((name, i) => ({ name, number: 5 + i, partitionCount: 4 }));
const TURNS_MAX = 200;

interface Row {
  readonly topic: number;
  readonly key: string | null;
  readonly value: string | null;
  readonly partition: number;
  readonly timestamp: number;
  readonly headers: readonly string[];
}

const seenRow = (seen: Seen): Row => ({
  topic: seen.topic,
  key: seen.key,
  value: seen.value,
  partition: seen.partition,
  timestamp: seen.timestamp,
  headers: seen.headers.map(([name, value]) => `${name}=${value?.toString() ?? 'null'}`),
});

function predictedRow(one: PlannedOutput | undefined, row: number): Row {
  const headers =
    one?.header === undefined ? ['h=old', 'other=null'] : ['other=null', `h=${one.header ?? 'null'}`];
  return {
    topic: LATER.find(({ name }) => name === one?.topic)?.number ?? OUT.number,
    key: one?.key === undefined ? `key ${row}` : one.key,
    value: one === undefined || one.how === 'tombstone' ? null : one.text,
    partition: one?.partition ?? -1,
    timestamp: one?.timestamp ?? 1000 + row,
    headers,
  };
}

function predictedRows({ planned }: Plan, row: number): Row[] {
  if (planned.kind === 'tombstone-source') return [predictedRow(undefined, row)];
  return planned.kind === 'outputs' ? planned.outputs.map((one) => predictedRow(one, row)) : [];
}

/** Later turns for some rows, and calls counted for all. */
function transformOf(plans: readonly Plan[], calls: number[]): (value: Buffer) => unknown {
  return (value) => {
    const row = Number(String(value));
    calls[row] = (calls[row] ?? 0) + 1;
    const plan = plans[row];
    if (plan === undefined) throw new Error(`no plan for row ${row}`);
    if (plan.turns === 0) return perform(plan.planned);
    return later(plan.turns).then(() => perform(plan.planned));
  };
}

async function later(turns: number): Promise<void> {
  for (let n = 0; n < turns; n++) await Promise.resolve();
}

const totalOf = (counts: readonly number[]): number => counts.reduce((sum, count) => sum + count, 0);

/** What the dispatcher adds up must agree with what is in the blocks. */
function checkCounts({ result, outputs, outcomes, task }: Ran): void {
  assert.equal(outcomes.length, result.rowsDone);
  assert.equal(outputs.length, result.outputRows);
  const count = (names: readonly string[], counts: readonly number[]): void =>
    names.forEach((name, i) => {
      assert.equal(counts[i], outcomes.filter((outcome) => outcome === name).length, name);
    });
  count(result.filterReasons, result.filteredBy);
  count(result.deadLetterCodes, result.deadLetteredBy);
  const emitted = new Map<number, number>();
  for (const [topic, rows] of [...result.emitted, ...(result.overflowEmitted ?? [])])
    emitted.set(topic, (emitted.get(topic) ?? 0) + rows);
  const seen = new Map<number, number>();
  for (const { topic } of outputs) if (topic !== DEAD.number) seen.set(topic, (seen.get(topic) ?? 0) + 1);
  assert.deepEqual(new Map([...emitted].sort()), new Map([...seen].sort()));
  assert.equal(
    outputs.filter(({ topic }) => topic === DEAD.number).length,
    totalOf(result.deadLetteredBy),
    'a dead letter for each rejected record',
  );
  for (const { row } of result.deadLetterExamples)
    assert.ok(row >= task.firstRow && row < task.firstRow + result.rowsDone);
}

interface Schedule {
  readonly outputBytes: readonly number[];
  readonly rowsPerTask: readonly number[];
  readonly concurrency: number;
  readonly inBatches: boolean;
  readonly hasDeadLetter: boolean;
}

const schedule: fc.Arbitrary<Schedule> = fc.record({
  outputBytes: fc.array(
    fc.integer({ min: 20, max: 300 }).map((words) => words * 8),
    { minLength: 1, maxLength: 6 },
  ),
  rowsPerTask: fc.array(fc.integer({ min: 1, max: 24 }), { minLength: 1, maxLength: 6 }),
  concurrency: fc.integer({ min: 1, max: 6 }),
  inBatches: fc.boolean(),
  hasDeadLetter: fc.boolean(),
});

interface Answered {
  readonly runs: readonly Ran[];
  readonly stop: TransformResult['stop'];
  readonly rowsDone: number;
}

/** Runs tasks as the dispatcher does: continues where the last one ended, and names the topics asked for. */
async function answer(definition: unknown, plans: readonly Plan[], given: Schedule): Promise<Answered> {
  const topics = { default: OUT, ...(given.hasDeadLetter ? { deadLetter: DEAD } : {}) };
  const runner = await runnerFor(definition, { settings: { topics, concurrency: given.concurrency } });
  const input = inputOf(plans.map(sourceOf), 64 * 1024);
  const runs: Ran[] = [];
  let firstRow = 0;
  let asked: readonly string[] = [];
  for (let turn = 0; firstRow < input.rowCount; turn++) {
    assert.ok(turn < TURNS_MAX, 'the tasks do not end');
    const wanted = given.rowsPerTask[turn % given.rowsPerTask.length] ?? 1;
    const outputBytes = given.outputBytes[turn % given.outputBytes.length] ?? 512;
    const ran = await runTask(
      runner,
      taskFor(input, outputBytes, {
        batchId: 1,
        firstRow,
        rowCount: Math.min(wanted, input.rowCount - firstRow),
        topics: LATER.filter(({ name }) => asked.includes(name)),
      }),
    );
    runs.push(ran);
    firstRow += ran.result.rowsDone;
    if (ran.result.stop !== undefined) return { runs, stop: ran.result.stop, rowsDone: firstRow };
    asked = ran.result.unknownTopics ?? [];
    assert.ok(ran.result.rowsDone > 0 || asked.length > 0, 'a task answered nothing and asked nothing');
  }
  return { runs, stop: undefined, rowsDone: firstRow };
}

test(
  'every record has the predicted outcome and output, once and in order, whatever the transform answers, ' +
    'where tasks end and how small their blocks are',
  async () => {
    await fc.assert(
      fc.asyncProperty(plansArbitrary, schedule, async (plans, given) => {
        const calls: number[] = [];
        const transform = transformOf(plans, calls);
        const definition = given.inBatches
          ? { transformBatch: (values: Buffer[]) => values.map((value) => settledPlan(plans, calls, value)) }
          : transform;
        const { runs, stop, rowsDone } = await answer(definition, plans, given);
        const outcomes = plans.map(({ planned }) => outcomeOf(planned));
        const stopRow = given.hasDeadLetter ? -1 : outcomes.findIndex(({ kind }) => kind === 'reject');
        assert.equal(rowsDone, stopRow < 0 ? plans.length : stopRow);
        assert.equal(stop?.code, stopRow < 0 ? undefined : outcomes[stopRow]?.name);
        assert.deepEqual(
          runs.flatMap((ran) => ran.outcomes),
          outcomes.slice(0, rowsDone).map(({ name }) => name),
        );
        const outputs = runs.flatMap((ran) => ran.outputs);
        for (let row = 0; row < rowsDone; row++) {
          const ofRow = outputs.filter((seen) => seen.row === row);
          const plan = plans[row];
          if (plan === undefined) continue;
          if (outcomes[row]?.kind === 'reject') checkDeadLetter(ofRow, plan, row);
          else assert.deepEqual(ofRow.map(seenRow), predictedRows(plan, row), `row ${row}`);
        }
        assert.deepEqual(
          outputs.map(({ row }) => row),
          outputs.map(({ row }) => row).sort((a, b) => a - b),
        );
        for (const ran of runs) checkCounts(ran);
        if (stopRow < 0) checkCalls(plans, calls);
      }),
      { numRuns: 400 },
    );
  },
);

/** Batch functions return their rejections: a thrown one would be that of the whole call. */
function settledPlan(plans: readonly Plan[], calls: number[], value: Buffer): unknown {
  try {
    return transformOf(
      plans.map((plan) => ({ ...plan, turns: 0 })),
      calls,
    )(value);
  } catch (thrown) {
    if (thrown instanceof Error)
      return { [Symbol.for('kafka-dispatcher.result')]: 'reject', code: 'TRANSFORM_ERROR' };
    return thrown;
  }
}

function checkDeadLetter(ofRow: readonly Seen[], plan: Plan, row: number): void {
  const [letter] = ofRow;
  assert.equal(ofRow.length, 1, `row ${row}: its dead letter alone, nothing that it emitted before`);
  assert.equal(letter?.topic, DEAD.number);
  assert.deepEqual([letter.key, letter.value], [`key ${row}`, String(row)]);
  assert.equal(headerText(letter, 'kd-code'), outcomeOf(plan.planned).name);
  assert.equal(headerText(letter, 'kd-offset'), String(100 + row));
  assert.equal(headerText(letter, 'kd-partition'), String(row % 3));
  assert.equal(headerText(letter, 'h'), 'old');
}

function checkCalls(plans: readonly Plan[], calls: readonly number[]): void {
  plans.forEach(({ planned }, row) => {
    assert.equal(calls[row] ?? 0, planned.kind === 'tombstone-source' ? 0 : 1, `calls for row ${row}`);
  });
}
