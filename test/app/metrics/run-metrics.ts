/** The families of a run that has done nothing but what a test says. */
import { type MetricsParts, metricFamilies } from '../../../src/app/metrics/families.js';
import { snapshot } from '../../../src/app/status.js';
import { Accounting } from '../../../src/core/books/accounting.js';
import type { Measured } from '../../../src/core/books/run-books.js';
import type { PartitionStanding, RunStatus } from '../../../src/dispatcher/report.js';
import type { MetricFamily } from '../../../src/ports/metrics.js';
import { NO_PROGRESS, NOTHING_MEASURED } from '../../support/no-progress.js';

interface Given extends Partial<Pick<RunStatus, 'stalledBy' | 'leaderless'>> {
  readonly records?: Partial<RunStatus['records']>;
  readonly filteredBy?: Readonly<Record<string, number>>;
  readonly deadLetteredBy?: Readonly<Record<string, number>>;
  readonly emittedBy?: Readonly<Record<string, number>>;
  readonly partitions?: readonly PartitionStanding[];
  readonly measured?: Partial<Measured>;
  readonly clients?: MetricsParts['clients'];
  readonly certificates?: MetricsParts['certificates'];
}

const EXAMPLE = { message: 'bad', topic: 'in', partition: 0, offset: 1 };

export function familiesOf(given: Given): readonly MetricFamily[] {
  return metricFamilies(nothing(given));
}

export function nothing(given: Given = {}): MetricsParts {
  const records = recordsOf(given);
  const standing = {
    partitions: given.partitions ?? [],
    measured: { ...NOTHING_MEASURED, ...given.measured },
    committed: [],
    redelivery: [],
    activeMs: 0,
    metrics: [],
    ...NO_PROGRESS,
  };
  const redact = (text: string): string => text.replaceAll('hunter2', '***');
  return {
    snapshot: snapshot({
      name: 'job',
      state: 'running',
      startedAt: new Date(0),
      at: new Date(1),
      records,
      latency: { p50Ms: 0, p99Ms: 0 },
      standing,
      bytesOut: 0,
      usage: { cpuMicroseconds: 0, rssPeakBytes: 0 },
      redact,
    }),
    status: statusOf(given, records),
    standing,
    reloads: { count: 0, switching: false, rejected: undefined },
    clients: given.clients ?? [],
    certificates: given.certificates ?? [],
    ready: true,
    version: '0.0.0',
    redact,
  };
}

function recordsOf(given: Given): RunStatus['records'] {
  return {
    ...new Accounting().snapshot(),
    filteredBy: given.filteredBy ?? {},
    deadLetteredBy: Object.fromEntries(
      Object.entries(given.deadLetteredBy ?? {}).map(([code, count]) => [code, { count, example: EXAMPLE }]),
    ),
    emittedBy: given.emittedBy ?? {},
    ...given.records,
  };
}

function statusOf({ stalledBy, leaderless }: Given, records: RunStatus['records']): RunStatus {
  return {
    state: 'running',
    records,
    owned: 0,
    membership: 'owner',
    stalled: stalledBy,
    stalledBy,
    inFlightRecords: 0,
    inFlightBytes: 0,
    inFlightBytesMax: 1,
    threadsBusy: 0,
    threads: 1,
    progress: NO_PROGRESS.progress,
    isPlaced: true,
    lag: undefined,
    openTransactions: [],
    leaderless: leaderless ?? [],
    latency: { p50Ms: 0, p99Ms: 0 },
  };
}
