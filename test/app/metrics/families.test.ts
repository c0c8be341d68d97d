import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExposition } from '../../../src/adapters/metrics/exposition.js';
import { TOPIC_SERIES_MAX } from '../../../src/app/metrics/families.js';
import { lagFamilies, PARTITION_SERIES_MAX } from '../../../src/app/metrics/lag.js';
import { ofTransform } from '../../../src/app/metrics/of-transform.js';
import { WorkerBooks } from '../../../src/core/books/worker-books.js';
import type { PartitionStanding } from '../../../src/dispatcher/report.js';
import type { MetricFamily } from '../../../src/ports/metrics.js';
import { familiesOf, type nothing } from './run-metrics.js';
import { promtoolSays, seriesOf } from './scrape.js';

async function seriesIn(families: readonly MetricFamily[]): Promise<ReadonlyMap<string, number>> {
  const text = await createExposition().text(families);
  assert.equal(promtoolSays(text), '');
  return seriesOf(text);
}

function partition(n: number, lagRecords: number | null): PartitionStanding {
  return {
    topic: `in-${n % 2}`,
    partition: n,
    lagRecords,
    stableLagRecords: lagRecords,
    lagSeconds: n / 2,
    commitAgeSeconds: n,
  };
}

test('settled records are told by outcome and code, and their sum is what was read', async () => {
  const series = await seriesIn(
    familiesOf({
      records: { consumed: 20, transformed: 9, filtered: 5, deadLettered: 3, handedOver: 3 },
      filteredBy: { TOO_OLD: 4, DROPPED: 1 },
      deadLetteredBy: { INVALID_VALUE: 3 },
    }),
  );
  const settled = [...series].filter(([name]) => name.startsWith('kd_records_settled_total'));
  assert.deepEqual(Object.fromEntries(settled), {
    'kd_records_settled_total{outcome="transformed",code=""}': 9,
    'kd_records_settled_total{outcome="filtered",code="TOO_OLD"}': 4,
    'kd_records_settled_total{outcome="filtered",code="DROPPED"}': 1,
    'kd_records_settled_total{outcome="dead-lettered",code="INVALID_VALUE"}': 3,
    'kd_records_settled_total{outcome="handed-over",code=""}': 3,
  });
  assert.equal(series.get('kd_records_consumed_total'), 20);
});

test('every mechanism of a stall is told, and which one holds the run up', async () => {
  const stalledNow = async (parts: Parameters<typeof familiesOf>[0]): Promise<string[]> =>
    [...(await seriesIn(familiesOf(parts)))]
      .filter(([name, value]) => name.startsWith('kd_stalled') && value === 1)
      .map(([name]) => name.slice('kd_stalled{mechanism="'.length, -2));
  assert.deepEqual(await stalledNow({}), []);
  assert.deepEqual(await stalledNow({ stalledBy: 'destination' }), ['destination']);
  assert.deepEqual(await stalledNow({ stalledBy: 'workers', leaderless: [{ topic: 'in', partition: 1 }] }), [
    'workers',
    'leaderless',
  ]);
  assert.equal((await seriesIn(familiesOf({}))).get('kd_stalled{mechanism="open-transaction"}'), 0);
});

test('of many output topics the busiest have a series of their own, and no record is left out', async () => {
  const topics = Array.from({ length: TOPIC_SERIES_MAX + 50 }, (_, n) => [`t${n}`, n + 1] as const);
  const series = await seriesIn(
    familiesOf({ emittedBy: Object.fromEntries([...topics, ['(other topics)', 7]]) }),
  );
  const emitted = [...series].filter(([name]) => name.startsWith('kd_records_emitted_total'));
  assert.ok(emitted.length <= TOPIC_SERIES_MAX + 1);
  assert.equal(
    emitted.reduce((sum, [, value]) => sum + value, 0),
    topics.reduce((sum, [, value]) => sum + value, 7),
  );
  assert.ok(series.has('kd_records_emitted_total{topic="t149"}'));
});

test('of many partitions those furthest behind have series of their own; the sums hold all', async () => {
  const partitions = Array.from({ length: 1_000 }, (_, n) => partition(n, n));
  const series = await seriesIn(lagFamilies(partitions));
  assert.equal(
    [...series.keys()].filter((name) => name.startsWith('kd_lag_records{')).length,
    PARTITION_SERIES_MAX,
  );
  assert.equal(series.get('kd_lag_records{topic="in-1",partition="999"}'), 999);
  assert.equal(series.get('kd_lag_seconds{topic="in-1",partition="999"}'), 499.5);
  assert.equal(series.get('kd_partitions_left_out'), 800);
  assert.equal(series.get('kd_topic_lag_records{topic="in-0"}'), 249_500);
  assert.equal(series.get('kd_topic_lag_records{topic="in-1"}'), 250_000);
});

test('a lag that is not known yet has no series', async () => {
  const series = await seriesIn(lagFamilies([partition(0, null)]));
  assert.equal(series.get('kd_lag_records{topic="in-0",partition="0"}'), undefined);
  assert.equal(series.get('kd_topic_lag_records{topic="in-0"}'), 0);
});

test('the work of the threads, and each of their deaths, is told', async () => {
  const books = new WorkerBooks();
  books.worked(16_000, 12);
  books.worked(5, 500);
  for (const code of ['WORKER_TIMEOUT', 'WORKER_EXITED', 'WORKER_TIMEOUT']) books.died(code);
  const series = await seriesIn(familiesOf({ workers: books.snapshot() }));
  assert.equal(series.get('kd_worker_records_total'), 16_005);
  assert.equal(series.get('kd_worker_task_seconds_count'), 2);
  assert.equal(series.get('kd_worker_task_seconds_sum'), 0.512);
  assert.equal(series.get('kd_worker_task_seconds_bucket{le="+Inf"}'), 2);
  assert.equal(series.get('kd_worker_deaths_total{code="WORKER_TIMEOUT"}'), 2);
  assert.equal(series.get('kd_worker_deaths_total{code="WORKER_EXITED"}'), 1);
});

test('the oldest record that waits for a commit decides the age', async () => {
  const series = await seriesIn(
    familiesOf({ partitions: [partition(3, 1), partition(9, 1), partition(4, 1)] }),
  );
  assert.equal(series.get('kd_commit_age_seconds'), 9);
  assert.equal((await seriesIn(familiesOf({}))).get('kd_commit_age_seconds'), 0);
});

test('what the transform counts has its name, whatever characters that has', async () => {
  const series = await seriesIn(
    ofTransform([
      { kind: 'count', name: 'late-flights', labels: { 'air line': 'LH', le: 'x', '1st': 'y' }, value: 3 },
      { kind: 'count', name: 'late.flights', labels: { 'air line': 'LH', le: 'x', '1st': 'y' }, value: 4 },
      { kind: 'observe', name: 'delay', observations: 2, sum: 30, min: 10, max: 20 },
      { kind: 'count', name: 'delay', value: 1 },
      { kind: 'count', name: '', value: 1 },
    ]),
  );
  assert.equal(series.get('kd_transform_late_flights_total{air_line="LH",x_le="x",x_1st="y"}'), 7);
  assert.equal(series.get('kd_transform_delay_sum'), 30);
  assert.equal(series.get('kd_transform_delay_count'), 2);
  assert.equal(series.get('kd_transform_delay_total'), 1);
  assert.equal(series.get('kd_transform___total'), 1);
});

test('a certificate is told by the time of its expiry; of two with one subject the earlier one', async () => {
  const certificate = (
    subject: string,
    notAfter: string,
  ): ReturnType<typeof nothing>['certificates'][number] => ({
    cluster: 'kafka',
    use: 'truststore',
    file: '/etc/kafka/trust.jks',
    subject,
    notBefore: '2020-01-01T00:00:00.000Z',
    notAfter,
    daysLeft: 1,
  });
  const series = await seriesIn(
    familiesOf({
      certificates: [
        certificate('CN=hunter2', '2027-01-01T00:00:00Z'),
        certificate('CN=hunter2', '2028-01-01T00:00:00Z'),
      ],
    }),
  );
  const expiries = [...series].filter(([name]) => name.startsWith('kd_certificate'));
  assert.deepEqual(expiries, [
    [
      'kd_certificate_expiry_timestamp_seconds{cluster="kafka",use="truststore",subject="CN=***"}',
      Date.parse('2027-01-01T00:00:00Z') / 1000,
    ],
  ]);
});
