import type { BatchId, Block, Segment } from '../core/batch.js';
import type { ThreadUse } from '../core/books/worker-books.js';
import type { OutputTopic } from './sink.js';

export interface TransformTask {
  /** Unique for the life of the pool: the worker uses it to find results that an earlier task left. */
  readonly batchId?: BatchId;
  readonly input: Block;
  readonly output: Block;
  /** The rows of the input to answer: `[firstRow, firstRow + rowCount)`. */
  readonly firstRow: number;
  readonly rowCount: number;
  /** The segments of the whole input batch; the pool needs them for `record.topic` and `record.partition`. */
  readonly segments: readonly Segment[];
  /** If set: do not run the transform, dead-letter every row of the range with this reason. */
  readonly rejectWith?: Rejection;
  /**
   * With `rejectWith`: the rows of the range to reject, in rising order. The others already have an answer.
   */
  readonly rows?: readonly number[];
  /** Topics that an earlier part of this batch asked for (`unknownTopics`); the worker remembers them. */
  readonly topics?: readonly OutputTopic[];
  /** The trace context of the task, for `context.traceparent`. */
  readonly traceparent?: string;
}

export type Stage = 'decode' | 'validate' | 'transform' | 'encode' | 'deliver' | 'worker';

export interface Rejection {
  readonly code: string;
  readonly message: string;
  readonly stage: Stage;
}

/** A rejected record as its dead letter describes it. */
export interface RejectedRow {
  readonly row: number;
  readonly message: string;
}

/** Output rows by topic number, without dead letters. */
export type TopicRows = readonly (readonly [topic: number, rows: number])[];

/** One part of an answer: a written output batch (docs/WIRE.md). */
export interface TransformResult {
  /**
   * Source rows answered, from `firstRow` on; fewer than requested if the output block was full or at `stop`.
   */
  readonly rowsDone: number;
  /** Output rows in all parts. */
  readonly outputRows: number;
  readonly outputBytes: number;
  /**
   * How long a thread worked on the task, waiting included. For a batch function only a hundredth: each call
   * may be expensive, so its batches should stay large.
   */
  readonly workMs: number;
  /** Undefined: no worker thread answered. */
  readonly thread?: ThreadUse;
  /**
   * Set if the last answered rows did not fit: a second output batch, allocated by the worker, that answers
   * the rows after those of the first.
   */
  readonly overflow?: Uint8Array;
  readonly overflowEmitted?: TopicRows;
  /** The size of the first output batch. */
  readonly emitted: TopicRows;
  /** Names for outcome bytes 1.. and 128.. of this result (both parts). */
  readonly filterReasons: readonly string[];
  readonly deadLetterCodes: readonly string[];
  /** Totals, index-parallel to the two lists above. */
  readonly filteredBy: readonly number[];
  readonly deadLetteredBy: readonly number[];
  /** The first record of each of `deadLetterCodes`. */
  readonly deadLetterExamples: readonly RejectedRow[];
  /**
   * A record was rejected and there is no dead-letter topic: row `firstRow + rowsDone` is that record and
   * must stop the run.
   */
  readonly stop?: Rejection;
  /**
   * Row `firstRow + rowsDone` emits to topics whose numbers this worker does not know: register them and
   * continue at that row with `topics`. The worker keeps the results that it has computed (`keeps`).
   */
  readonly unknownTopics?: readonly string[];
  /** The worker holds results of rows after `rowsDone`: its next task of this batch begins with them. */
  readonly keeps?: boolean;
  readonly logs?: readonly TransformLog[];
  readonly counts?: readonly TransformCount[];
}

/** No row answered. */
export const NOTHING_ANSWERED: TransformResult = {
  rowsDone: 0,
  outputRows: 0,
  emitted: [],
  outputBytes: 0,
  workMs: 0,
  filterReasons: [],
  deadLetterCodes: [],
  filteredBy: [],
  deadLetteredBy: [],
  deadLetterExamples: [],
};

export interface TransformLog {
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields?: Readonly<Record<string, unknown>>;
}

export interface TransformCount {
  readonly name: string;
  readonly value: number;
  readonly kind: 'count' | 'observe';
  readonly labels?: Readonly<Record<string, string>>;
  /** `value` is the sum of so many. */
  readonly observed?: { readonly times: number; readonly min: number; readonly max: number };
}

/**
 * The worker that ran a task died or hung. `run` rejects with it only after that thread's `exit`: nothing
 * writes to the blocks any more.
 */
export interface WorkerDeath {
  readonly kind: 'worker-death';
  /** WORKER_EXITED | WORKER_OUT_OF_MEMORY | WORKER_TIMEOUT | WORKER_CRASHED */
  readonly code: string;
  readonly message: string;
  /**
   * Rows that were in progress according to the progress cells of the output block: the guilty one is
   * probably among them.
   */
  readonly suspectFirstRow: number;
  readonly suspectRowCount: number;
}

export function isWorkerDeath(error: unknown): error is WorkerDeath {
  return typeof error === 'object' && error !== null && 'kind' in error && error.kind === 'worker-death';
}

/** A thread and the rows that it has in progress. */
export interface Whereabouts {
  readonly thread: number;
  /** It has finished no record for this long. */
  readonly stillMs: number;
  readonly firstRow: number;
  readonly rowCount: number;
}

/**
 * Runs tasks on worker threads, at most `threads` at the same time; others wait in first-in-first-out order.
 * Rejects with {@link WorkerDeath}, or with a DispatcherError if the pool itself is unusable or the transform
 * broke its contract (BATCH_LENGTH).
 */
export interface TransformPool {
  /** Starts the threads and loads the transform in each; rejects with the transform's own load error. */
  start(): Promise<void>;
  readonly threads: number;
  run(task: TransformTask): Promise<TransformResult>;
  /** Tasks running now. */
  readonly busy: number;
  /** Why it can't work, in words: a worker that is blocked and can't be ended. Not ready meanwhile. */
  readonly trouble?: string | undefined;
  /** Which thread works on a batch; undefined: none at the moment. */
  whereabouts?(batchId: BatchId): Whereabouts | undefined;
  /** Tells running transforms to stop early (`context.signal`): their results are no longer needed. */
  signalStop(): void;
  /**
   * Runs teardown in every worker, then ends the threads; kills them after `deadlineMs`. Rejects if a thread
   * did not end: then the process must exit without waiting for it.
   */
  close(deadlineMs: number): Promise<void>;
}
