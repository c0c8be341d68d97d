/** The counts of a job, as the sum over all the processes that worked on it. */
import type { AccountingSnapshot, DeadLettersOfCode } from '../books/accounting.js';
import type { Metric } from '../books/metric-books.js';

export interface JobCounts {
  readonly records: Pick<
    AccountingSnapshot,
    | 'consumed'
    | 'transformed'
    | 'filtered'
    | 'deadLettered'
    | 'handedOver'
    | 'skipped'
    | 'emitted'
    | 'retried'
  > & { readonly unsettled: number };
  readonly filteredBy: Readonly<Record<string, number>>;
  readonly deadLetteredBy: Readonly<Record<string, DeadLettersOfCode>>;
  readonly emittedBy: Readonly<Record<string, number>>;
  readonly bytes: { readonly in: number; readonly out: number };
  /** The lowest and the highest timestamp among its records; null: none. */
  readonly range: { readonly firstTimestamp: string | null; readonly lastTimestamp: string | null };
  readonly elapsedSeconds: number;
  readonly cpu: { readonly microsecondsPerRecord: number };
  readonly memory: { readonly rssPeakBytes: number };
  readonly latency: { readonly p50Ms: number; readonly p99Ms: number };
  readonly metrics: readonly Metric[];
}

const MESSAGE_CHARACTERS_MAX = 300;
const METRICS_MAX = 100;

/** The part of a run's status that is kept, within limits. */
export function countsOf(given: JobCounts): JobCounts {
  const { records, filteredBy, deadLetteredBy, emittedBy, bytes, range } = given;
  const { elapsedSeconds, cpu, memory, latency } = given;
  const letters = Object.entries(deadLetteredBy).map(
    ([code, { count, example }]): [string, DeadLettersOfCode] => [
      code,
      { count, example: { ...example, message: example.message.slice(0, MESSAGE_CHARACTERS_MAX) } },
    ],
  );
  return {
    records,
    filteredBy,
    deadLetteredBy: Object.fromEntries(letters),
    emittedBy,
    bytes,
    range: { firstTimestamp: range.firstTimestamp, lastTimestamp: range.lastTimestamp },
    elapsedSeconds,
    cpu,
    memory,
    latency,
    metrics: given.metrics.slice(0, METRICS_MAX),
  };
}

/** Times of instances are not added: they may have worked at the same time. The maximum is kept. */
export function sumOf(all: readonly JobCounts[]): JobCounts {
  return all.reduce(add, NOTHING);
}

/**
 * Records that an instance had read and not settled were read again by another: they leave `consumed`, as
 * those of a rewind do.
 */
export function readAgain(counts: JobCounts): JobCounts {
  const { unsettled, consumed, retried, ...records } = counts.records;
  return {
    ...counts,
    records: { ...records, consumed: consumed - unsettled, retried: retried + unsettled, unsettled: 0 },
  };
}

const NOTHING: JobCounts = {
  records: {
    consumed: 0,
    transformed: 0,
    filtered: 0,
    deadLettered: 0,
    handedOver: 0,
    skipped: 0,
    emitted: 0,
    retried: 0,
    unsettled: 0,
  },
  filteredBy: {},
  deadLetteredBy: {},
  emittedBy: {},
  bytes: { in: 0, out: 0 },
  range: { firstTimestamp: null, lastTimestamp: null },
  elapsedSeconds: 0,
  cpu: { microsecondsPerRecord: 0 },
  memory: { rssPeakBytes: 0 },
  latency: { p50Ms: 0, p99Ms: 0 },
  metrics: [],
};

function add(a: JobCounts, b: JobCounts): JobCounts {
  const consumed = a.records.consumed + b.records.consumed;
  const cpu = (one: JobCounts): number => one.cpu.microsecondsPerRecord * one.records.consumed;
  return {
    records: {
      consumed,
      transformed: a.records.transformed + b.records.transformed,
      filtered: a.records.filtered + b.records.filtered,
      deadLettered: a.records.deadLettered + b.records.deadLettered,
      handedOver: a.records.handedOver + b.records.handedOver,
      skipped: a.records.skipped + b.records.skipped,
      emitted: a.records.emitted + b.records.emitted,
      retried: a.records.retried + b.records.retried,
      unsettled: a.records.unsettled + b.records.unsettled,
    },
    filteredBy: addEach(a.filteredBy, b.filteredBy),
    deadLetteredBy: addLetters(a.deadLetteredBy, b.deadLetteredBy),
    emittedBy: addEach(a.emittedBy, b.emittedBy),
    bytes: { in: a.bytes.in + b.bytes.in, out: a.bytes.out + b.bytes.out },
    range: {
      firstTimestamp: chosen([a.range.firstTimestamp, b.range.firstTimestamp], 0),
      lastTimestamp: chosen([a.range.lastTimestamp, b.range.lastTimestamp], -1),
    },
    elapsedSeconds: Math.max(a.elapsedSeconds, b.elapsedSeconds),
    cpu: {
      microsecondsPerRecord: consumed === 0 ? 0 : Number(((cpu(a) + cpu(b)) / consumed).toFixed(4)),
    },
    memory: { rssPeakBytes: Math.max(a.memory.rssPeakBytes, b.memory.rssPeakBytes) },
    latency: {
      p50Ms: Math.max(a.latency.p50Ms, b.latency.p50Ms),
      p99Ms: Math.max(a.latency.p99Ms, b.latency.p99Ms),
    },
    metrics: addMetrics(a.metrics, b.metrics),
  };
}

/** ISO 8601 in UTC sorts as text. */
function chosen(times: readonly (string | null)[], at: number): string | null {
  const known = times.filter((time) => time !== null).sort();
  return known.at(at) ?? null;
}

type Counts = Readonly<Record<string, number>>;

function addEach(a: Counts, b: Counts): Counts {
  const sums = new Map(Object.entries(a));
  for (const [name, count] of Object.entries(b)) sums.set(name, (sums.get(name) ?? 0) + count);
  return Object.fromEntries(sums);
}

function addLetters(
  a: JobCounts['deadLetteredBy'],
  b: JobCounts['deadLetteredBy'],
): JobCounts['deadLetteredBy'] {
  const sums = new Map(Object.entries(a));
  for (const [code, { count, example }] of Object.entries(b)) {
    const known = sums.get(code);
    sums.set(code, known === undefined ? { count, example } : { ...known, count: known.count + count });
  }
  return Object.fromEntries(sums);
}

function addMetrics(a: readonly Metric[], b: readonly Metric[]): readonly Metric[] {
  const sums = new Map(a.map((metric) => [seriesOf(metric), metric]));
  for (const metric of b) {
    const key = seriesOf(metric);
    const known = sums.get(key);
    sums.set(key, known === undefined ? metric : addMetric(known, metric));
  }
  return [...sums.values()];
}

function seriesOf({ kind, name, labels }: Metric): string {
  return JSON.stringify([kind, name, labels]);
}

function addMetric(a: Metric, b: Metric): Metric {
  if (a.kind === 'count' && b.kind === 'count') return { ...a, value: a.value + b.value };
  if (a.kind !== 'observe' || b.kind !== 'observe') return a;
  return {
    ...a,
    observations: a.observations + b.observations,
    sum: a.sum + b.sum,
    min: Math.min(a.min, b.min),
    max: Math.max(a.max, b.max),
  };
}
