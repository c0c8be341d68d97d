import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExposition } from '../../../src/adapters/metrics/exposition.js';
import type { MetricFamily } from '../../../src/ports/metrics.js';
import { promtoolSays, seriesOf } from '../../app/metrics/scrape.js';

const HISTOGRAM: MetricFamily = {
  name: 'kd_some_seconds',
  help: 'Some time',
  type: 'histogram',
  samples: [
    { name: 'kd_some_seconds_bucket', labels: { le: '0.5' }, value: 2 },
    { name: 'kd_some_seconds_bucket', labels: { le: '+Inf' }, value: 3 },
    { name: 'kd_some_seconds_sum', labels: {}, value: 1.5 },
    { name: 'kd_some_seconds_count', labels: {}, value: 3 },
  ],
};

test('promtool accepts counters, gauges, histograms, and the metrics of the process', async () => {
  const exposition = createExposition();
  const text = await exposition.text([
    { name: 'kd_some_total', help: 'Some', type: 'counter', samples: [{ labels: {}, value: 7 }] },
    HISTOGRAM,
  ]);
  assert.equal(promtoolSays(text), '');
  const series = seriesOf(text);
  assert.equal(series.get('kd_some_total'), 7);
  assert.equal(series.get('kd_some_seconds_bucket{le="+Inf"}'), 3);
  assert.ok((series.get('process_resident_memory_bytes') ?? 0) > 0);
  assert.ok(series.has('nodejs_eventloop_lag_p99_seconds'));
  assert.ok((series.get('process_start_time_seconds') ?? 0) > 1e9);
  assert.match(exposition.contentType, /^text\/plain; version=0\.0\.4/);
});

test('labels may hold any text: quotes, backslashes, lines, and what is no Unicode', async () => {
  const labels = { topic: 'a"b\\c\nd', code: '\ud800 é' };
  const text = await createExposition().text([
    { name: 'kd_odd_total', help: 'Odd', type: 'counter', samples: [{ labels, value: 1 }] },
  ]);
  assert.equal(promtoolSays(text), '');
  assert.ok(text.includes('kd_odd_total{topic="a\\"b\\\\c\\nd"'));
});

test('a scrape begins from nothing: what is gone is not told again', async () => {
  const exposition = createExposition();
  await exposition.text([HISTOGRAM]);
  assert.ok(!(await exposition.text([])).includes('kd_some_seconds'));
});
