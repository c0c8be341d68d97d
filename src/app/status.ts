/** A snapshot of a run, from which the summary, `/status` and all other displays are derived. */
import type { DeadLettersOfCode } from '../core/books/accounting.js';
import type { Metric } from '../core/books/metric-books.js';
import type { Progress } from '../core/progress/progress.js';
import type { RunRange } from '../core/progress/progress-book.js';
import type { RunReport, RunStatus, Standing } from '../dispatcher/report.js';
import type { Usage } from './process-control.js';

type Records = Omit<RunReport['records'], 'filteredBy' | 'deadLetteredBy' | 'emittedBy' | 'bytesIn'>;

export interface Snapshot {
  readonly schema: 1;
  readonly name: string;
  readonly state: string;
  readonly startedAt: string;
  readonly elapsedSeconds: number;
  readonly records: Records;
  readonly filteredBy: Readonly<Record<string, number>>;
  readonly deadLetteredBy: Readonly<Record<string, DeadLettersOfCode>>;
  readonly emittedBy: Readonly<Record<string, number>>;
  readonly bytes: { readonly in: number; readonly out: number };
  readonly rate: { readonly recordsPerSecond: number };
  readonly cpu: { readonly microsecondsPerRecord: number };
  readonly memory: { readonly rssPeakBytes: number };
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  readonly committed: RunReport['committed'];
  readonly redelivery: RunReport['redelivery'];
  /** How far it is; of a bounded run, all members of the group together. */
  readonly progress: Progress;
  /** The records that the run is about. */
  readonly range: RunRange;
  /** `context.metrics` of the transform. */
  readonly metrics: readonly Metric[];
}

export type Redact = (text: string) => string;

export interface SnapshotParts {
  readonly name: string;
  readonly state: string;
  readonly startedAt: Date;
  readonly at: Date;
  /** `unsettled` is left out: it is the difference of the other counts. */
  readonly records: Omit<RunReport['records'], 'unsettled'> & { readonly unsettled?: number };
  readonly latency: RunReport['latency'];
  readonly standing: Omit<Standing, 'partitions' | 'measured'>;
  /** Bytes of keys, values and headers sent to the producers. */
  readonly bytesOut: number;
  /** CPU time of this run only: the process did other things before. */
  readonly usage: Usage;
  /** Text of other programs may contain a secret. */
  readonly redact: Redact;
}

export function snapshot(parts: SnapshotParts): Snapshot {
  const { filteredBy, deadLetteredBy, emittedBy, bytesIn, ...counts } = parts.records;
  const { consumed, transformed, filtered, deadLettered, handedOver } = counts;
  const { committed, redelivery, activeMs, metrics, progress, range } = parts.standing;
  const { cpuMicroseconds, rssPeakBytes } = parts.usage;
  return {
    schema: 1,
    name: parts.name,
    state: parts.state,
    startedAt: parts.startedAt.toISOString(),
    elapsedSeconds: (parts.at.getTime() - parts.startedAt.getTime()) / 1000,
    records: {
      ...counts,
      unsettled: counts.unsettled ?? consumed - transformed - filtered - deadLettered - handedOver,
    },
    filteredBy,
    deadLetteredBy: cleanExamples(deadLetteredBy, parts.redact),
    emittedBy,
    bytes: { in: bytesIn, out: parts.bytesOut },
    rate: { recordsPerSecond: activeMs > 0 ? Math.round((consumed * 1000) / activeMs) : 0 },
    cpu: { microsecondsPerRecord: consumed > 0 ? Number((cpuMicroseconds / consumed).toFixed(4)) : 0 },
    memory: { rssPeakBytes },
    latency: parts.latency,
    committed: [...committed].sort(byPlace),
    redelivery: [...redelivery].sort(byPlace),
    progress,
    range: { ...range, partitions: [...range.partitions].sort(byPlace) },
    metrics: cleanMetrics(metrics, parts.redact),
  };
}

/** A running job, as its displays see it. */
export interface SnapshotView {
  readonly startedAt: Date;
  status(): RunStatus;
  standing(): Standing;
  /** Usage of resources by this run. */
  usage(): Usage;
  bytesOut(): number;
  /** Removes secrets from text of other programs. */
  readonly redact: Redact;
}

export function viewSnapshot(
  name: string,
  view: SnapshotView,
  { records, state, latency } = view.status(),
  standing = view.standing(),
): Snapshot {
  const { startedAt, redact } = view;
  const [usage, bytesOut] = [view.usage(), view.bytesOut()];
  const at = new Date();
  return snapshot({ name, state, startedAt, at, records, latency, standing, bytesOut, usage, redact });
}

interface Place {
  readonly topic: string;
  readonly partition: number;
}

function byPlace(a: Place, b: Place): number {
  if (a.topic === b.topic) return a.partition - b.partition;
  return a.topic < b.topic ? -1 : 1;
}

/** Messages may quote a record, or an error of the user's code. */
function cleanExamples(
  byCode: Readonly<Record<string, DeadLettersOfCode>>,
  redact: Redact,
): Readonly<Record<string, DeadLettersOfCode>> {
  return Object.fromEntries(
    Object.entries(byCode).map(([code, { count, example }]) => [
      code,
      { count, example: { ...example, message: redact(example.message) } },
    ]),
  );
}

/** Names and labels may contain anything. */
function cleanMetrics(metrics: readonly Metric[], redact: Redact): readonly Metric[] {
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
