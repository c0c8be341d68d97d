import { Accounting } from './accounting.js';
import { LatencyHistogram } from './latency-histogram.js';

/** What is counted over a whole run, however many times its clients are made anew. */
export interface RunBooks {
  readonly accounting: Accounting;
  readonly latency: LatencyHistogram;
}

export function newRunBooks(): RunBooks {
  return { accounting: new Accounting(), latency: new LatencyHistogram() };
}
