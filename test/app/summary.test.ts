import assert from 'node:assert/strict';
import { test } from 'node:test';
import { snapshot } from '../../src/app/status.js';
import { summarize } from '../../src/app/summary.js';
import { renderSummary } from '../../src/cli/terminal/summary-text.js';
import { DispatcherError } from '../../src/core/errors.js';
import type { RunReport } from '../../src/dispatcher/report.js';
import { NO_PROGRESS } from '../support/no-progress.js';

const REPORT: RunReport = {
  state: 'stopped',
  error: undefined,
  endReached: true,
  records: {
    consumed: 10,
    transformed: 6,
    filtered: 1,
    deadLettered: 1,
    handedOver: 0,
    skipped: 0,
    unsettled: 2,
    emitted: 6,
    retried: 0,
    filteredBy: { drop: 1 },
    deadLetteredBy: {
      INVALID_VALUE: {
        count: 1,
        example: { message: 'login hunter2\n\u001b[31mrefused', topic: 'a', partition: 2, offset: 17 },
      },
    },
    emittedBy: { out: 4, audit: 2 },
    bytesIn: 100,
  },
  committed: [
    { topic: 'b', partition: 0, offset: 1 },
    { topic: 'a', partition: 10, offset: 1 },
    { topic: 'a', partition: 2, offset: 1 },
  ],
  redelivery: [],
  latency: { p50Ms: 1, p99Ms: 2 },
  metrics: [{ kind: 'count', name: 'seen hunter2', labels: { user: 'hunter2' }, value: 3 }],
  ...NO_PROGRESS,
  activeMs: 2000,
  hung: false,
  ends: undefined,
  openTransactions: [],
};
const FACTS = {
  name: 'job',
  startedAt: new Date(0),
  at: new Date(5000),
  bytesOut: 80,
  usage: { cpuMicroseconds: 20, rssPeakBytes: 7 },
  redact: (text: string) => text.replaceAll('hunter2', '***'),
};
const DONE = { ...FACTS, reloads: 0, stoppedBeforeEnd: false };

test('the summary and the status of a running job agree in every common field', () => {
  const { unsettled, ...records } = REPORT.records;
  const now = snapshot({ ...FACTS, ...REPORT, records, standing: REPORT });
  const summary = summarize(REPORT, DONE);
  for (const [name, value] of Object.entries(now)) assert.deepEqual(summary[name as keyof typeof now], value);
  assert.equal(now.records.unsettled, unsettled);
  assert.deepEqual(now.rate, { recordsPerSecond: 5 });
  assert.deepEqual(now.cpu, { microsecondsPerRecord: 2 });
  assert.deepEqual(now.bytes, { in: 100, out: 80 });
});

test("a dead letter's example is masked, and takes one line of the text for people", () => {
  const summary = summarize(REPORT, DONE);
  const [letters] = Object.values(summary.deadLetteredBy);
  assert.equal(letters?.example.message, 'login ***\n\u001b[31mrefused');
  const lines = renderSummary(summary).split('\n');
  const at = lines.findIndex((line) => line.startsWith('  dead-lettered  1'));
  assert.equal(lines[at + 1]?.trim(), 'INVALID_VALUE 1, e.g. a[2] 17: login *** [31mrefused');
  assert.ok(lines.includes('  transformed    6 → 6 (out 4, audit 2) emitted'), lines.join('\n'));
});

test('positions are in the order of topic and partition number', () => {
  assert.deepEqual(
    summarize(REPORT, DONE).committed.map(({ topic, partition }) => `${topic}${partition}`),
    ['a2', 'a10', 'b0'],
  );
});

test('a run that was stopped before its end has exit code 7, a failed run that of its error', () => {
  assert.equal(summarize(REPORT, DONE).exitCode, 0);
  const stopped = summarize(REPORT, { ...DONE, stoppedBeforeEnd: true });
  assert.deepEqual([stopped.exitCode, stopped.reason.code], [7, 'STOPPED_BEFORE_END']);
  const error = new DispatcherError('CONFIGURATION', 'hunter2 is refused', { remedy: 'change hunter2' });
  const failed = summarize({ ...REPORT, state: 'failed', error }, DONE);
  assert.deepEqual(
    [failed.exitCode, failed.reason.message, failed.reason.remedy],
    [error.exitCode, '*** is refused', 'change ***'],
  );
});

test('secrets are masked in the names and labels of metrics', () => {
  const [metric] = summarize(REPORT, DONE).metrics;
  assert.deepEqual([metric?.name, metric?.labels], ['seen ***', { user: '***' }]);
});
