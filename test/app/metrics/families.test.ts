import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createExposition } from '../../../src/adapters/metrics/exposition.js';
import { BROKER_SERIES_MAX, clientFamilies } from '../../../src/app/metrics/clients.js';
import { TOPIC_SERIES_MAX } from '../../../src/app/metrics/families.js';
import { lagFamilies, PARTITION_SERIES_MAX } from '../../../src/app/metrics/lag.js';
import { ofTransform } from '../../../src/app/metrics/of-transform.js';
import { StageBooks } from '../../../src/core/books/stage-books.js';
import { UndeliveredBooks } from '../../../src/core/books/undelivered-books.js';
import { WorkerBooks } from '../../../src/core/books/worker-books.js';
import type { PartitionStanding } from '../../../src/dispatcher/report.js';
import type { BrokerFigures } from '../../../src/ports/client-figures.js';
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
    stableLagSeconds: n / 4,
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
  books.worked(16_000, { tookMs: 12, loopActiveMs: 10, gc: { minor: { collections: 2, ms: 3 } } });
  books.worked(5, { tookMs: 500, loopActiveMs: 40, gc: { minor: { collections: 1, ms: 1 } } });
  for (const code of ['WORKER_TIMEOUT', 'WORKER_EXITED', 'WORKER_TIMEOUT']) books.died(code);
  const series = await seriesIn(familiesOf({ measured: { workers: books.snapshot() } }));
  assert.equal(series.get('kd_worker_records_total'), 16_005);
  assert.equal(series.get('kd_worker_task_seconds_count'), 2);
  assert.equal(series.get('kd_worker_task_seconds_sum'), 0.512);
  assert.equal(series.get('kd_worker_task_seconds_bucket{le="+Inf"}'), 2);
  assert.equal(series.get('kd_stage_seconds_sum{stage="transform"}'), 0.512);
  assert.equal(series.get('kd_worker_busy_seconds_total'), 0.512);
  assert.equal(series.get('kd_worker_loop_active_seconds_total'), 0.05);
  assert.equal(series.get('kd_worker_gc_seconds_count{kind="minor"}'), 3);
  assert.equal(series.get('kd_worker_gc_seconds_sum{kind="minor"}'), 0.004);
  assert.equal(series.get('kd_worker_gc_seconds_count{kind="major"}'), 0);
  assert.equal(series.get('kd_worker_deaths_total{code="WORKER_TIMEOUT"}'), 2);
  assert.equal(series.get('kd_worker_deaths_total{code="WORKER_EXITED"}'), 1);
});

test('how large batches are, and how long each stage of their way takes, is told', async () => {
  const [stages, undelivered] = [new StageBooks(), new UndeliveredBooks()];
  for (const records of [1, 300, 16_000]) stages.read(records, records * 100);
  stages.waited(2);
  stages.waited(-0.1);
  stages.ordered(4);
  stages.produced(30);
  undelivered.failed('out', 'INVALID_RECORD');
  const measured = { stages: stages.snapshot(), undelivered: undelivered.snapshot() };
  const series = await seriesIn(familiesOf({ measured }));
  assert.equal(series.get('kd_batch_records_bucket{le="1"}'), 1);
  assert.equal(series.get('kd_batch_records_bucket{le="512"}'), 2);
  assert.equal(series.get('kd_batch_bytes_sum'), 1_630_100);
  assert.equal(series.get('kd_stage_seconds_sum{stage="waiting"}'), 0.002);
  assert.equal(series.get('kd_stage_seconds_count{stage="waiting"}'), 2);
  assert.equal(series.get('kd_stage_seconds_sum{stage="ordering"}'), 0.004);
  assert.equal(series.get('kd_stage_seconds_sum{stage="producing"}'), 0.03);
  assert.equal(series.get('kd_records_undelivered_total{topic="out",code="INVALID_RECORD"}'), 1);
});

test('of many brokers those with most traffic have series of their own', async () => {
  const broker = (n: number): BrokerFigures => ({
    broker: n,
    isUp: true,
    roundTripMs: n === 0 ? undefined : { p50: n, p99: 2 * n },
    throttleMsMax: 0,
    requestsWaiting: 0,
    bytesSent: n,
    bytesReceived: n,
    retries: 0,
    sendErrors: 0,
    receiveErrors: 0,
    timeouts: 0,
    disconnects: 0,
  });
  const brokers = Array.from({ length: BROKER_SERIES_MAX + 20 }, (_, n) => broker(n));
  const client = { client: 'consumer', queue: { records: 1, bytes: 2 }, rebalances: 3, brokers } as const;
  const series = await seriesIn(clientFamilies([client]));
  const told = [...series.keys()].filter((name) => name.startsWith('kd_broker_up'));
  assert.equal(told.length, BROKER_SERIES_MAX);
  assert.equal(series.get('kd_brokers_left_out{client="consumer"}'), 20);
  const roundTrip = 'kd_broker_round_trip_seconds{client="consumer",broker="69",quantile=';
  assert.equal(series.get(`${roundTrip}"0.5"}`), 0.069);
  assert.equal(series.get(`${roundTrip}"0.99"}`), 0.138);
  assert.equal(series.get('kd_client_rebalances_total{client="consumer"}'), 3);
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
