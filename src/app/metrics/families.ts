/** Everything that `/metrics` says of a run, derived from the same snapshot as `/status`. */
import { OTHER_TOPICS } from '../../core/books/accounting.js';
import type { UndeliveredCount } from '../../core/books/undelivered-books.js';
import type { PartitionStanding, RunStatus, Standing } from '../../dispatcher/report.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';
import type { CertificateExpiry } from '../reload/expiry.js';
import type { ReloadStatus } from '../reload/leg.js';
import type { Redact, Snapshot } from '../status.js';
import { clientFamilies } from './clients.js';
import { lagFamilies } from './lag.js';
import { ofTransform } from './of-transform.js';
import { counter, gauge, histogram, ofLatency } from './samples.js';
import { stageFamilies, workerFamilies } from './work.js';

/** Output topics with a series of their own, those with most records first; the others are one series. */
export const TOPIC_SERIES_MAX = 100;
const MECHANISMS = ['destination', 'connection', 'workers', 'leaderless', 'open-transaction'] as const;

export interface MetricsParts {
  readonly snapshot: Snapshot;
  readonly status: RunStatus;
  readonly standing: Pick<Standing, 'partitions' | 'measured'>;
  readonly clients: readonly ClientFigures[];
  readonly reloads: ReloadStatus;
  readonly certificates: readonly CertificateExpiry[];
  readonly ready: boolean;
  readonly version: string;
  readonly redact: Redact;
}

export function metricFamilies(parts: MetricsParts): readonly MetricFamily[] {
  const { partitions, measured } = parts.standing;
  return [
    ...recordFamilies(parts.snapshot),
    undeliveredFamily(measured.undelivered),
    ...lagFamilies(partitions),
    ...flowFamilies(parts.status, partitions),
    histogram('kd_record_seconds', 'Time from reading a record to its settlement', [
      { labels: {}, distribution: ofLatency(measured.latencies) },
    ]),
    ...stageFamilies(measured),
    ...workerFamilies(parts.status, measured.workers),
    ...clientFamilies(parts.clients),
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

function undeliveredFamily(undelivered: readonly UndeliveredCount[]): MetricFamily {
  return {
    name: 'kd_records_undelivered_total',
    help: 'Results that a topic did not accept, by its error; written again, or dead letters then',
    type: 'counter',
    samples: undelivered.map(({ topic, code, records }) => ({ labels: { topic, code }, value: records })),
  };
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
    gauge(
      'kd_in_flight_bytes_max',
      'Limit of kd_in_flight_bytes; the rest of dispatcher.in-flight.bytes-max is for the producer',
      status.inFlightBytesMax,
    ),
  ];
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
    counter('kd_reloads_total', 'New configurations that took effect with new clients', reloads.count),
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
