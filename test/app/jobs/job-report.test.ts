import assert from 'node:assert/strict';
import { test } from 'node:test';
import { doneSummary } from '../../../src/app/jobs/done-summary.js';
import { boundsOf, jobCounts, jobReport } from '../../../src/app/jobs/job-report.js';
import { renderSummary } from '../../../src/cli/terminal/summary-text.js';
import type { JobState } from '../../../src/core/jobs/job-state.js';
import { jobConfig } from '../../checks/support.js';
import { jobCounts as counts, jobInstance } from '../../core/jobs/sample-job.js';
import { AT, PIN, TOPIC_ID } from './support/job-scene.js';
import { type Entry, JOB_GROUP, memoryStore } from './support/memory-store.js';

const IDENTITY = { name: 'j', group: JOB_GROUP, resumed: true };
const LOST = { topic: 'in', partition: 0, from: 100, to: 130 };
const DONE_AT = '2026-11-28T10:01:40.000Z';
const TOPICS = [...PIN.topics, { topic: 'old', id: null, ranges: [[3, 0, 0]] as const }];

async function stateOf(...more: readonly Entry[]): Promise<JobState> {
  const { state } = await memoryStore([2, 'pin', 'a', { ...PIN, topics: TOPICS }], ...more);
  assert.ok(state !== undefined);
  return state;
}

const WORKED: readonly Entry[] = [
  [
    2,
    'instance',
    'a',
    jobInstance({ ended: false, counts: counts({ consumed: 50, transformed: 40, unsettled: 10 }) }),
  ],
  [2, 'instance', 'b', jobInstance({ counts: counts({ consumed: 160, transformed: 160, skipped: 1 }) })],
  [2, 'change', 'c', { at: AT, parts: {}, topics: [], lost: [LOST] }],
];

test('the ends of a job are those of its pin, each with the identity of its topic', async () => {
  assert.deepEqual(boundsOf(await stateOf()), [
    { topic: 'in', partition: 0, low: 100, end: 200, topicId: TOPIC_ID },
    { topic: 'in', partition: 1, low: 100, end: 200, topicId: TOPIC_ID },
    { topic: 'old', partition: 3, low: 0, end: 0 },
  ]);
});

test('records that were deleted unread are counted as skipped, beside those that a run skipped', async () => {
  const { records } = jobCounts(await stateOf(...WORKED));
  assert.deepEqual([records.consumed, records.transformed, records.retried], [200, 200, 10]);
  assert.equal(records.skipped, 31);
});

test('a report says who has worked on the job, and which of them have not reported their end', async () => {
  const report = jobReport(IDENTITY, await stateOf(...WORKED));
  assert.deepEqual([report.instances, report.unended, report.run, report.resumed], [2, 1, 2, true]);
  assert.deepEqual([report.startedAt, report.finishedAt, report.lost], [PIN.createdAt, null, [LOST]]);
  assert.deepEqual(report.ranges.at(-1), { topic: 'old', partition: 3, from: 0, until: 0 });
  assert.equal(report.records.skipped, 31);
});

test('a job that is finished already has the summary of the whole job, with exit code 0', async () => {
  const state = await stateOf(...WORKED, [2, 'finished', '', { at: DONE_AT }]);
  const summary = doneSummary(jobConfig(), IDENTITY, state, DONE_AT);
  assert.deepEqual([summary.state, summary.exitCode, summary.reason.code], ['already-done', 0, 'DONE']);
  assert.match(
    summary.reason.message,
    /the job j was finished at 2026-11-28T10:01:40.000Z; nothing was read/,
  );
  assert.match(summary.reason.remedy ?? '', /--again runs it once more/);
  assert.deepEqual([summary.elapsedSeconds, summary.rate.recordsPerSecond], [100, 2]);
  assert.deepEqual([summary.startedAt, summary.endedAt], [AT, DONE_AT]);
  assert.deepEqual([summary.progress.percent, summary.progress.recordsDone], [100, 200]);
  assert.deepEqual(
    summary.committed.map(({ topic, partition, offset }) => `${topic}[${partition}] ${offset}`),
    ['in[0] 200', 'in[1] 200', 'old[3] 0'],
  );
  assert.equal(summary.job?.finishedAt, DONE_AT);
});

test('a job that was finished in the moment of its start has no rate, not an infinite one', async () => {
  const { rate } = doneSummary(jobConfig(), IDENTITY, await stateOf(...WORKED), AT);
  assert.equal(rate.recordsPerSecond, 0);
});

test('the summary of a finished job can be printed for people', async () => {
  const state = await stateOf(...WORKED, [2, 'finished', '', { at: DONE_AT }]);
  const text = renderSummary(doneSummary(jobConfig(), IDENTITY, state, DONE_AT));
  assert.match(text, /^ {2}state +already-done, exit 0$/m);
  assert.match(text, /^ {2}do +--again runs it once more/m);
  assert.match(text, /^ {2}range +in\[0-1\] 100–199, old\[3\] empty$/m);
  assert.match(text, /^ {2}job +j, run 2: from earliest until end, as group g\.job\.j$/m);
  assert.match(text, /^ {2}job in all +200 records .* by 2 instances \(1 killed or not ended yet/m);
});

test('an instance that was killed is counted as one without an end, however many have ended', async () => {
  const ended = ['a', 'b', 'c'].map((id): Entry => [2, 'instance', id, jobInstance()]);
  const state = await stateOf(...ended, [2, 'instance', 'd', jobInstance({ ended: false })]);
  const { instances, unended } = jobReport(IDENTITY, state);
  assert.deepEqual([instances, unended], [4, 1]);
});
