import type { TransformResult, TransformTask } from '../../src/ports/transform-pool.js';
import { StopCell } from '../../src/transform/context.js';
import { readDefinition } from '../../src/transform/load/loaded.js';
import { TaskRunner } from '../../src/transform/runtime.js';
import { type TaskSettingsInput, taskSettings } from '../../src/transform/settings.js';
import {
  DEAD,
  describePartition,
  type Given,
  inputOf,
  OUT,
  outcomesOf,
  outputsOf,
  type Seen,
  taskFor,
} from './support.js';

export interface RunOptions {
  readonly settings?: Partial<TaskSettingsInput>;
  readonly outputBytes?: number;
  readonly task?: Partial<TransformTask>;
  readonly stop?: StopCell;
}

export interface Ran {
  readonly task: TransformTask;
  readonly result: TransformResult;
  readonly outputs: Seen[];
  readonly outcomes: string[];
}

export async function runnerFor(definition: unknown, options: RunOptions = {}): Promise<TaskRunner> {
  const settings = taskSettings({ topics: { default: OUT, deadLetter: DEAD }, ...options.settings });
  const loaded = definition === undefined ? undefined : readDefinition(definition, 'test.ts');
  return TaskRunner.create({ settings, loaded, threadId: 1, stop: options.stop ?? new StopCell() });
}

/** Runs one task over the records, in this thread. */
export async function run(
  definition: unknown,
  records: readonly (Given | string)[],
  options: RunOptions = {},
): Promise<Ran> {
  const runner = await runnerFor(definition, options);
  const task = taskFor(inputOf(records), options.outputBytes, options.task);
  return runTask(runner, task);
}

export async function runTask(runner: TaskRunner, task: TransformTask): Promise<Ran> {
  const partitions = task.segments.map(({ partitionId }) => ({
    id: partitionId,
    ...describePartition(partitionId),
  }));
  const { input, output, ...rest } = task;
  const result = await runner.run({ ...rest, input: input.bytes, output: output.bytes, partitions });
  return { task, result, outputs: outputsOf(task, result), outcomes: outcomesOf(task, result) };
}

/** Runs tasks, as the dispatcher does, until every row is answered. */
export async function runAll(
  definition: unknown,
  records: readonly (Given | string)[],
  options: RunOptions = {},
): Promise<Ran[]> {
  const runner = await runnerFor(definition, options);
  const input = inputOf(records, 8 * 1024 * 1024);
  const runs: Ran[] = [];
  for (let firstRow = 0; firstRow < input.rowCount; ) {
    const ran = await runTask(
      runner,
      taskFor(input, options.outputBytes, { firstRow, rowCount: input.rowCount - firstRow }),
    );
    if (ran.result.rowsDone === 0) throw new Error('a task answered nothing');
    firstRow += ran.result.rowsDone;
    runs.push(ran);
  }
  return runs;
}

export function headerText(seen: Seen | undefined, name: string): string | undefined {
  return seen?.headers.find((entry) => entry[0] === name)?.[1]?.toString();
}

export async function sleep(ms: number): Promise<void> {
  await new Promise((resolve) => setTimeout(resolve, ms));
}
