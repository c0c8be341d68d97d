import { ProgressBook } from '../progress/progress-book.js';
import { Accounting } from './accounting.js';
import { LatencyHistogram } from './latency-histogram.js';
import { MetricBooks } from './metric-books.js';
import { WorkerBooks } from './worker-books.js';

/** Counters of a whole run, however many times its clients are created again. */
export interface RunBooks {
  readonly accounting: Accounting;
  readonly latency: LatencyHistogram;
  readonly metrics: MetricBooks;
  readonly progress: ProgressBook;
  readonly workers: WorkerBooks;
}

export function newRunBooks(): RunBooks {
  return {
    accounting: new Accounting(),
    latency: new LatencyHistogram(),
    metrics: new MetricBooks(),
    progress: new ProgressBook(),
    workers: new WorkerBooks(),
  };
}
