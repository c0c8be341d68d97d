import { ProgressBook } from '../progress/progress-book.js';
import { Accounting } from './accounting.js';
import { type LatencyDistribution, LatencyHistogram } from './latency-histogram.js';
import { MetricBooks } from './metric-books.js';
import { StageBooks, type StagesSnapshot } from './stage-books.js';
import { UndeliveredBooks, type UndeliveredCount } from './undelivered-books.js';
import { WorkerBooks, type WorkersSnapshot } from './worker-books.js';

/** Counters of a whole run, however many times its clients are created again. */
export interface RunBooks {
  readonly accounting: Accounting;
  readonly latency: LatencyHistogram;
  readonly metrics: MetricBooks;
  readonly progress: ProgressBook;
  readonly workers: WorkerBooks;
  readonly stages: StageBooks;
  readonly undelivered: UndeliveredBooks;
}

/** What was measured besides the counts of records: for `/metrics` alone. */
export interface Measured {
  /** From reading a record to its settlement. */
  readonly latencies: LatencyDistribution;
  readonly workers: WorkersSnapshot;
  readonly stages: StagesSnapshot;
  readonly undelivered: readonly UndeliveredCount[];
}

export function newRunBooks(): RunBooks {
  return {
    accounting: new Accounting(),
    latency: new LatencyHistogram(),
    metrics: new MetricBooks(),
    progress: new ProgressBook(),
    workers: new WorkerBooks(),
    stages: new StageBooks(),
    undelivered: new UndeliveredBooks(),
  };
}

export function measuredIn(
  books: Pick<RunBooks, 'latency' | 'workers' | 'stages' | 'undelivered'>,
): Measured {
  return {
    latencies: books.latency.distribution(),
    workers: books.workers.snapshot(),
    stages: books.stages.snapshot(),
    undelivered: books.undelivered.snapshot(),
  };
}
