import { ExitCode } from '../core/errors.js';
import type { Metric } from '../core/metric-books.js';
import type { RunReport } from '../dispatcher/dispatcher.js';

/** The last thing that `run`, `demo` and `bench` print; with `-o json` one object. */
export interface Summary {
  readonly schema: 1;
  readonly name: string;
  readonly state: string;
  readonly reason: {
    readonly code: string;
    readonly message: string;
    readonly remedy: string | null;
    readonly retryable: boolean;
  };
  readonly exitCode: number;
  readonly startedAt: string;
  readonly endedAt: string;
  readonly elapsedSeconds: number;
  readonly records: {
    readonly consumed: number;
    readonly transformed: number;
    readonly filtered: number;
    readonly deadLettered: number;
    readonly handedOver: number;
    readonly unsettled: number;
    readonly emitted: number;
    readonly retried: number;
  };
  readonly filteredBy: Readonly<Record<string, number>>;
  readonly deadLetteredBy: Readonly<Record<string, number>>;
  readonly bytes: { readonly in: number; readonly out: number };
  readonly rate: { readonly recordsPerSecond: number };
  readonly cpu: { readonly microsecondsPerRecord: number };
  readonly memory: { readonly rssPeakBytes: number };
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  readonly committed: RunReport['committed'];
  readonly redelivery: RunReport['redelivery'];
  /** `context.metrics` of the transform. */
  readonly metrics: readonly Metric[];
  /** New configurations taken up while it ran. */
  readonly reloads: number;
}

export interface RunTimes {
  readonly startedAt: Date;
  readonly endedAt: Date;
  /** From the first record read to the last settled; the run's own time when there was none. */
  readonly activeSeconds: number;
  readonly cpuMicroseconds: number;
  readonly rssPeakBytes: number;
  readonly bytesOut: number;
  readonly reloads: number;
}

/** A bounded run that was stopped by a signal before its end has exit code 7; what failed has its error's. */
export function summarize(
  name: string,
  report: RunReport,
  times: RunTimes,
  stoppedBeforeEnd: boolean,
): Summary {
  const { consumed, transformed, filtered, deadLettered, handedOver, unsettled, emitted, retried } =
    report.records;
  const reason = reasonOf(report, stoppedBeforeEnd);
  return {
    schema: 1,
    name,
    state: report.state,
    reason,
    exitCode: report.error?.exitCode ?? (stoppedBeforeEnd ? ExitCode.stoppedBeforeEnd : ExitCode.done),
    startedAt: times.startedAt.toISOString(),
    endedAt: times.endedAt.toISOString(),
    elapsedSeconds: (times.endedAt.getTime() - times.startedAt.getTime()) / 1000,
    records: { consumed, transformed, filtered, deadLettered, handedOver, unsettled, emitted, retried },
    filteredBy: report.records.filteredBy,
    deadLetteredBy: report.records.deadLetteredBy,
    bytes: { in: report.records.bytesIn, out: times.bytesOut },
    ...rates({ consumed, ...times }),
    memory: { rssPeakBytes: times.rssPeakBytes },
    latency: report.latency,
    committed: [...report.committed].sort(byPlace),
    redelivery: report.redelivery,
    metrics: report.metrics,
    reloads: times.reloads,
  };
}

interface Work {
  readonly consumed: number;
  readonly activeSeconds: number;
  readonly cpuMicroseconds: number;
}

export function rates({ consumed, activeSeconds, cpuMicroseconds }: Work): Pick<Summary, 'rate' | 'cpu'> {
  return {
    rate: { recordsPerSecond: activeSeconds > 0 ? Math.round(consumed / activeSeconds) : 0 },
    cpu: { microsecondsPerRecord: consumed > 0 ? Number((cpuMicroseconds / consumed).toFixed(4)) : 0 },
  };
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

export function byPlace(a: Place, b: Place): number {
  if (a.topic === b.topic) return a.partition - b.partition;
  return a.topic < b.topic ? -1 : 1;
}

function reasonOf(report: RunReport, stoppedBeforeEnd: boolean): Summary['reason'] {
  if (report.error !== undefined) {
    const { code, message, remedy, retryable } = report.error;
    return { code, message, remedy: remedy ?? null, retryable };
  }
  if (stoppedBeforeEnd) {
    const message = 'stopped before the end; all that was taken is settled';
    return {
      code: 'STOPPED_BEFORE_END',
      message,
      remedy: 'run the same command again: it goes on where this one stopped',
      retryable: true,
    };
  }
  return { code: 'DONE', message: 'done', remedy: null, retryable: false };
}

/** For people: a few aligned lines. */
export function renderSummary(summary: Summary): string {
  const { records, reason } = summary;
  const rows: (readonly [string, string])[] = [
    [
      'state',
      `${summary.state}, exit ${summary.exitCode}${summary.exitCode === 0 ? '' : ` (${reason.code})`}`,
    ],
    ...(summary.exitCode === 0 ? [] : ([['why', reason.message]] as const)),
    ...(reason.remedy === null ? [] : ([['do', reason.remedy]] as const)),
    [
      'consumed',
      `${count(records.consumed)} records, ${bytes(summary.bytes.in)} in ` +
        `${summary.elapsedSeconds.toFixed(1)} s`,
    ],
    ['transformed', `${count(records.transformed)} → ${count(records.emitted)} emitted`],
    ['filtered', counted(records.filtered, summary.filteredBy)],
    ['dead-lettered', counted(records.deadLettered, summary.deadLetteredBy)],
    ...(records.handedOver + records.unsettled === 0
      ? []
      : ([
          [
            'not settled',
            `${count(records.unsettled)} unsettled, ` +
              `${count(records.handedOver)} handed over to other members`,
          ],
        ] as const)),
    [
      'rate',
      `${count(summary.rate.recordsPerSecond)} records/s, ` +
        `${summary.cpu.microsecondsPerRecord} µs of CPU a record`,
    ],
    ['latency', `p50 ${summary.latency.p50Ms} ms, p99 ${summary.latency.p99Ms} ms`],
    ...(summary.reloads === 0 ? [] : ([['reloads', count(summary.reloads)]] as const)),
    ...(summary.metrics.length === 0
      ? []
      : ([['metrics', ranges(summary.metrics.map(metricText))]] as const)),
    ['memory', `${bytes(summary.memory.rssPeakBytes)} at most`],
    [
      'committed',
      ranges(summary.committed.map(({ topic, partition, offset }) => `${topic}[${partition}] ${offset}`)),
    ],
    ...(summary.redelivery.length === 0
      ? []
      : ([
          [
            'may come twice',
            ranges(
              summary.redelivery.map(
                ({ topic, partition, from, to }) => `${topic}[${partition}] ${from}–${to - 1}`,
              ),
            ),
          ],
        ] as const)),
  ];
  return `${summary.name}\n${rows.map(([label, text]) => `  ${label.padEnd(14)} ${text}`).join('\n')}\n`;
}

/** Names and labels may be made of anything. */
export function cleanMetrics(
  metrics: readonly Metric[],
  redact: (text: string) => string,
): readonly Metric[] {
  return metrics.map(({ name, labels, ...rest }) => ({
    ...rest,
    name: redact(name),
    ...(labels === undefined
      ? {}
      : {
          labels: Object.fromEntries(
            Object.entries(labels).map(([label, value]) => [redact(label), redact(value)]),
          ),
        }),
  }));
}

function metricText(metric: Metric): string {
  const labels = Object.entries(metric.labels ?? {}).map(([name, value]) => `${name}=${value}`);
  const name = labels.length === 0 ? metric.name : `${metric.name}{${labels.join(',')}}`;
  if (metric.kind === 'count') return `${name} ${count(metric.value)}`;
  return (
    `${name} ${count(metric.observations)} × ` +
    `${Number((metric.sum / metric.observations).toPrecision(3))}`
  );
}

const LISTED_MAX = 12;

function ranges(items: readonly string[]): string {
  if (items.length === 0) return 'nothing';
  const more = items.length - LISTED_MAX;
  return items.slice(0, LISTED_MAX).join(', ') + (more > 0 ? ` and ${more} more` : '');
}

function counted(total: number, by: Readonly<Record<string, number>>): string {
  const parts = Object.entries(by).sort((a, b) => b[1] - a[1]);
  return parts.length === 0
    ? count(total)
    : `${count(total)} (${ranges(parts.map(([name, n]) => `${name} ${count(n)}`))})`;
}

export function count(n: number): string {
  return Math.round(n).toLocaleString('en-US');
}

export function bytes(n: number): string {
  const UNITS = ['B', 'KiB', 'MiB', 'GiB', 'TiB'];
  const power = n < 1 ? 0 : Math.min(UNITS.length - 1, Math.floor(Math.log2(n) / 10));
  return `${(n / 1024 ** power).toFixed(power === 0 ? 0 : 1)} ${UNITS[power] ?? 'B'}`;
}
