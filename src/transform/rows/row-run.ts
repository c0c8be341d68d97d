import { Outcome } from '../../wire/layout.js';
import type { OutputBatchWriter } from '../../wire/output-writer.js';
import { ProgressCells } from '../../wire/progress.js';
import type { BatchFunction } from '../load/loaded.js';
import { Rejected } from '../results/rejected.js';
import type { ResultWriter } from '../results/result-writer.js';
import { isThenable } from '../results/results.js';
import { Written } from '../results/written.js';
import type { WorkerTask } from '../worker-task.js';
import { AsyncRows, type AsyncRowsHost, type Ending } from './async-rows.js';
import { runBatchRows } from './batch-rows.js';
import { CallTimes } from './call-times.js';
import { KeptResults } from './kept-results.js';
import type { RowComputer } from './rows.js';

interface RowRunDeps {
  readonly rows: RowComputer;
  readonly results: ResultWriter;
  readonly writer: OutputBatchWriter;
  readonly transformBatch: BatchFunction | undefined;
  readonly concurrency: number;
  readonly timeoutMs: number;
}

/** Computes and writes the results of one task's rows, from those that an earlier task has kept. */
export class RowRun {
  readonly #deps: RowRunDeps;
  readonly #rows: RowComputer;
  readonly #results: ResultWriter;
  readonly #writer: OutputBatchWriter;
  readonly #kept = new KeptResults();

  constructor(deps: RowRunDeps) {
    this.#deps = deps;
    this.#rows = deps.rows;
    this.#results = deps.results;
    this.#writer = deps.writer;
  }

  run(task: WorkerTask): Ending | Promise<Ending> {
    const cells = new ProgressCells(task.output);
    const endRow = task.firstRow + task.rowCount;
    const kept = this.#takeKept(task);
    const firstRow = task.firstRow + kept.length;
    if (kept.length > 0) {
      const ending = this.#writeKept(task, kept);
      if (ending.status !== Written.done || firstRow === endRow) return ending;
    }
    const { transformBatch } = this.#deps;
    if (task.rejectWith === undefined && transformBatch !== undefined) {
      return this.#timed(cells, (host) =>
        runBatchRows({ ...host, rows: this.#rows, transformBatch }, firstRow, endRow),
      );
    }
    const rejected = task.rejectWith === undefined ? undefined : new Rejected(task.rejectWith);
    let meant = 0;
    for (let row = firstRow; row < endRow; row++) {
      if (task.rows !== undefined && task.rows[meant] !== row) {
        this.#writer.setOutcome(row, Outcome.elsewhere);
        continue;
      }
      meant += 1;
      cells.started(row);
      const result = rejected ?? this.#rows.compute(row);
      if (isThenable(result)) {
        return this.#timed(cells, (host) =>
          new AsyncRows(host, { firstRow: row, endRow, finished: row - task.firstRow }).run(result),
        );
      }
      const status = this.#results.write(row, result);
      if (status !== Written.done) return { nextRow: row, status, pending: [result] };
      cells.finished(row + 1, row + 1 - task.firstRow);
    }
    return { nextRow: endRow, status: Written.done, pending: [] };
  }

  /** Keeps results for the next task. False: nothing is left, or no further task will come for it. */
  keepRest(
    { batchId, rejectWith, firstRow }: WorkerTask,
    rowsDone: number,
    rest: readonly unknown[],
  ): boolean {
    if (batchId === undefined || rejectWith !== undefined || rest.length === 0) return false;
    this.#kept.keep(batchId, firstRow + rowsDone, rest);
    return true;
  }

  #takeKept({ batchId, rejectWith, firstRow, rowCount }: WorkerTask): readonly unknown[] {
    if (batchId === undefined || rejectWith !== undefined) return [];
    return this.#kept.take(batchId, firstRow, firstRow + rowCount);
  }

  #writeKept({ firstRow }: WorkerTask, kept: readonly unknown[]): Ending {
    for (let index = 0; index < kept.length; index++) {
      const nextRow = firstRow + index;
      const status = this.#results.write(nextRow, kept[index]);
      if (status !== Written.done) return { nextRow, status, pending: kept.slice(index) };
    }
    return { nextRow: firstRow + kept.length, status: Written.done, pending: [] };
  }

  async #timed(cells: ProgressCells, run: (host: AsyncRowsHost) => Promise<Ending>): Promise<Ending> {
    const times = new CallTimes(this.#deps.timeoutMs);
    try {
      return await run({
        concurrency: this.#deps.concurrency,
        times,
        compute: (row) => this.#rows.compute(row),
        takeContext: () => this.#rows.takeContext(),
        write: (row, result) => this.#results.write(row, result),
        started: (row) => cells.started(row),
        finished: (lowest, finished) => cells.finished(lowest, finished),
      });
    } finally {
      times.stop();
    }
  }
}
