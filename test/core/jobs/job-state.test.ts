import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { countsOf, type JobCounts, readAgain, sumOf } from '../../../src/core/jobs/job-counts.js';
import {
  type JobChange,
  type JobInstance,
  type JobPin,
  JobRecordFault,
  keyText,
  readKey,
  readValue,
  valueText,
} from '../../../src/core/jobs/job-record.js';
import { jobState, type StoredRecord, settledOf } from '../../../src/core/jobs/job-state.js';

const GROUP = 'live/1/pin/x.job.all';
const AT = '2026-11-28T10:00:00.000Z';

const pinOf = (until: number): JobPin => ({
  createdAt: AT,
  version: '1.0.0',
  from: { text: 'earliest' },
  until: { text: 'end' },
  partitions: null,
  parts: { 'dispatcher.transform': 'a' },
  topics: [{ topic: 'orders', id: 'old', ranges: [[0, 0, until]] }],
});

function counts(consumed: number, unsettled = 0): JobCounts {
  return {
    records: {
      consumed,
      transformed: consumed - unsettled,
      filtered: 0,
      deadLettered: 0,
      handedOver: 0,
      skipped: 0,
      emitted: consumed - unsettled,
      retried: 0,
      unsettled,
    },
    filteredBy: {},
    deadLetteredBy: {
      BAD: {
        count: consumed,
        example: { message: 'x'.repeat(1_000), topic: 'orders', partition: 0, offset: 1 },
      },
    },
    emittedBy: { out: consumed },
    bytes: { in: consumed, out: consumed },
    range: { firstTimestamp: `2026-11-${String(consumed).padStart(2, '0')}`, lastTimestamp: null },
    elapsedSeconds: consumed,
    cpu: { microsecondsPerRecord: 2 },
    memory: { rssPeakBytes: consumed },
    latency: { p50Ms: 1, p99Ms: consumed },
    metrics: [{ kind: 'count', name: 'seen', value: consumed }],
  };
}

const instanceOf = (id: string | null, offset: number): JobInstance => ({
  host: 'h',
  startedAt: AT,
  at: AT,
  ended: true,
  settled: [{ topic: 'orders', id, offsets: [[0, offset]] }],
  counts: counts(offset),
});

const change = (id: string, until: number, part = 'b'): JobChange => ({
  at: AT,
  parts: { 'dispatcher.transform': part },
  topics: [{ topic: 'orders', id, ranges: [[0, 0, until]] }],
  lost: [{ topic: 'orders', partition: 0, from: 3, to: 5 }],
});

/** Records in the order in which they are written. */
function log(...entries: readonly (readonly [key: string, value: string | null])[]): readonly StoredRecord[] {
  return entries.map(([key, value], offset) => ({ offset, key: `${GROUP}/${key}`, value }));
}

test('a key is read back, whatever the name of the group', () => {
  const kind = fc.constantFrom('pin' as const, 'change' as const, 'instance' as const);
  const single = fc.constantFrom('started' as const, 'finished' as const);
  const key = fc.oneof(
    fc.record({ group: fc.string(), run: fc.integer({ min: 1, max: 1_000 }), kind, id: fc.uuid() }),
    fc.record({ group: fc.string(), run: fc.constant(1), kind: single, id: fc.constant('') }),
  );
  fc.assert(fc.property(key, (one) => assert.deepEqual(readKey(keyText(one)), { ...one })));
  assert.equal(readKey('a/1/pin'), undefined);
  assert.equal(readKey('a/1/finished/x'), undefined);
});

test('of two pins of a run the first holds, for every reader and after any compaction', () => {
  const pins = fc.uniqueArray(fc.uuid(), { minLength: 1, maxLength: 5 });
  fc.assert(
    fc.property(pins, fc.nat(100), (ids, seed) => {
      const entries = ids.map((id, n) => [`1/pin/${id}`, valueText('pin', pinOf(n))] as const);
      const all = log(...entries);
      // Losers may or may not have deleted their own by now.
      const deleted = ids
        .slice(1)
        .flatMap((id, n) =>
          (seed >> n) % 2 === 0 ? [] : [{ offset: 100 + n, key: `${GROUP}/1/pin/${id}`, value: null }],
        );
      assert.equal(jobState(GROUP, [...all, ...deleted])?.pinId, ids[0]);
      const gone = new Set(deleted.map(({ key }) => key));
      const compacted = all.filter(({ key }) => !gone.has(key));
      assert.equal(jobState(GROUP, compacted)?.pinId, ids[0]);
    }),
  );
});

test('the newest run counts, and the records of older ones are named', () => {
  const records = log(
    ['1/pin/a', valueText('pin', pinOf(1))],
    ['1/started', valueText('started', { at: AT })],
    ['1/finished', valueText('finished', { at: AT })],
    ['2/pin/b', valueText('pin', pinOf(2))],
  );
  const state = jobState(GROUP, records);
  assert.deepEqual([state?.run, state?.isStarted, state?.finished], [2, false, undefined]);
  assert.deepEqual(
    state?.olderKeys,
    ['1/pin/a', '1/started', '1/finished'].map((key) => `${GROUP}/${key}`),
  );
  assert.equal(jobState('live', records), undefined, 'records of a group with a longer name');
});

test('a topic that was created again has the ranges that were accepted first', () => {
  const state = jobState(
    GROUP,
    log(
      ['1/pin/a', valueText('pin', pinOf(9))],
      ['1/change/a', valueText('change', change('new', 4))],
      ['1/change/b', valueText('change', change('new', 6, 'c'))],
      ['1/instance/a', valueText('instance', instanceOf('old', 8))],
      ['1/instance/b', valueText('instance', instanceOf('new', 2))],
    ),
  );
  assert.ok(state !== undefined);
  assert.deepEqual(state.pin.topics, [{ topic: 'orders', id: 'new', ranges: [[0, 0, 4]] }]);
  assert.deepEqual(state.pin.parts, { 'dispatcher.transform': 'c' });
  assert.equal(state.lost.length, 1, 'one loss, accepted by two');
  assert.deepEqual([...settledOf(state)], [['orders 0', 2]], 'offsets of the old topic mean nothing');
});

test('a record that can not be used is named with its offset', () => {
  const says = (value: string): string => {
    try {
      jobState(GROUP, log(['1/pin/a', value]));
      return '';
    } catch (error) {
      assert.ok(error instanceof JobRecordFault);
      return error.message;
    }
  };
  assert.match(says('{'), /1\/pin\/a at offset 0 can't be used: its value is not JSON/);
  assert.match(says('{"schema":2,"kind":"pin"}'), /its schema is 2, and this version of kd knows 1/);
  assert.match(says('{"schema":1,"kind":"finished"}'), /is not a pin of a job/);
  const broken = { ...pinOf(1), topics: [{ topic: 'orders', id: null, ranges: [[0, 0]] }] };
  assert.match(says(JSON.stringify({ schema: 1, kind: 'pin', ...broken })), /no valid "topics"/);
  fc.assert(
    fc.property(fc.json(), (text) => {
      assert.throws(() => readValue('pin', text), JobRecordFault);
    }),
  );
});

test('counts of instances are added up, and what was read again counts once', () => {
  const sum = sumOf([counts(10, 4), counts(5)].map(readAgain));
  assert.deepEqual(
    [sum.records.consumed, sum.records.transformed, sum.records.retried, sum.records.unsettled],
    [11, 11, 4, 0],
  );
  assert.deepEqual([sum.emittedBy['out'], sum.deadLetteredBy['BAD']?.count, sum.latency.p99Ms], [15, 15, 10]);
  assert.deepEqual(sum.metrics, [{ kind: 'count', name: 'seen', value: 15 }]);
  assert.equal(sum.range.firstTimestamp, '2026-11-05');
  assert.equal(sum.cpu.microsecondsPerRecord, 2);
  assert.equal(countsOf(counts(1)).deadLetteredBy['BAD']?.example.message.length, 300);
});
