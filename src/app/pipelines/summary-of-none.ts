import { newRunBooks } from '../../core/books/run-books.js';
import { DispatcherError } from '../../core/errors.js';
import { type RunFacts, type Summary, summarize } from '../summary.js';

/** The summary of a run that could not begin. */
export function summaryOfNone(
  cause: unknown,
  facts: Pick<RunFacts, 'name' | 'startedAt' | 'redact'>,
): Summary {
  const { accounting, metrics, progress } = newRunBooks();
  const error =
    cause instanceof DispatcherError
      ? cause
      : new DispatcherError('DEFECT', cause instanceof Error ? cause.message : String(cause), { cause });
  return summarize(
    {
      state: 'failed',
      error,
      endReached: false,
      records: { ...accounting.snapshot(), unsettled: 0 },
      committed: [],
      redelivery: [],
      latency: { p50Ms: 0, p99Ms: 0 },
      metrics: metrics.snapshot(),
      progress: progress.progress(),
      range: progress.range(),
      activeMs: 0,
      hung: false,
      ends: undefined,
      openTransactions: [],
    },
    {
      ...facts,
      at: new Date(),
      bytesOut: 0,
      usage: { cpuMicroseconds: 0, rssPeakBytes: 0 },
      reloads: 0,
      stoppedBeforeEnd: false,
    },
  );
}
