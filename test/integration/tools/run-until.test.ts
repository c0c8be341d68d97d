/** `kd run --until P` without a job: from where the group is up to a position. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { Summary } from '../../../src/app/summary.js';
import { lastJson, runKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertLaw, Job } from '../job.js';

const NOON_MS = Date.parse('2026-11-27T12:00:00Z');
const PER_PARTITION = 20;

async function jobWithRecords(): Promise<Job> {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 2 });
  await cluster.tool.send(
    job.input,
    [0, 1].flatMap((partition) =>
      Array.from({ length: PER_PARTITION }, (_, n) => ({
        key: null,
        value: Buffer.from(`${partition}-${n}`),
        partition,
        timestamp: NOON_MS + 60_000 * n,
      })),
    ),
  );
  return job;
}

async function runUntil(job: Job, until: string): Promise<{ summary: Summary; stderr: string }> {
  const { code, stdout, stderr } = await runKd(['run', '-o', 'json', '--until', until], { cwd: job.folder });
  assert.equal(code, 0, stderr + stdout);
  const summary = lastJson(stdout) as Summary;
  assertLaw(summary);
  return { summary, stderr };
}

const ends = ({ committed }: Summary): readonly number[] => committed.map(({ offset }) => offset);

test('a run goes from the commits of its group to a time, an offset, or some records further', async () => {
  const job = await jobWithRecords();
  const timed = await runUntil(job, '2026-11-27T12:05Z');
  assert.deepEqual([timed.summary.records.consumed, ends(timed.summary)], [10, [5, 5]]);
  assert.match(timed.stderr, /until 2026-11-27T12:05:00.000Z/);
  const further = await runUntil(job, '+3');
  assert.deepEqual([further.summary.records.consumed, ends(further.summary)], [6, [8, 8]]);
  const absolute = await runUntil(job, '10');
  assert.deepEqual([absolute.summary.records.consumed, ends(absolute.summary)], [4, [10, 10]]);
  const passed = await runUntil(job, '4');
  assert.equal(passed.summary.records.consumed, 0, 'the group is beyond it');
  const last = await runUntil(job, '-5');
  assert.deepEqual([last.summary.records.consumed, ends(last.summary)], [10, [15, 15]]);
  const late = await runUntil(job, '2026-11-28');
  assert.deepEqual([late.summary.records.consumed, ends(late.summary)], [10, [20, 20]]);
  assert.match(late.stderr, /until: no record is of that time or later: the end/);
  job.remove();
});

test('a position that is none is refused with examples, and a missing topic by its name', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  const wrong = await runKd(['run', '--until', 'yesterday'], { cwd: job.folder });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /"yesterday" is not a position; write one, for example earliest, -2h/);
  const missing = await runKd(
    ['run', '--until', '-1h', '--set', `kafka.consumer.topics=${job.input}-not-there`],
    { cwd: job.folder },
  );
  assert.equal(missing.code, 3, missing.stderr);
  assert.match(missing.stderr, /the topic \S+-not-there does not exist[^]*kd topics create -c kd.yml/);
  job.remove();
});
