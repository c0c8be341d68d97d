/** Events of runs for schedulers, on a real broker: `-o jsonl` and `--progress-file`. */
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { test } from 'node:test';
import type { RunEvent } from '../../../src/app/progress/events.js';
import { runKd, spawnKd } from '../../support/kd.js';
import { sharedCluster } from '../../support/shared-cluster.js';
import { assertLaw, Job } from '../job.js';

type EventOf<Kind extends RunEvent['event']> = Extract<RunEvent, { event: Kind }>;

const RECORDS = 3_000;
const FIRST_MS = 1_700_000_000_000;
/** Slow enough that two members are still at work at the first event of progress. */
const RATE = '100/s';

function eventsIn(text: string): readonly RunEvent[] {
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as RunEvent);
}

function only<Kind extends RunEvent['event']>(events: readonly RunEvent[], kind: Kind): EventOf<Kind> {
  const found = events.filter((one): one is EventOf<Kind> => one.event === kind);
  assert.equal(found.length, 1, `${found.length} events ${kind}`);
  const [first] = found;
  assert.ok(first !== undefined);
  return first;
}

test('two members show the progress of the whole job; a stop is exit 7, the next run goes on', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 2 });
  await cluster.tool.produce({
    topic: job.input,
    recipe: { records: RECORDS, partitions: 2, timestampBaseMs: FIRST_MS },
  });
  const args = ['run', '--until', 'end', '-o', 'jsonl', '--rate', RATE];
  const members = ['a.jsonl', 'b.jsonl'].map((file) =>
    spawnKd([...args, '--progress-file', file], { cwd: job.folder }),
  );
  await Promise.all(members.map((kd) => kd.waitFor(/"event":"progress"/)));
  for (const kd of members) kd.kill('SIGTERM');
  const results = await Promise.all(members.map((kd) => kd.ended));
  let done = 0;
  for (const [index, { code, stdout, stderr }] of results.entries()) {
    assert.equal(code, 7, stderr);
    const events = eventsIn(stdout);
    assert.deepEqual(
      events,
      eventsIn(readFileSync(join(job.folder, ['a.jsonl', 'b.jsonl'][index] ?? ''), 'utf8')),
    );
    const { partitions } = only(events, 'started').range;
    assert.deepEqual(
      partitions.map(({ topic, partition }) => [topic, partition]),
      [
        [job.input, 0],
        [job.input, 1],
      ],
    );
    const { progress, records, rate } = only(events, 'progress');
    // From where the member found the group: the other one may have begun before.
    const whole = partitions.reduce((sum, { from, until }) => sum + until - from, 0);
    assert.equal(progress.recordsDone + (progress.recordsToDo ?? 0), whole);
    // Each member counts what the other one has committed, too.
    assert.ok(progress.recordsDone > 1.3 * records.transformed, JSON.stringify({ progress, records }));
    assert.equal(progress.percent, Math.floor((progress.recordsDone / whole) * 1000) / 10);
    assert.ok((progress.etaSeconds ?? 0) > 1 && progress.recordsPerSecond.now > rate.recordsPerSecond);
    assert.ok((progress.bytesToDoEstimate ?? 0) > (progress.bytesDoneEstimate ?? 0) / 100);
    assert.equal(progress.slowest?.topic, job.input);
    const finished = only(events, 'finished');
    assert.equal(finished.exitCode, 7);
    assert.equal(finished.reason.code, 'STOPPED_BEFORE_END');
    assertLaw(finished);
    done += finished.records.transformed;
  }
  const resumed = await runKd(['run', '--until', 'end', '-o', 'jsonl'], { cwd: job.folder });
  assert.equal(resumed.code, 0, resumed.stderr);
  const events = eventsIn(resumed.stdout);
  const { progress, range, records, emittedBy } = only(events, 'finished');
  assert.equal(records.transformed, RECORDS - done);
  assert.deepEqual([progress.percent, progress.recordsDone, progress.recordsToDo], [100, RECORDS - done, 0]);
  assert.deepEqual(range.partitions, only(events, 'started').range.partitions);
  assert.equal(
    range.partitions.reduce((sum, { from }) => sum + from, 0),
    done,
  );
  assert.ok(Date.parse(range.firstTimestamp ?? '') > FIRST_MS);
  assert.ok(Date.parse(range.lastTimestamp ?? '') < FIRST_MS + 10 * RECORDS);
  assert.deepEqual(emittedBy, { [job.output]: RECORDS - done });
  job.remove();
});

test('a run that can not connect says so in its last event', async () => {
  const job = await Job.create({ cluster: await sharedCluster(), bootstrapServers: '127.0.0.1:1' });
  const { code, stdout } = await runKd(['run', '--until', 'end', '-o', 'jsonl'], { cwd: job.folder });
  assert.equal(code, 3);
  const events = eventsIn(stdout);
  assert.deepEqual(
    events.map(({ event }) => event),
    ['started', 'finished'],
  );
  const { exitCode, reason, progress } = only(events, 'finished');
  assert.deepEqual([exitCode, reason.retryable, progress.percent], [3, true, null]);
  job.remove();
});

test('a wrong progress file ends a run before anything is read; a reader that leaves does not', async () => {
  const cluster = await sharedCluster();
  const job = await Job.create({ cluster, partitions: 1 });
  await cluster.tool.produce({ topic: job.input, recipe: { records: 1_000, partitions: 1 } });
  const wrong = await runKd(['run', '--until', 'end', '--progress-file', 'missing/p.jsonl'], {
    cwd: job.folder,
  });
  assert.equal(wrong.code, 2);
  assert.match(wrong.stderr, /progress file .*missing\/p\.jsonl can't be written/);
  assert.deepEqual(await cluster.tool.committed(job.group), []);
  const kd = spawnKd(['run', '--until', 'end', '-o', 'jsonl', '--rate', '500/s'], { cwd: job.folder });
  await kd.waitFor(/"event":"started"/);
  kd.child.stdout?.destroy();
  const { code, stderr } = await kd.ended;
  assert.equal(code, 0, stderr);
  assert.match(stderr, /can't be written any more; the run continues.*its reader has gone/);
  assert.equal(await job.committed(), 1_000);
  job.remove();
});
