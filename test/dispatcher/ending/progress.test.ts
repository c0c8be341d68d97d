import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { DispatcherSettings } from '../../../src/dispatcher/settings.js';
import type { EndOffset } from '../../../src/ports/source.js';
import { Bench, partition } from '../bench.js';

const POLL_MS = 1_200;
const ENDS: readonly EndOffset[] = [0, 1].map((id) => ({ topic: 'in', partition: id, low: 0, end: 100 }));

function commitsOf(first: number, second: number): { topic: string; partition: number; offset: number }[] {
  return [first, second].map((offset, id) => ({ topic: 'in', partition: id, offset }));
}

/** Partition 0 is ours from its beginning; another member has committed 30 of partition 1. */
async function started(settings: Partial<DispatcherSettings> = {}): Promise<Bench> {
  const bench = new Bench({ until: 'end', ...settings });
  bench.source.ends = Promise.resolve(ENDS);
  bench.source.endsLater = ENDS;
  bench.commits.committed = commitsOf(-1, 30);
  await bench.start();
  await bench.pass(POLL_MS);
  await bench.assign(0);
  return bench;
}

async function settleOurs(bench: Bench, from: number, to: number): Promise<void> {
  bench.deliver(0, from, to);
  await bench.settle();
  bench.sink.settle();
  await bench.settle();
}

function doneIn(bench: Bench): readonly [number | null, number, number | null] {
  const { percent, recordsDone, recordsToDo } = bench.dispatcher.status().progress;
  return [percent, recordsDone, recordsToDo];
}

test('our records and what others commit are one progress, from where the group was found', async () => {
  const bench = await started();
  assert.deepEqual(doneIn(bench), [0, 0, 170]);
  await settleOurs(bench, 0, 50);
  assert.deepEqual(doneIn(bench), [29.4, 50, 120]);
  bench.commits.committed = commitsOf(-1, 80);
  await bench.pass(POLL_MS);
  assert.deepEqual(doneIn(bench), [58.8, 100, 70]);
  const { range } = bench.dispatcher.standing();
  assert.deepEqual(
    range.partitions.map(({ from, until }) => [from, until]),
    [
      [0, 100],
      [30, 100],
    ],
  );
  bench.dispatcher.stop();
  await bench.end();
});

test('the parts of a job are counted from its beginning, also by a member that joins later', async () => {
  const bench = await started({ ends: ENDS, readsOnlyEnds: true });
  assert.deepEqual(doneIn(bench), [15, 30, 170]);
  await bench.pass(POLL_MS);
  assert.equal(bench.dispatcher.status().progress.recordsPerSecond.overall, 0, 'others did it before');
  bench.dispatcher.stop();
  await bench.end();
});

test('a lost partition takes back nothing that was shown, and a drain is in the report', async () => {
  const bench = await started();
  await settleOurs(bench, 0, 40);
  assert.deepEqual(doneIn(bench), [23.5, 40, 130]);
  bench.group.events?.revoked([partition(0)], true);
  await bench.pass(POLL_MS);
  assert.deepEqual(doneIn(bench), [23.5, 40, 130]);
  await bench.assign(0);
  assert.deepEqual(doneIn(bench), [23.5, 40, 130]);
  await settleOurs(bench, 0, 50);
  bench.deliver(0, 50, 60);
  await bench.settle();
  bench.dispatcher.stop();
  await bench.settle();
  bench.sink.settle();
  const { progress, error } = await bench.end();
  assert.equal(error, undefined);
  assert.deepEqual([progress.recordsDone, progress.recordsToDo], [60, 110]);
});

test('when the end is reached, everything is done: 100 %', async () => {
  const bench = await started();
  await settleOurs(bench, 0, 50);
  await settleOurs(bench, 50, 100);
  bench.commits.committed = commitsOf(100, 100);
  const report = await bench.end();
  assert.equal(report.endReached, true);
  const { percent, recordsDone, recordsToDo, slowest } = report.progress;
  assert.deepEqual([percent, recordsDone, recordsToDo, slowest], [100, 170, 0, null]);
});
