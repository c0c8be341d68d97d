/** What a plan warns of before anything is read or written. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { makePlan, type PlanInput, type RunPlan } from '../../../src/app/plan/plan.js';
import { planText } from '../../../src/cli/terminal/plan-report.js';
import type { Settings, TopicDescription } from '../../../src/ports/admin.js';
import { jobConfig, topicOf } from '../../checks/support.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const DAY_MS = 86_400_000;
const OLD_MS = NOW_MS - 30 * DAY_MS;

interface Given {
  readonly set?: readonly string[];
  /** Partitions of the output; undefined: it is not there. */
  readonly output?: number;
  readonly settings?: Readonly<Record<string, string>>;
  readonly firstMs?: number;
  readonly lastMs?: number;
}

type Plan = Omit<RunPlan, 'group' | 'job'>;

function planOf({ set = [], output = 2, settings = {}, firstMs, lastMs }: Given = {}): Plan {
  const found = new Map<string, TopicDescription>([['consumer/in', topicOf('in', 2)]]);
  if (output > 0) found.set('producer/out', topicOf('out', output));
  const entries = Object.entries(settings).map(([name, value]) => ({ name, value, own: true }));
  const known: Settings = { name: 'out', code: 0, text: '', entries };
  const input: PlanInput = {
    config: jobConfig(set),
    facts: {
      needed: [
        { name: 'in', role: 'input', side: 'consumer' },
        { name: 'out', role: 'output', side: 'producer' },
      ],
      found,
      settings: new Map([['producer/out', known]]),
      clusters: {},
      brokerCounts: { consumer: 3, producer: 3 },
    },
    ranges: [
      { topic: 'in', partition: 0, from: 0, until: 1_000 },
      { topic: 'in', partition: 1, from: 50, until: 50 },
    ],
    sample: {
      firstMs: firstMs === undefined ? new Map() : new Map([['in 0', firstMs]]),
      lastMs: lastMs === undefined ? new Map() : new Map([['in 0', lastMs]]),
      topics: new Map([['in', { records: 10, bytes: 1_000 }]]),
      records: 10,
      bytes: 1_000,
      elapsedMs: 100,
    },
    nowMs: NOW_MS,
  };
  return makePlan(input);
}

const warningsOf = (given: Given): readonly string[] =>
  planOf(given).warnings.map(({ subject, message, remedy }) => `${subject} ${message}; ${remedy ?? ''}`);

test('a plan that nothing is wrong with warns of nothing', () => {
  assert.deepEqual(warningsOf({ settings: { 'retention.ms': String(365 * DAY_MS) }, firstMs: OLD_MS }), []);
});

test('records older than the output keeps them are soon deleted', () => {
  const [warning] = warningsOf({ settings: { 'retention.ms': String(7 * DAY_MS) }, firstMs: OLD_MS });
  assert.match(
    warning ?? '',
    /^out keeps records for 7 days? by their timestamps, which are those of the records read/,
  );
  assert.match(warning ?? '', /oldest is of 2026-10-29T12:00:00\.000Z: such records would soon be deleted/);
  assert.match(warning ?? '', /raise retention\.ms of out, or set dispatcher\.output\.timestamp: now/);
});

test('the oldest record may be the last one of a partition', () => {
  const settings = { 'retention.ms': String(7 * DAY_MS) };
  assert.match(warningsOf({ settings, firstMs: NOW_MS, lastMs: OLD_MS })[0] ?? '', /2026-10-29/);
  assert.deepEqual(warningsOf({ settings, firstMs: NOW_MS, lastMs: NOW_MS - 6 * DAY_MS }), []);
});

const KEPT: readonly (readonly [title: string, given: Given])[] = [
  ['keeps them forever', { settings: { 'retention.ms': '-1' } }],
  ['is compacted', { settings: { 'retention.ms': '1000', 'cleanup.policy': 'compact' } }],
  [
    'gives them its own time',
    { settings: { 'retention.ms': '1000', 'message.timestamp.type': 'LogAppendTime' } },
  ],
  ['says nothing of its settings', {}],
];

for (const [title, given] of KEPT)
  test(`an output that ${title} loses no old records`, () => {
    assert.deepEqual(warningsOf({ ...given, firstMs: OLD_MS }), []);
  });

test('a run that writes the time of now writes no old records', () => {
  const settings = { 'retention.ms': '1000', 'message.timestamp.before.max.ms': '1000' };
  assert.deepEqual(warningsOf({ settings, firstMs: OLD_MS, set: ['dispatcher.output.timestamp=now'] }), []);
});

test('records without a time, and a plan without a sample, are not called old', () => {
  const settings = { 'retention.ms': '1000' };
  assert.deepEqual(warningsOf({ settings, firstMs: -1, lastMs: -1 }), []);
  assert.deepEqual(warningsOf({ settings }), []);
});

test('an output that refuses old records is named, by either of the two settings', () => {
  for (const setting of ['message.timestamp.before.max.ms', 'message.timestamp.difference.max.ms']) {
    const [warning] = warningsOf({ settings: { [setting]: String(DAY_MS) }, firstMs: OLD_MS });
    assert.match(warning ?? '', /^out refuses records whose timestamp is older than (1 day|24 hours?)/);
    assert.match(warning ?? '', /raise message\.timestamp\.before\.max\.ms of out/);
  }
});

test('an output that is not there stops the run at its start', () => {
  const plan = planOf({ output: 0 });
  assert.match(plan.warnings[0]?.message ?? '', /does not exist, so the run would stop at its start/);
  assert.equal(plan.disk, null);
});

test('other numbers of partitions are said where they decide where records go', () => {
  assert.match(
    warningsOf({ output: 3 })[0] ?? '',
    /out has 3 partitions, in has 2: records are partitioned by key/,
  );
  const same = warningsOf({ output: 1, set: ['dispatcher.output.partition=same'] });
  assert.match(
    same[0] ?? '',
    /out has 1 partition, in has 2: with output\.partition: same the run would be refused/,
  );
  assert.deepEqual(warningsOf({ output: 3, set: ['dispatcher.output.partition=key'] }), []);
  assert.deepEqual(warningsOf({ output: 2, set: ['dispatcher.output.partition=same'] }), []);
});

test('the room on disk counts every replica, and the time counts what the sample took', () => {
  const plan = planOf();
  assert.deepEqual([plan.records, plan.bytes], [1_000, 100_000]);
  assert.deepEqual(plan.disk, { topic: 'out', replication: 3, bytes: 300_000 });
  assert.equal(plan.secondsMin, 10);
  assert.equal(planOf({ set: ['dispatcher.rate=10/s'] }).secondsMin, 100);
  assert.equal(planOf({ set: ['dispatcher.rate=1000/s'] }).secondsMin, 10, 'reading is slower than that');
  assert.equal(planOf({ set: ['dispatcher.rate=1000B/s'] }).secondsMin, 100);
});

test('the text of a plan has a line for each partition, and says what it leaves out', () => {
  const plan = planOf({ firstMs: OLD_MS, lastMs: NOW_MS });
  const text = planText({ ...plan, job: { name: 'j', state: 'new' } }, { width: undefined });
  assert.match(text, /^job j: has not begun\n/);
  assert.match(text, /in +0 +0 +1000 +1,000 +\S+ \S+ +2026-10-29T12:00:00\.000Z +2026-11-28T12:00:00\.000Z/);
  assert.match(text, /in +1 +50 +50 +0 +0 B *\n/);
  assert.match(text, /at most 1,000 records in 2 partitions, about /);
  assert.match(text, /10 records were read in .*; the transform and writing are not in it/);
  assert.match(
    text,
    /on disk for out with replication 3, if results are as large as records, before compression/,
  );
  const done = planText({ ...plan, job: { name: 'j', state: 'already-done' } }, { width: undefined });
  assert.match(done, /^job j: is done; --again begins it again\n/);
});
