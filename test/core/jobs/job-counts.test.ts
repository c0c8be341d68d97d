import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { Metric } from '../../../src/core/books/metric-books.js';
import { countsOf, type JobCounts, readAgain, sumOf } from '../../../src/core/jobs/job-counts.js';
import { jobCounts } from './sample-job.js';

const RECORDS = [
  'consumed',
  'transformed',
  'filtered',
  'deadLettered',
  'handedOver',
  'skipped',
  'emitted',
  'retried',
  'unsettled',
] as const;

const letters = (count: number, message: string, code = 'BAD'): JobCounts['deadLetteredBy'] => ({
  [code]: { count, example: { message, topic: 'orders', partition: 0, offset: 1 } },
});

const seen = (value: number, labels?: Record<string, string>): Metric => ({
  kind: 'count',
  name: 'seen',
  value,
  ...(labels === undefined ? {} : { labels }),
});

const size = (observations: number, sum: number, min: number, max: number): Metric => ({
  kind: 'observe',
  name: 'size',
  observations,
  sum,
  min,
  max,
});

/** As an instance counts: what it read and did not settle is unsettled. */
const instance = fc
  .record({
    transformed: fc.nat(1_000),
    filtered: fc.nat(1_000),
    deadLettered: fc.nat(1_000),
    handedOver: fc.nat(1_000),
    unsettled: fc.nat(1_000),
    retried: fc.nat(1_000),
    emitted: fc.nat(1_000),
    skipped: fc.nat(1_000),
    bytes: fc.nat(1_000),
    seconds: fc.nat(1_000),
    cost: fc.nat(50),
  })
  .map(({ bytes, seconds, cost, ...records }) => {
    const { transformed, filtered, deadLettered, handedOver, unsettled } = records;
    const consumed = transformed + filtered + deadLettered + handedOver + unsettled;
    return jobCounts(
      { ...records, consumed },
      {
        filteredBy: { old: filtered },
        emittedBy: { out: transformed, audit: 1 },
        bytes: { in: bytes, out: 2 * bytes },
        elapsedSeconds: seconds,
        cpu: { microsecondsPerRecord: cost },
        memory: { rssPeakBytes: bytes },
        latency: { p50Ms: cost, p99Ms: seconds },
      },
    );
  });
const instances = fc.array(instance, { maxLength: 5 });

const total = (all: readonly JobCounts[], of: (one: JobCounts) => number): number =>
  all.reduce((sum, one) => sum + of(one), 0);

const SUMS: readonly ((one: JobCounts) => number)[] = [
  ...RECORDS.map((name) => (one: JobCounts) => one.records[name]),
  ({ bytes }) => bytes.in,
  ({ bytes }) => bytes.out,
  ({ emittedBy }) => emittedBy['audit'] ?? 0,
  ({ filteredBy }) => filteredBy['old'] ?? 0,
];
const HIGHEST: readonly ((one: JobCounts) => number)[] = [
  (one) => one.elapsedSeconds,
  ({ memory }) => memory.rssPeakBytes,
  ({ latency }) => latency.p50Ms,
  ({ latency }) => latency.p99Ms,
];

test('every count of a job is the sum over its instances', () => {
  fc.assert(
    fc.property(instances, (all) => {
      const sum = sumOf(all);
      for (const of of SUMS) assert.equal(of(sum), total(all, of), String(of));
    }),
  );
});

test('times and memory are the highest of any instance: they may have worked at once', () => {
  fc.assert(
    fc.property(instances, (all) => {
      const sum = sumOf(all);
      for (const of of HIGHEST) assert.equal(of(sum), Math.max(0, ...all.map(of)), String(of));
    }),
  );
});

test('after records were read again, every record is settled once and the books balance', () => {
  fc.assert(
    fc.property(instances, (all) => {
      const { records } = sumOf(all.map(readAgain));
      const { consumed, transformed, filtered, deadLettered, handedOver, unsettled } = records;
      assert.equal(unsettled, 0);
      assert.equal(consumed, transformed + filtered + deadLettered + handedOver);
      assert.equal(
        records.retried,
        total(all, (one) => one.records.retried + one.records.unsettled),
      );
    }),
  );
});

test('the cost of a record is weighted by the records of each instance', () => {
  const one = jobCounts({ consumed: 900 }, { cpu: { microsecondsPerRecord: 2 } });
  const other = jobCounts({ consumed: 100 }, { cpu: { microsecondsPerRecord: 12 } });
  assert.equal(sumOf([one, other]).cpu.microsecondsPerRecord, 3);
  const third = jobCounts({ consumed: 3 }, { cpu: { microsecondsPerRecord: 1 / 3 } });
  assert.equal(sumOf([third]).cpu.microsecondsPerRecord, 0.3333, 'four digits');
});

test('an instance that read nothing has no cost for each record, not an impossible number', () => {
  const idle = jobCounts({}, { cpu: { microsecondsPerRecord: 5 } });
  assert.equal(sumOf([idle, idle]).cpu.microsecondsPerRecord, 0);
  assert.deepEqual(sumOf([]), jobCounts(), 'no instance at all');
});

test('the times of the records reach from the first of all instances to the last of all', () => {
  const of = (firstTimestamp: string | null, lastTimestamp: string | null): JobCounts =>
    jobCounts({}, { range: { firstTimestamp, lastTimestamp } });
  const [early, late] = [of('2026-01-01', '2026-01-02'), of('2026-02-01', '2026-02-02')];
  const whole = { firstTimestamp: '2026-01-01', lastTimestamp: '2026-02-02' };
  assert.deepEqual(sumOf([early, late]).range, whole);
  assert.deepEqual(sumOf([late, early]).range, whole);
  assert.deepEqual(sumOf([of(null, null), early, of(null, null)]).range, early.range);
  assert.deepEqual(sumOf([of(null, null)]).range, { firstTimestamp: null, lastTimestamp: null });
});

test('dead letters of a code are added, and the first example of it is kept', () => {
  const sum = sumOf([
    jobCounts({}, { deadLetteredBy: letters(2, 'first') }),
    jobCounts({}, { deadLetteredBy: { ...letters(3, 'second'), ...letters(1, 'new', 'NEW') } }),
  ]);
  assert.deepEqual(
    [sum.deadLetteredBy['BAD']?.count, sum.deadLetteredBy['BAD']?.example.message],
    [5, 'first'],
  );
  assert.equal(sum.deadLetteredBy['NEW']?.count, 1);
});

test('metrics are added series by series: same name and labels', () => {
  const sum = sumOf([
    jobCounts({}, { metrics: [seen(1), seen(10, { kind: 'a' }), size(2, 30, 5, 25)] }),
    jobCounts({}, { metrics: [seen(10, { kind: 'a' }), seen(7, { kind: 'b' }), size(3, 12, 1, 9)] }),
  ]);
  assert.deepEqual(sum.metrics, [
    seen(1),
    seen(20, { kind: 'a' }),
    size(5, 42, 1, 25),
    seen(7, { kind: 'b' }),
  ]);
});

test('a counter and an observed value with the same name are two series', () => {
  const observed = { ...size(1, 4, 4, 4), name: 'seen' };
  assert.deepEqual(
    sumOf([jobCounts({}, { metrics: [seen(1)] }), jobCounts({}, { metrics: [observed] })]).metrics,
    [seen(1), observed],
  );
});

test('what an instance writes down is bounded: long messages are cut, and 100 metrics are kept', () => {
  const metrics = Array.from({ length: 101 }, (_, n) => ({ ...seen(n), name: `m${n}` }));
  const kept = countsOf(jobCounts({}, { metrics, deadLetteredBy: letters(1, 'x'.repeat(301)) }));
  assert.deepEqual(kept.metrics, metrics.slice(0, 100));
  assert.equal(kept.deadLetteredBy['BAD']?.example.message, 'x'.repeat(300));
  assert.equal(kept.deadLetteredBy['BAD'].example.offset, 1, 'the rest of an example is kept');
});

test('what an instance writes down has nothing of a status but the counts', () => {
  const status = { ...jobCounts({ consumed: 3 }), name: 'job', state: 'running', committed: [{ offset: 1 }] };
  assert.deepEqual(countsOf(status), jobCounts({ consumed: 3 }));
});
