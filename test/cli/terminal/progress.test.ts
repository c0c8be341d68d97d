import assert from 'node:assert/strict';
import { test } from 'node:test';
import { bytes, count } from '../../../src/cli/terminal/numbers.js';
import { Progress } from '../../../src/cli/terminal/progress.js';
import { Accounting } from '../../../src/core/books/accounting.js';
import { type PartitionWork, progressOf } from '../../../src/core/progress/progress.js';
import type { RunStatus } from '../../../src/dispatcher/report.js';
import { NO_PROGRESS } from '../../support/no-progress.js';
import { HOSTILE, UNSAFE } from '../memory-io.js';

const STATUS: RunStatus = {
  state: 'running',
  records: new Accounting().snapshot(),
  owned: 3,
  membership: 'owner',
  stalled: undefined,
  stalledBy: undefined,
  inFlightRecords: 0,
  inFlightBytes: 512,
  inFlightBytesMax: 1_048_576,
  threadsBusy: 1,
  threads: 2,
  progress: NO_PROGRESS.progress,
  isPlaced: true,
  lag: undefined,
  openTransactions: [],
  leaderless: [],
  latency: { p50Ms: 0, p99Ms: 0 },
};

const RATES = { now: 100, overall: 100 };
const READ = { isComplete: false, consumed: 100, bytesIn: 1_000, rates: RATES };
const ENDLESS = progressOf({ ...READ, work: undefined });

/** A bounded run with so much left to do, at 100 records per second. */
function bounded(toDo: number, done = 100): RunStatus['progress'] {
  const work: PartitionWork = { topic: 'in', partition: 3, from: 0, until: done + toDo, settled: done };
  return progressOf({ ...READ, work: [work] });
}

/** The line for `more`, at 100 records per second. */
function lineOf(more: Partial<RunStatus>, columnsMax?: number): string {
  const records = { ...STATUS.records, consumed: 100 };
  const progress = new Progress({ write: () => true });
  progress.start(() => [{ status: { ...STATUS, records, progress: ENDLESS, ...more } }]);
  const line = progress.line(columnsMax);
  progress.stop();
  return line;
}

test('the line tells state, records, rate, memory in flight, threads and partitions', () => {
  assert.equal(
    lineOf({}),
    'running · 100 records · 100/s · in flight 512 B of 1.0 MiB · threads 1/2 busy · 3 partitions',
  );
});

test('lag and dead letters appear when there are any', () => {
  const line = lineOf({ lag: 12_345, records: { ...STATUS.records, consumed: 100, deadLettered: 7 } });
  assert.match(line, / · lag 12,345 · /);
  assert.match(line, / · 7 dead letters · /);
});

test('a group that slows the run down is named with its lag and its bound', () => {
  const slowed = { group: 'live', lagRecords: 12_345, boundRecords: 10_000, recordsPerSecond: 5 };
  assert.match(lineOf({ slowed }), / · slowed: live lag 12,345 > 10,000 · /);
  assert.match(lineOf({ slowed: { ...slowed, lagRecords: 900 } }), / · slowed: live lag 900 of 10,000 · /);
  assert.match(
    lineOf({ slowed: { ...slowed, lagRecords: undefined } }),
    / · slowed: lag of live not known · /,
  );
});

test('the time left never shows 60 seconds or 60 minutes', () => {
  const eta = (toDo: number): string | undefined =>
    /^[\d.]+% · ETA (.*?) · /.exec(lineOf({ progress: bounded(toDo) }))?.[1];
  assert.equal(eta(0), undefined);
  assert.equal(eta(1), '1 s');
  assert.equal(eta(5_900), '59 s');
  assert.equal(eta(5_950), '1 min 0 s');
  assert.equal(eta(11_950), '2 min 0 s');
  assert.equal(eta(12_010), '2 min 1 s');
  assert.equal(eta(359_950), '1 h 0 min');
  assert.equal(eta(9_000_000), '1 d 1 h');
});

test('a stalled run says why first, and promises neither a rate nor an end', () => {
  const line = lineOf({ stalled: `broker says ${HOSTILE}`, progress: bounded(10) });
  assert.match(line, /^STALLED: broker says a/);
  assert.doesNotMatch(line, /\/s · |ETA/);
  assert.doesNotMatch(line, UNSAFE);
});

test('80 columns hold percent, time left, rate and records; other facts are left out whole', () => {
  const progress = bounded(2_765_433, 1_234_567);
  const line = lineOf({ progress }, 79);
  assert.equal(line, '30.8% · ETA 7 h 40 min · 100/s · 1,234,567 of 4,000,000 records');
  assert.ok(
    lineOf({ progress }).startsWith(`${line} · about 11.8 MiB of 38.1 MiB · slowest in[3] 2,765,433 left`),
  );
  assert.match(lineOf({ progress, state: 'draining' }, 79), /^draining · 30\.8% · ETA/);
});

test('on a terminal one line is rewritten in place, within its width, and cleared at the end', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text), isTTY: true, columns: 40 });
  progress.start(() => [{ status: { ...STATUS, stalled: 'x'.repeat(500) } }]);
  t.mock.timers.tick(1_000);
  progress.stop();
  assert.equal(written.length, 3);
  for (const text of written.slice(0, 2)) {
    assert.ok(text.startsWith('\r\u001b[2K'));
    assert.equal(text.slice('\r\u001b[2K'.length).length, 39);
  }
  assert.equal(written[2], '\r\u001b[2K');
});

test('elsewhere there is a plain line from time to time, without escapes', (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const written: string[] = [];
  const progress = new Progress({ write: (text) => written.push(text) });
  progress.start(() => [{ status: STATUS }]);
  t.mock.timers.tick(25_000);
  progress.stop();
  t.mock.timers.tick(60_000);
  assert.equal(written.length, 2);
  for (const text of written) assert.match(text, /^running · [^\u001b\r\n]*\n$/);
});

test('a size is shown in the largest unit in which it is at least 1, and never as 1024 of a unit', () => {
  const cases: readonly (readonly [number, string])[] = [
    [0, '0 B'],
    [1, '1 B'],
    [1_023, '1023 B'],
    [1_024, '1.0 KiB'],
    [1_048_524, '1023.9 KiB'],
    [1_048_575, '1.0 MiB'],
    [1_073_741_823, '1.0 GiB'],
    [1.5 * 1024 ** 4, '1.5 TiB'],
    [5_000 * 1024 ** 4, '5000.0 TiB'],
  ];
  for (const [size, text] of cases) assert.equal(bytes(size), text);
  assert.deepEqual([count(1_234_567.4), count(0)], ['1,234,567', '0']);
});
