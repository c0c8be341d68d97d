import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan, type PlanInput } from '../../../src/app/plan/plan.js';
import { planText } from '../../../src/cli/terminal/plan-report.js';
import { resolved } from '../../config/support.js';

const NOTHING: PlanInput = {
  config: resolved(
    'kafka: { bootstrap-servers: h:1, consumer: { group-id: g, topics: in }, producer: { topic: out } }',
  ),
  facts: {
    needed: [{ name: 'out', role: 'output', side: 'producer' }],
    found: new Map(),
    settings: new Map(),
    clusters: {},
    brokerCounts: { consumer: 1, producer: 1 },
  },
  ranges: [{ topic: 'in', partition: 0, from: 7, until: 7 }],
  sample: { firstMs: new Map(), lastMs: new Map(), topics: new Map(), records: 0, bytes: 0, elapsedMs: 0 },
  nowMs: 0,
};

test('an empty range needs no time and no room; a missing output topic is named', () => {
  const plan = makePlan(NOTHING);
  assert.deepEqual([plan.records, plan.bytes, plan.secondsMin, plan.disk], [0, 0, 0, null]);
  assert.match(plan.warnings[0]?.message ?? '', /does not exist/);
  const text = planText({ ...plan, job: null }, { width: undefined });
  assert.match(text, /at most 0 records in 1 partition, about 0 B\n/);
});

test('without a sample sizes and duration are said to be unknown', () => {
  const plan = makePlan({ ...NOTHING, ranges: [{ topic: 'in', partition: 0, from: 0, until: 1_000 }] });
  assert.deepEqual([plan.records, plan.bytes, plan.secondsMin], [1_000, null, null]);
  assert.match(planText({ ...plan, job: null }, { width: undefined }), /no record could be sampled/);
});

test('size and duration grow with the number of records', () => {
  const plan = makePlan({
    ...NOTHING,
    ranges: [{ topic: 'in', partition: 0, from: 0, until: 1_000_000 }],
    sample: { ...NOTHING.sample, records: 1_000, bytes: 100_000, elapsedMs: 500 },
  });
  assert.deepEqual([plan.bytes, plan.secondsMin], [100_000_000, 500]);
});

test('sizes are those of each topic, and the rate that is configured is not exceeded', () => {
  const config = resolved(
    'kafka: { bootstrap-servers: h:1, consumer: { group-id: g, topics: [a, b, c] }, ' +
      'producer: { topic: out } }\ndispatcher: { rate: 10000B/s }',
  );
  const plan = makePlan({
    ...NOTHING,
    config,
    ranges: ['a', 'b', 'c'].map((topic) => ({ topic, partition: 0, from: 0, until: 100 })),
    sample: {
      ...NOTHING.sample,
      topics: new Map([
        ['a', { records: 10, bytes: 1_000 }],
        ['b', { records: 10, bytes: 9_000 }],
      ]),
      records: 20,
      bytes: 10_000,
      elapsedMs: 20,
    },
  });
  assert.deepEqual(
    plan.partitions.map(({ bytes }) => bytes),
    [10_000, 90_000, 50_000],
  );
  assert.deepEqual([plan.bytes, plan.secondsMin], [150_000, 15]);
  const text = planText({ ...plan, job: { name: 'x', state: 'begun' } }, { width: undefined });
  assert.match(text, /^job x: has begun; this is what is left of it\n/);
});
