/**
 * Families of `/metrics` in the form of OpenTelemetry. Names differ in the dot after `kd` and in the ending
 * `_total`; an exporter for Prometheus makes the same names of them again. OpenTelemetry takes no histogram
 * that was counted elsewhere: of those there are count, sum, and percentiles of the time since the last look.
 */
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';
import { type Bucket, percentile } from './percentile.js';

const PERCENTILES = { p50: 0.5, p99: 0.99 } as const;

export type InstrumentKind = 'counter' | 'up-down-counter' | 'gauge';

export interface Observation {
  readonly name: string;
  readonly kind: InstrumentKind;
  readonly help: string;
  readonly unit: string;
  readonly labels: Readonly<Record<string, string>>;
  /** Not a number: there is none at the moment. */
  readonly value: number;
}

const NO_SAMPLE: MetricSample = { labels: {}, value: Number.NaN };

/** Histogram and labels → its buckets at the last look. */
export type Looks = Map<string, readonly Bucket[]>;

export function observationsOf(family: MetricFamily, looks: Looks): readonly Observation[] {
  const { name, help, type, samples } = family;
  if (type === 'histogram') return histogramObservations(family, looks);
  // Known from the first look on, even while it has no value.
  const shown = samples.length > 0 || type === 'summary' ? samples : [NO_SAMPLE];
  return shown.map(({ name: part, labels, value }) => {
    const kind = type === 'summary' ? kindOfPart(part) : type;
    return { name: nameOf(part ?? name, kind), kind, help, unit: unitOf(name), labels, value };
  });
}

function histogramObservations({ name, help, samples }: MetricFamily, looks: Looks): readonly Observation[] {
  const observations: Observation[] = [];
  const distributions = new Map<string, { labels: Readonly<Record<string, string>>; buckets: Bucket[] }>();
  for (const sample of samples) {
    const { name: part = name, labels, value } = sample;
    if (part.endsWith('_bucket')) {
      addBucket(distributions, sample);
      continue;
    }
    const unit = part.endsWith('_sum') ? unitOf(name) : '';
    observations.push({ name: nameOf(part, 'counter'), kind: 'counter', help, unit, labels, value });
  }
  for (const [key, { labels, buckets }] of distributions) {
    const look = `${name} ${key}`;
    const before = looks.get(look);
    looks.set(look, buckets);
    for (const [suffix, share] of Object.entries(PERCENTILES)) {
      const value = percentile(buckets, before, share);
      const shown = { name: `${nameOf(name, 'gauge')}_${suffix}`, kind: 'gauge', help, labels } as const;
      observations.push({ ...shown, unit: unitOf(name), value: value ?? Number.NaN });
    }
  }
  return observations;
}

function addBucket(
  distributions: Map<string, { labels: Readonly<Record<string, string>>; buckets: Bucket[] }>,
  { labels: { le, ...labels }, value }: MetricSample,
): void {
  const key = JSON.stringify(labels);
  const distribution = distributions.get(key) ?? { labels, buckets: [] };
  distributions.set(key, distribution);
  distribution.buckets.push({ upTo: le === '+Inf' ? Number.POSITIVE_INFINITY : Number(le), count: value });
}

/** A sample of the family itself is a quantile. Observed values may be negative, so a sum may fall. */
function kindOfPart(part: string | undefined): InstrumentKind {
  if (part === undefined) return 'gauge';
  return part.endsWith('_count') ? 'counter' : 'up-down-counter';
}

function nameOf(name: string, kind: InstrumentKind): string {
  const dotted = name.replace(/^kd_/, 'kd.');
  return kind === 'counter' ? dotted.replace(/_total$/, '') : dotted;
}

function unitOf(name: string): string {
  if (/_seconds(_|$)/.test(name)) return 's';
  return /_bytes(_|$)/.test(name) ? 'By' : '';
}
