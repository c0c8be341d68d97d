import { DispatcherError } from '../core/errors.js';
import { type Codecs, loadCodecs } from '../formats/on-demand.js';
import type { TransformLog, TransformResult } from '../ports/transform-pool.js';
import { InputBatchReader } from '../wire/input-reader.js';
import { OutputBatchWriter } from '../wire/output-writer.js';
import { CallContext, type StopCell, type WorkerParts, workerParts } from './context.js';
import { type LoadedTransform, outputCheckOf } from './load/loaded.js';
import type { PartitionName, TaskScope } from './record-view.js';
import { isFull, type Overflow, writeOverflow } from './results/overflow.js';
import { ResultWriter } from './results/result-writer.js';
import { TopicTable } from './results/topic-table.js';
import { Written } from './results/written.js';
import type { Ending } from './rows/async-rows.js';
import { RowRun } from './rows/row-run.js';
import { RowComputer } from './rows/rows.js';
import type { TaskSettings } from './settings.js';
import type { WorkerTask } from './worker-task.js';

/** Batches of a batch function may take a hundred times as long as others before they get smaller. */
const BATCH_FUNCTION_SHARE = 0.01;

type Answer = Omit<TransformResult, 'workMs'>;

export interface RunnerInit {
  readonly settings: TaskSettings;
  readonly loaded: LoadedTransform | undefined;
  readonly threadId: number;
  readonly stop: StopCell;
}

/** One worker's transform with everything it needs; runs one task after another. */
export class TaskRunner {
  readonly #settings: TaskSettings;
  readonly #loaded: LoadedTransform | undefined;
  readonly #worker: WorkerParts;
  readonly #reader = new InputBatchReader();
  readonly #writer = new OutputBatchWriter();
  readonly #partitions = new Map<number, PartitionName>();
  readonly #topics: TopicTable;
  readonly #results: ResultWriter;
  readonly #rows: RowComputer;
  readonly #rowRun: RowRun;
  #rowsPerSource = 1;

  private constructor(init: RunnerInit, { decoder, encoder }: Codecs) {
    const { settings, loaded } = init;
    const { topics, input, output } = settings;
    this.#settings = settings;
    this.#loaded = loaded;
    this.#worker = workerParts(init.threadId, settings.options, init.stop);
    this.#topics = new TopicTable([
      ...(topics.default === undefined ? [] : [topics.default]),
      ...topics.others,
      ...(topics.deadLetter === undefined ? [] : [topics.deadLetter]),
    ]);
    this.#results = new ResultWriter({
      settings,
      encoder,
      topics: this.#topics,
      writer: this.#writer,
      checkOutput: outputCheckOf(loaded?.outputSchema),
    });
    const passThrough = loaded === undefined && input.format === 'raw' && output.format === 'raw';
    this.#rows = new RowComputer({
      decoder,
      tombstones: input.tombstones,
      passThrough,
      loaded,
      worker: this.#worker,
    });
    this.#rowRun = new RowRun({
      rows: this.#rows,
      results: this.#results,
      writer: this.#writer,
      transformBatch: loaded?.transformBatch,
      concurrency: settings.concurrency,
      timeoutMs: settings.timeoutMs,
    });
  }

  /** Creates the codecs and runs the transform's `setup`. */
  static async create(init: RunnerInit): Promise<TaskRunner> {
    const runner = new TaskRunner(init, await loadCodecs(init.settings, init.loaded?.declared));
    runner.#worker.state = await init.loaded?.setup?.(new CallContext(runner.#worker));
    return runner;
  }

  /** False for a worker that never runs user code. */
  get runsUserCode(): boolean {
    return this.#loaded !== undefined;
  }

  /** Returns the log entries of teardown, and those that no task returned. */
  async teardown(): Promise<readonly TransformLog[]> {
    await this.#loaded?.teardown?.(new CallContext(this.#worker));
    return this.#worker.reports.takeLogs() ?? [];
  }

  /**
   * Answers the rows of the task. Rejects only for defects and for BATCH_LENGTH; anything a record causes is
   * an outcome of that record.
   */
  async run(task: WorkerTask): Promise<TransformResult> {
    const beganMs = performance.now();
    const result = await this.#answer(task);
    const tookMs = performance.now() - beganMs;
    return {
      ...result,
      workMs: this.#loaded?.transformBatch === undefined ? tookMs : tookMs * BATCH_FUNCTION_SHARE,
    };
  }

  async #answer(task: WorkerTask): Promise<Answer> {
    for (const { id, topic, partition } of task.partitions ?? [])
      this.#partitions.set(id, { topic, partition });
    this.#topics.add(task.topics ?? []);
    this.#worker.traceparent = task.traceparent;
    this.#reader.open(task.input);
    if (task.rowCount < 1 || task.firstRow + task.rowCount > this.#reader.rowCount) {
      throw new DispatcherError(
        'DEFECT',
        `a task for rows ${task.firstRow}..+${task.rowCount} of a batch with ${this.#reader.rowCount}`,
      );
    }
    const scope: TaskScope = { reader: this.#reader, partitions: this.#partitions, open: true };
    this.#rows.begin(scope);
    this.#results.begin(scope);
    this.#writer.open(task.output, {
      firstSourceRow: task.firstRow,
      sourceRowsMax: task.rowCount,
      rowsPerSource: this.#rowsPerSource,
    });
    try {
      return this.#finish(task, await this.#rowRun.run(task));
    } finally {
      scope.open = false;
      this.#rows.end();
    }
  }

  #finish(task: WorkerTask, ending: Ending): Answer {
    const inBlock = ending.nextRow - task.firstRow;
    this.#writer.finish(inBlock);
    const overflow = isFull(ending.status)
      ? writeOverflow(this.#results, ending.nextRow, ending.pending, this.#settings.outputBytesMax)
      : undefined;
    const status = overflow?.status ?? ending.status;
    const rowsDone = inBlock + (overflow?.rowsDone ?? 0);
    const outputRows = this.#writer.rowCount + (overflow?.outputRows ?? 0);
    this.#noteRatio(outputRows, rowsDone);
    const rest = ending.pending.slice(overflow?.rowsDone ?? 0);
    const keeps = status !== Written.stop && this.#rowRun.keepRest(task, rowsDone, rest);
    const logs = this.#worker.reports.takeLogs();
    const counts = this.#worker.reports.takeCounts();
    const { filtered, deadLettered, stopped, unknownTopics } = this.#results;
    return {
      rowsDone,
      outputRows,
      emitted: this.#writer.rowsByTopic(),
      outputBytes: this.#writer.payloadBytes + (overflow?.payloadBytes ?? 0),
      filterReasons: filtered.names,
      deadLetterCodes: deadLettered.names,
      filteredBy: filtered.counts,
      deadLetteredBy: deadLettered.counts,
      deadLetterExamples: deadLettered.examples,
      ...overflowPart(overflow),
      ...(status === Written.stop && stopped !== undefined ? { stop: stopped } : {}),
      ...(status === Written.unknownTopic ? { unknownTopics: [...unknownTopics] } : {}),
      ...(keeps ? { keeps } : {}),
      ...(logs === undefined ? {} : { logs }),
      ...(counts === undefined ? {} : { counts }),
    };
  }

  /**
   * The number of output rows per source row determines how much of the next block is reserved for rows: it
   * rises immediately and falls slowly.
   */
  #noteRatio(outputRows: number, sourceRows: number): void {
    if (sourceRows === 0) return;
    const ratio = Math.max(1, (outputRows / sourceRows) * 1.1);
    this.#rowsPerSource = ratio > this.#rowsPerSource ? ratio : this.#rowsPerSource * 0.9 + ratio * 0.1;
  }
}

function overflowPart(overflow: Overflow | undefined): Pick<TransformResult, 'overflow' | 'overflowEmitted'> {
  return overflow === undefined || overflow.rowsDone === 0
    ? {}
    : { overflow: overflow.part, overflowEmitted: overflow.emitted };
}
