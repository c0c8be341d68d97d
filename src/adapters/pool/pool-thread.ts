import type { Worker } from 'node:worker_threads';
import type { TransformResult, TransformTask } from '../../ports/transform-pool.js';
import type { PartitionName } from '../../transform/record-view.js';
import type { WorkerTask } from '../../transform/worker-task.js';
import { ProgressCells } from '../../wire/progress.js';
import type { TopicNews } from './topic-news.js';
import { type Suspects, WorkerDeathError } from './worker-death.js';

export interface Job {
  readonly task: TransformTask;
  readonly resolve: (result: TransformResult) => void;
  readonly reject: (error: Error) => void;
}

/**
 * starting: Piscina has not reported it ready · loading: imports the transform · idle · busy · dying: gets no
 * more tasks
 */
export type ThreadState = 'starting' | 'loading' | 'idle' | 'busy' | 'dying';

/** One worker thread as the pool sees it: the topics it knows, its state, and how it ended. */
export class PoolThread {
  readonly worker: Worker;
  readonly id: number;
  /** Resolves when the thread has ended: from then on it writes to no block. */
  readonly exited: Promise<void>;
  /** False for the threads that exist from the start: those are loaded by `start`. */
  readonly isReplacement: boolean;
  state: ThreadState = 'starting';
  #error: unknown;
  #exitCode: number | undefined;
  #timedOutAfterMs: number | undefined;
  #cells: ProgressCells | undefined;
  #seenProgress = 0;
  #stalledMs = 0;
  #endingMs = 0;
  #topicsSeen = 0;
  readonly #partitionsSent = new Set<number>();

  constructor(worker: Worker, isReplacement: boolean, onEnd: (thread: PoolThread) => void) {
    this.worker = worker;
    this.isReplacement = isReplacement;
    this.id = worker.threadId;
    worker.on('error', (error) => {
      this.#error = error;
      this.state = 'dying';
      onEnd(this);
    });
    this.exited = new Promise((resolve) => {
      worker.on('exit', (code) => {
        this.#exitCode = code;
        this.state = 'dying';
        onEnd(this);
        resolve();
      });
    });
  }

  get hasEnded(): boolean {
    return this.#exitCode !== undefined;
  }

  /** The message for a task: blocks by reference, topic names only if this thread does not know them yet. */
  message(task: TransformTask, topics: TopicNews, describe: (id: number) => PartitionName): WorkerTask {
    const partitions: (PartitionName & { readonly id: number })[] = [];
    for (const { partitionId } of task.segments) {
      if (this.#partitionsSent.has(partitionId)) continue;
      this.#partitionsSent.add(partitionId);
      partitions.push({ id: partitionId, ...describe(partitionId) });
    }
    const newTopics = topics.since(this.#topicsSeen);
    this.#topicsSeen = topics.version;
    const { batchId, input, output, firstRow, rowCount, rejectWith, rows, traceparent } = task;
    return {
      input: input.bytes,
      output: output.bytes,
      firstRow,
      rowCount,
      ...(partitions.length === 0 ? {} : { partitions }),
      ...(newTopics.length === 0 ? {} : { topics: newTopics }),
      ...(rejectWith === undefined ? {} : { rejectWith }),
      ...(rows === undefined ? {} : { rows }),
      ...(batchId === undefined ? {} : { batchId }),
      ...(traceparent === undefined ? {} : { traceparent }),
    };
  }

  /** The thread does not become idle if the load finished too late and it is being replaced. */
  endLoad(): void {
    if (this.state === 'loading') this.state = 'idle';
  }

  beginTask(task: TransformTask): void {
    this.state = 'busy';
    this.#cells = new ProgressCells(task.output.bytes);
    this.#cells.reset(task.firstRow);
    this.#seenProgress = 0;
    this.#stalledMs = 0;
  }

  endTask(): void {
    this.#cells = undefined;
    if (this.state === 'busy') this.state = 'idle';
  }

  /**
   * Adds to the time without progress. True when this call exceeded `limitMs`: then the worker is being
   * ended.
   */
  watch(elapsedMs: number, limitMs: number): boolean {
    if (this.state !== 'busy' || this.#cells === undefined) return false;
    if (this.#timedOutAfterMs !== undefined) {
      this.#endingMs += elapsedMs;
      return false;
    }
    const { progress } = this.#cells;
    if (progress !== this.#seenProgress) {
      this.#seenProgress = progress;
      this.#stalledMs = 0;
      return false;
    }
    this.#stalledMs += elapsedMs;
    if (this.#stalledMs < limitMs) return false;
    this.#timedOutAfterMs = this.#stalledMs;
    void this.worker.terminate();
    return true;
  }

  /** Without progress for this long. */
  get stalledMs(): number {
    return Math.round(this.#stalledMs);
  }

  /** Time since it was asked to end, while it has not ended; undefined: it was not asked. */
  get endingMs(): number | undefined {
    return this.#timedOutAfterMs === undefined || this.hasEnded ? undefined : Math.round(this.#endingMs);
  }

  /** The rows in progress. */
  suspects({ firstRow, rowCount }: TransformTask): Suspects {
    const underWay = this.#cells?.underWay ?? NOBODY;
    const isNonsense =
      underWay.firstRow < firstRow || underWay.firstRow + underWay.rowCount > firstRow + rowCount;
    return isNonsense ? NOBODY : underWay;
  }

  /** Why the worker of a running task ended. Call it after `exited`. */
  death(task: TransformTask): WorkerDeathError {
    const suspects = this.suspects(task);
    if (this.#timedOutAfterMs !== undefined) {
      return new WorkerDeathError(
        'WORKER_TIMEOUT',
        `finished no record for ${Math.round(this.#timedOutAfterMs)} ms`,
        suspects,
      );
    }
    if (this.#error === undefined)
      return new WorkerDeathError(
        'WORKER_EXITED',
        `the worker ended itself (exit code ${this.#exitCode ?? 0})`,
        suspects,
      );
    if (codeOf(this.#error) === 'ERR_WORKER_OUT_OF_MEMORY') {
      return new WorkerDeathError(
        'WORKER_OUT_OF_MEMORY',
        'the worker ran out of memory: its heap may take dispatcher.worker-heap-max',
        suspects,
        this.#error,
      );
    }
    // Errors from the transform itself are caught. An exception that arrives here comes from a callback or an
    // unawaited promise, so it can't be attributed to a record.
    const text =
      this.#error instanceof Error ? `${this.#error.name}: ${this.#error.message}` : String(this.#error);
    return new WorkerDeathError(
      'WORKER_CRASHED',
      `an exception outside any transform ended the worker: ${text}`,
      NOBODY,
      this.#error,
    );
  }
}

const NOBODY: Suspects = { firstRow: 0, rowCount: 0 };

function codeOf(error: unknown): unknown {
  return typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
}
