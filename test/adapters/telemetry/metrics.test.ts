import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  AggregationTemporality,
  InMemoryMetricExporter,
  MeterProvider,
  PeriodicExportingMetricReader,
} from '@opentelemetry/sdk-metrics';
import { ObservedMetrics } from '../../../src/adapters/telemetry/observed-metrics.js';
import type { MetricFamily } from '../../../src/ports/metrics.js';

class Bench {
  readonly errors: unknown[] = [];
  private readonly exporter = new InMemoryMetricExporter(AggregationTemporality.CUMULATIVE);
  private readonly reader = new PeriodicExportingMetricReader({ exporter: this.exporter });
  private readonly provider = new MeterProvider({ readers: [this.reader] });

  observe(pipeline: string, families: () => readonly MetricFamily[]): ObservedMetrics {
    const meter = this.provider.getMeter('test');
    return new ObservedMetrics({ meter, pipeline, families, failed: (error) => this.errors.push(error) });
  }

  /** `name{labels}` → value, as of now. */
  async look(): Promise<Readonly<Record<string, number>>> {
    this.exporter.reset();
    await this.provider.forceFlush();
    const metrics = this.exporter
      .getMetrics()
      .flatMap(({ scopeMetrics }) => scopeMetrics.flatMap((one) => one.metrics));
    return Object.fromEntries(
      metrics.flatMap(({ descriptor, dataPoints }) =>
        dataPoints.map(({ attributes, value }) => {
          const labels = Object.entries(attributes).map(([key, label]) => `${key}=${String(label)}`);
          return [`${descriptor.name}{${labels.join()}}`, Number(value)];
        }),
      ),
    );
  }
}

const counter = (name: string, value: number, labels: Record<string, string> = {}): MetricFamily => ({
  name,
  help: 'h',
  type: 'counter',
  samples: [{ labels, value }],
});

/** Records per bucket, up to 1 s, 2 s and above. */
function histogram(upTo1: number, upTo2: number, above: number): MetricFamily {
  const bucket = (le: string, value: number): MetricFamily['samples'][number] => ({
    name: 'kd_record_seconds_bucket',
    labels: { le },
    value,
  });
  const all = upTo1 + upTo2 + above;
  return {
    name: 'kd_record_seconds',
    help: 'h',
    type: 'histogram',
    samples: [
      bucket('1', upTo1),
      bucket('2', upTo1 + upTo2),
      bucket('+Inf', all),
      { name: 'kd_record_seconds_sum', labels: {}, value: 7 },
      { name: 'kd_record_seconds_count', labels: {}, value: all },
    ],
  };
}

test('percentiles are of the records since the last look; without records there are none', async () => {
  const bench = new Bench();
  let now = histogram(0, 0, 0);
  bench.observe('p', () => [now]);
  assert.equal((await bench.look())['kd.record_seconds_p50{pipeline=p}'], undefined);
  now = histogram(100, 0, 0);
  const first = await bench.look();
  assert.equal(first['kd.record_seconds_p50{pipeline=p}'], 0.5);
  assert.equal(first['kd.record_seconds_count{pipeline=p}'], 100);
  assert.equal(first['kd.record_seconds_sum{pipeline=p}'], 7);
  now = histogram(100, 10, 0);
  assert.equal((await bench.look())['kd.record_seconds_p50{pipeline=p}'], 1.5);
  now = histogram(100, 10, 5);
  assert.equal((await bench.look())['kd.record_seconds_p99{pipeline=p}'], 2, 'the highest bound');
  assert.deepEqual(bench.errors, []);
});

test('pipelines of one process are told apart, and one that ended is not asked again', async () => {
  const bench = new Bench();
  let asked = 0;
  const first = bench.observe('a', () => [counter('kd_records_consumed_total', ++asked)]);
  bench.observe('b', () => [counter('kd_records_consumed_total', 20)]);
  assert.deepEqual(await bench.look(), {
    'kd.records_consumed{pipeline=a}': 2,
    'kd.records_consumed{pipeline=b}': 20,
  });
  first.end();
  assert.equal((await bench.look())['kd.records_consumed{pipeline=b}'], 20);
  assert.equal(asked, 2);
});

test('what the run begins to count later is reported, a family without samples at once', async () => {
  const bench = new Bench();
  const none: MetricFamily = { name: 'kd_records_emitted_total', help: 'h', type: 'counter', samples: [] };
  let families: MetricFamily[] = [none];
  const observed = bench.observe('p', () => families);
  assert.deepEqual(await bench.look(), {});
  families = [counter('kd_records_emitted_total', 3, { topic: 't' }), counter('kd_transform_x_total', 4)];
  assert.deepEqual(await bench.look(), { 'kd.records_emitted{topic=t,pipeline=p}': 3 });
  observed.refresh();
  assert.equal((await bench.look())['kd.transform_x{pipeline=p}'], 4);
});

test('a summary is its quantiles, as gauges, or its sum and count', async () => {
  const bench = new Bench();
  const summary = (name: string, samples: MetricFamily['samples']): MetricFamily => ({
    name,
    help: 'h',
    type: 'summary',
    samples,
  });
  bench.observe('p', () => [
    summary('kd_round_trip_seconds', [{ labels: { quantile: '0.5' }, value: 0.25 }]),
    summary('kd_transform_x', [
      { name: 'kd_transform_x_sum', labels: {}, value: -3 },
      { name: 'kd_transform_x_count', labels: {}, value: 2 },
    ]),
  ]);
  assert.deepEqual(await bench.look(), {
    'kd.round_trip_seconds{quantile=0.5,pipeline=p}': 0.25,
    'kd.transform_x_sum{pipeline=p}': -3,
    'kd.transform_x_count{pipeline=p}': 2,
  });
});

test('a fault while figures are collected is reported, not thrown', async () => {
  const bench = new Bench();
  bench.observe('p', () => {
    throw new Error('no figures');
  });
  await bench.look();
  assert.match(String(bench.errors[0]), /no figures/);
});
