/** Families of one series, and histograms. */
import type { LatencyDistribution } from '../../core/books/latency-histogram.js';
import type { SizeDistribution } from '../../core/books/size-histogram.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';

export type Labels = MetricSample['labels'];

export function counter(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'counter', samples: [{ labels: {}, value }] };
}

export function gauge(name: string, help: string, value: number): MetricFamily {
  return { name, help, type: 'gauge', samples: [{ labels: {}, value }] };
}

interface Distributed {
  readonly labels: Labels;
  readonly distribution: SizeDistribution;
}

export function histogram(name: string, help: string, all: readonly Distributed[]): MetricFamily {
  return { name, help, type: 'histogram', samples: all.flatMap((one) => samplesOf(name, one)) };
}

function samplesOf(
  name: string,
  { labels, distribution: { steps, count, sum } }: Distributed,
): MetricSample[] {
  const bucket = (le: string, value: number): MetricSample => ({
    name: `${name}_bucket`,
    labels: { ...labels, le },
    value,
  });
  return [
    ...steps.map(({ upTo, count: value }) => bucket(String(upTo), value)),
    bucket('+Inf', count),
    { name: `${name}_sum`, labels, value: sum },
    { name: `${name}_count`, labels, value: count },
  ];
}

/** Latencies are recorded in milliseconds; Prometheus' unit of time is the second. */
export function ofLatency({ steps, records, sumMs }: LatencyDistribution): SizeDistribution {
  return {
    steps: steps.map(({ upToMs, records: count }) => ({ upTo: upToMs / 1000, count })),
    count: records,
    sum: sumMs / 1000,
  };
}
