/** The Prometheus text format, and metrics of the process: CPU, memory, event loop, garbage collection. */
import { AggregatorRegistry, collectDefaultMetrics, Registry } from 'prom-client';
import type { Exposition, MetricFamily } from '../../ports/metrics.js';

export function createExposition(): Exposition {
  const ofProcess = new Registry();
  collectDefaultMetrics({ register: ofProcess });
  return {
    contentType: Registry.PROMETHEUS_CONTENT_TYPE,
    async text(families) {
      const own = families.map(objectOf);
      const others = (await ofProcess.getMetricsAsJSON()).filter(
        // The library names three sums as counters are named; they are the same without a label, too.
        ({ name, type }) => !(name.endsWith('_total') && `${type}` === 'gauge'),
      );
      // There is nothing to add up: each metric comes once.
      const all = [...own, ...others].map((one) => ({ ...one, aggregator: 'first' }));
      return AggregatorRegistry.aggregate([all]).metrics();
    },
  };
}

/** The library's form of a metric that was counted elsewhere. */
function objectOf({ name, help, type, samples }: MetricFamily): object {
  return {
    name,
    help,
    type,
    values: samples.map(({ labels, value, name: metricName = name }) => ({ labels, value, metricName })),
  };
}
