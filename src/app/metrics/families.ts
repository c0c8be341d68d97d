/** Everything that `/metrics` says of a run, derived from the same snapshot as `/status`. */
import { OTHER_TOPICS } from '../../core/books/accounting.js';
import type { LatencyDistribution } from '../../core/books/latency-histogram.js';
import type { WorkersSnapshot } from '../../core/books/worker-books.js';
import type { PartitionStanding, RunStatus, Standing } from '../../dispatcher/report.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';
import type { CertificateExpiry } from '../reload/expiry.js';
import type { ReloadStatus } from '../reload/leg.js';
import type { Redact, Snapshot } from '../status.js';
import { lagFamilies } from './lag.js';
import { ofTransform } from './of-transform.js';

/** Output topics with a series of their own, those with most records first; the others are one series. */
export const TOPIC_SERIES_MAX = 100;
const MECHANISMS = ['destination', 'connection', 'workers', 'leaderless', 'open-transaction'] as const;

export interface MetricsParts {
  readonly snapshot: Snapshot;
  readonly status: RunStatus;
  readonly standing: Pick<Standing, 'partitions' | 'latencies' | 'workers'>;
  readonly reloads: ReloadStatus;
  readonly certificates: readonly CertificateExpiry[];
  readonly ready: boolean;
  readonly version: string;
  readonly redact: Redact;
}

export function metricFamilies(parts: MetricsParts): readonly MetricFamily[] {
  const { partitions } = parts.standing;
  return [
    ...recordFamilies(parts.snapshot),
    ...lagFamilies(partitions),
    ...flowFamilies(parts.status, partitions),
    histogram('kd_record_seconds', 'Time from reading a record to its settlement', parts.standing.latencies),
    ...workerFamilies(parts.status, parts.standing.workers),
    stallFamily(parts.status),
    ...processFamilies(parts),
    ...ofTransform(parts.snapshot.metrics),
  ];
}

function recordFamilies({ records, filteredBy, deadLetteredBy, emittedBy, bytes }: Snapshot): MetricFamily[] {
  const settled = (outcome: string, code: string, value: number): MetricSample => ({
    labels: { outcome, code },
    value,
  });
  return [
    counter('kd_records_consumed_total', 'Records read', records.consumed),
    {
      name: 'kd_records_settled_total',
      help: 'Records done with: code is the reason of a filtered record or a dead letter',
      type: 'counter',
      samples: [
        settled('transformed', '', records.transformed),
        ...Object.entries(filteredBy).map(([code, value]) => settled('filtered', code, value)),
        ...Object.entries(deadLetteredBy).map(([code, { count }]) => settled('dead-lettered', code, count)),
        settled('handed-over', '', records.handedOver),
      ],
    },
    counter('kd_records_skipped_total', 'Offsets passed over unread: gone from the log', records.skipped),
    counter('kd_records_retried_total', 'Records whose transform ran again', records.retried),
    {
      name: 'kd_records_emitted_total',
      help: 'Acknowledged results by output topic, without dead letters',
      type: 'counter',
      samples: topicSamples(emittedBy),
    },
    counter('kd_consumed_bytes_total', 'Bytes of keys, values and headers that were read', bytes.in),
    counter('kd_emitted_bytes_total', 'Bytes of keys, values and headers sent to the producer', bytes.out),
  ];
}

function topicSamples(emittedBy: Readonly<Record<string, number>>): MetricSample[] {
  const topics = Object.entries(emittedBy).sort(([, a], [, b]) => b - a);
  const samples = topics.slice(0, TOPIC_SERIES_MAX).map(([topic, value]) => ({ labels: { topic }, value }));
  const others = topics.slice(TOPIC_SERIES_MAX).reduce((sum, [, value]) => sum + value, 0);
  const known = samples.find(({ labels }) => labels.topic === OTHER_TOPICS);
  if (others === 0) return samples;
  if (known === undefined) return [...samples, { labels: { topic: OTHER_TOPICS }, value: others }];
  return samples.map((one) => (one === known ? { ...one, value: one.value + others } : one));
}

function flowFamilies(status: RunStatus, partitions: readonly PartitionStanding[]): MetricFamily[] {
  const ageSeconds = Math.max(0, ...partitions.map(({ commitAgeSeconds }) => commitAgeSeconds));
  return [
    gauge('kd_partitions_owned', 'Partitions that the group has assigned to this member', status.owned),
    gauge('kd_commit_age_seconds', 'How long the oldest settled record has waited for a commit', ageSeconds),
    gauge('kd_in_flight_records', 'Records read and not settled', status.inFlightRecords),
    gauge('kd_in_flight_bytes', 'Bytes of the blocks in use', status.inFlightBytes),
    gauge('kd_in_flight_bytes_max', 'inFlightBytesMax', status.inFlightBytesMax),
  ];
}

function workerFamilies(
  { threads, threadsBusy }: RunStatus,
  { records, tasks, deathsBy }: WorkersSnapshot,
): MetricFamily[] {
  return [
    gauge('kd_workers', 'Worker threads', threads),
    gauge(
      'kd_worker_busy_ratio',
      'Share of the worker threads at work at this moment',
      threads > 0 ? threadsBusy / threads : 0,
    ),
    counter('kd_worker_records_total', 'Records given to workers; again if they ran again', records),
    histogram('kd_worker_task_seconds', 'Time that a worker spent on a batch, or a part of one', tasks),
    {
      name: 'kd_worker_deaths_total',
      help: 'Worker threads that died and were replaced',
      type: 'counter',
      samples: Object.entries(deathsBy).map(([code, value]) => ({ labels: { code }, value })),
    },
  ];
}

function histogram(name: string, help: string, { steps, records, sumMs }: LatencyDistribution): MetricFamily {
  const bucket = (le: string, value: number): MetricSample => ({
    name: `${name}_bucket`,
    labels: { le },
    value,
  });
  return {
    name,
    help,
    type: 'histogram',
    samples: [
      ...steps.map(({ upToMs, records: upTo }) => bucket(String(upToMs / 1000), upTo)),
      bucket('+Inf', records),
      { name: `${name}_sum`, labels: {}, value: sumMs / 1000 },
      { name: `${name}_count`, labels: {}, value: records },
    ],
  };
}

function stallFamily({ stalledBy, leaderless, openTransactions }: RunStatus): MetricFamily {
  const now: Readonly<Record<(typeof MECHANISMS)[number], boolean>> = {
    destination: stalledBy === 'destination',
    connection: stalledBy === 'connection',
    workers: stalledBy === 'workers',
    leaderless: leaderless.length > 0,
    'open-transaction': openTransactions.length > 0,
  };
  return {
    name: 'kd_stalled',
    help: '1: this holds records up at the moment; /status says what, and what to do',
    type: 'gauge',
    samples: MECHANISMS.map((mechanism) => ({ labels: { mechanism }, value: Number(now[mechanism]) })),
  };
}

function processFamilies({
  reloads,
  certificates,
  ready,
  version,
  snapshot,
  redact,
}: MetricsParts): MetricFamily[] {
  const run = { name: snapshot.name, version, node: process.versions.node };
  return [
    { ...gauge('kd_build_info', 'The version that runs', 1), samples: [{ labels: run, value: 1 }] },
    gauge('kd_ready', '1: /readyz says yes', Number(ready)),
    counter('kd_reloads_total', 'Configurations that took effect after the first', reloads.count),
    gauge(
      'kd_reload_rejected',
      '1: the newest configuration was rejected, the one before it is in use',
      Number(reloads.rejected !== undefined),
    ),
    {
      name: 'kd_certificate_expiry_timestamp_seconds',
      help: 'When a certificate in use expires, in seconds since 1970',
      type: 'gauge',
      samples: certificateSamples(certificates, redact),
    },
  ];
}

/** Two certificates may have one subject: the one that expires first counts. They are sorted so. */
function certificateSamples(certificates: readonly CertificateExpiry[], redact: Redact): MetricSample[] {
  const samples = new Map<string, MetricSample>();
  for (const { cluster, use, subject, notAfter } of certificates) {
    const labels = { cluster, use, subject: redact(subject) };
    const key = JSON.stringify(labels);
    if (!samples.has(key)) samples.set(key, { labels, value: Math.floor(Date.parse(notAfter) / 1000) });
  }
  return [...samples.values()];
}

function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'counter', samples: [{ labels: {}, value }] };
}

function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ labels: {}, value }] };
}
