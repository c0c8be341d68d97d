/**
 * What the transform counts by `context.metrics`: `kd_transform_NAME_total`, or `kd_transform_NAME` with sum
 * and count for what it observes. Prometheus allows fewer characters in names than the function may use.
 */
import type { Metric } from '../../core/books/metric-books.js';
import type { MetricFamily, MetricSample } from '../../ports/metrics.js';

/** `x` of a counter and of an observation are different families: their names differ. */
interface Family {
  readonly kind: Metric['kind'];
  readonly samples: Map<string, MetricSample>;
}

export function ofTransform(metrics: readonly Metric[]): readonly MetricFamily[] {
  const families = new Map<string, Family>();
  for (const metric of metrics) {
    const { kind } = metric;
    const name = `kd_transform_${allowed(metric.name)}${kind === 'count' ? '_total' : ''}`;
    const family = families.get(name) ?? { kind, samples: new Map() };
    families.set(name, family);
    const labels = labelsOf(metric.labels ?? {});
    if (kind === 'count') add(family, { labels, value: metric.value });
    else {
      add(family, { name: `${name}_sum`, labels, value: metric.sum });
      add(family, { name: `${name}_count`, labels, value: metric.observations });
    }
  }
  return [...families].map(([name, { kind, samples }]) => ({
    name,
    help: kind === 'count' ? 'Counted by the transform' : 'Observed by the transform',
    type: kind === 'count' ? 'counter' : 'summary',
    samples: [...samples.values()],
  }));
}

/** Names that differ only in characters that are not allowed are one series. */
function add({ samples }: Family, sample: MetricSample): void {
  const { name, labels, value } = sample;
  const key = JSON.stringify([name, Object.entries(labels).sort(([a], [b]) => (a < b ? -1 : 1))]);
  samples.set(key, { ...sample, value: value + (samples.get(key)?.value ?? 0) });
}

function labelsOf(labels: Readonly<Record<string, string>>): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(labels).map(([name, value]) => {
      const label = allowed(name);
      // Reserved by Prometheus.
      const isReserved = label.startsWith('__') || label === 'le' || label === 'quantile';
      return [isReserved || /^\d/.test(label) ? `x_${label}` : label, value];
    }),
  );
}

function allowed(name: string): string {
  return name.replaceAll(/[^a-zA-Z0-9_]/g, '_') || '_';
}
