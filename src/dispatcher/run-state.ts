import type { BatchId, PartitionId } from '../core/batch.js';
import { BlockPool } from '../core/block-pool.js';
import type { Accounting } from '../core/books/accounting.js';
import type { LatencyHistogram } from '../core/books/latency-histogram.js';
import type { MetricBooks } from '../core/books/metric-books.js';
import { newRunBooks } from '../core/books/run-books.js';
import type { StageBooks } from '../core/books/stage-books.js';
import type { UndeliveredBooks } from '../core/books/undelivered-books.js';
import type { WorkerBooks } from '../core/books/worker-books.js';
import type { DispatcherError } from '../core/errors.js';
import { BatchSize } from '../core/flow/batch-size.js';
import { FlowControl } from '../core/flow/flow-control.js';
import { Lifecycle } from '../core/lifecycle.js';
import type { ProgressBook } from '../core/progress/progress-book.js';
import type { InFlightBatch } from './in-flight-batch.js';
import { LogLimit } from './log-limit.js';
import { Partitions } from './partitions/partitions.js';
import type { DispatcherDeps, DispatcherSettings } from './settings.js';
import { NamedRecords } from './settlement/named-records.js';

/** The state that all parts of the dispatcher share. Everything runs on one thread; no part keeps a copy. */
export interface RunState {
  readonly deps: DispatcherDeps;
  readonly settings: DispatcherSettings;
  readonly partitions: Partitions;
  readonly blocks: BlockPool;
  readonly flow: FlowControl;
  readonly batchSize: BatchSize;
  readonly accounting: Accounting;
  readonly latency: LatencyHistogram;
  readonly metrics: MetricBooks;
  readonly workers: WorkerBooks;
  readonly stages: StageBooks;
  readonly undelivered: UndeliveredBooks;
  readonly progress: ProgressBook;
  readonly logLimit: LogLimit;
  /** Records that a broker has named as the reason for refusing their message set. */
  readonly named: NamedRecords;
  /** Batches by id, in the order in which they were read. */
  readonly inFlight: Map<BatchId, InFlightBatch>;
  /** Names of topic numbers, for messages. */
  readonly topicNames: Map<number, string>;
  /** Whether batches are accepted, and whether results still count. */
  readonly lifecycle: Lifecycle;
  /** The errors that end the run, in the order in which they occurred; empty if it ends as requested. */
  readonly errors: DispatcherError[];
  /** Resolves when the run must stop. */
  readonly stopWanted: Promise<undefined>;
  /**
   * Number of pending rewinds: batches that arrive until then are read again, so they are given back unread.
   */
  rewinds: number;
  /** How many more batches are delivered in pieces, to find the record that made its neighbours fail. */
  isolatedBatches: number;
  /** Rows that were read and will not be settled by this run. */
  unsettledRows: number;
  /** Ends the run in order: drain, commit, leave. The first error is reported unless a worse one follows. */
  fail(error: DispatcherError): void;
  /**
   * Runs the handler of an event, and then what it made possible. A handler must not throw into the adapter:
   * what it throws is a defect, and ends the run.
   */
  guard(handle: () => void): void;
  /** Reads again from the committed position, after `delayMs`. */
  rewind(reason: string, delayMs?: number): void;
}

export function makeRunState(
  deps: DispatcherDeps,
  settings: DispatcherSettings,
  run: Pick<RunState, 'fail' | 'guard' | 'rewind' | 'stopWanted'>,
): RunState {
  const books = deps.books ?? newRunBooks();
  return {
    ...run,
    deps,
    settings,
    blocks: new BlockPool({
      blockBytes: settings.blockBytes,
      budgetBytes: settings.blocksBytesMax,
      create: deps.createBlock,
    }),
    partitions: new Partitions(),
    lifecycle: new Lifecycle(),
    errors: [],
    flow: new FlowControl(),
    batchSize: new BatchSize(settings.batchSize),
    accounting: books.accounting,
    latency: books.latency,
    metrics: books.metrics,
    progress: books.progress,
    workers: books.workers,
    stages: books.stages,
    undelivered: books.undelivered,
    logLimit: new LogLimit(deps.logger, deps.clock),
    named: new NamedRecords(),
    inFlight: new Map(),
    topicNames: new Map(),
    rewinds: 0,
    isolatedBatches: 0,
    unsettledRows: 0,
  };
}

/** `topic flights, partition 3, offset 17`: how records are named in every message. */
export function place(state: RunState, partitionId: PartitionId, offset: number): string {
  const { topic, partition } = state.deps.describe(partitionId);
  return `topic ${topic}, partition ${partition}, offset ${offset}`;
}
