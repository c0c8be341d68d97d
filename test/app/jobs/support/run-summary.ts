/** The summary of a run that did what a test says. */

import { type Summary, summarize } from '../../../../src/app/summary.js';
import { Accounting } from '../../../../src/core/books/accounting.js';
import type { DispatcherError } from '../../../../src/core/errors.js';
import type { RunReport } from '../../../../src/dispatcher/report.js';
import { NO_PROGRESS } from '../../../support/no-progress.js';

const NONE = { ...new Accounting().snapshot(), unsettled: 0 };

export interface Ending {
  readonly records?: Partial<RunReport['records']>;
  readonly committed?: RunReport['committed'];
  readonly error?: DispatcherError;
  readonly stoppedBeforeEnd?: boolean;
}

export const STARTED_AT = new Date('2026-11-28T10:00:00.000Z');
export const ENDED_AT = new Date('2026-11-28T10:00:50.000Z');

export function summaryOf({
  records,
  committed = [],
  error,
  stoppedBeforeEnd = false,
}: Ending = {}): Summary {
  return summarize(
    {
      state: error === undefined ? 'stopped' : 'failed',
      error,
      endReached: error === undefined && !stoppedBeforeEnd,
      records: { ...NONE, ...records },
      committed,
      redelivery: [],
      latency: { p50Ms: 1, p99Ms: 2 },
      metrics: [],
      ...NO_PROGRESS,
      activeMs: 50_000,
      hung: false,
      ends: undefined,
      openTransactions: [],
    },
    {
      name: 'orders',
      startedAt: STARTED_AT,
      at: ENDED_AT,
      bytesOut: 0,
      usage: { cpuMicroseconds: 0, rssPeakBytes: 0 },
      redact: (text) => text,
      reloads: 0,
      stoppedBeforeEnd,
    },
  );
}
