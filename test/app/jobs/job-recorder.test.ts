import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JobRecorder } from '../../../src/app/jobs/job-recorder.js';
import { DispatcherError } from '../../../src/core/errors.js';
import type { JobInstance } from '../../../src/core/jobs/job-record.js';
import { jobInstance } from '../../core/jobs/sample-job.js';
import { Lines, settle } from '../reload/helpers.js';
import { BEGUN, PIN, TOPIC_ID } from './support/job-scene.js';
import { type Entry, JOB_GROUP, type MemoryStore, memoryStore } from './support/memory-store.js';
import { ENDED_AT, summaryOf } from './support/run-summary.js';

interface Recording {
  readonly store: MemoryStore;
  readonly logger: Lines;
  readonly recorder: JobRecorder;
}

async function recording(entries: readonly Entry[] = BEGUN): Promise<Recording> {
  const store = await memoryStore(...entries);
  const { state } = store;
  assert.ok(state !== undefined);
  const logger = new Lines();
  const identity = { name: 'j', group: JOB_GROUP, resumed: true };
  return { store, logger, recorder: new JobRecorder({ store, state, identity, logger }) };
}

const instancesOf = ({ state }: MemoryStore): readonly JobInstance[] => [
  ...(state?.instances.values() ?? []),
];

test('an instance is known from its start on, so that one that is killed is not forgotten', async (t) => {
  const { recorder, store } = await recording();
  recorder.observe(() => summaryOf({ records: { consumed: 5, transformed: 3, unsettled: 2 } }));
  t.after(() => recorder.conclude(summaryOf()));
  await settle();
  const [instance] = instancesOf(store);
  assert.deepEqual([instance?.ended, instance?.counts.records.consumed], [false, 5]);
});

test('it writes every ten seconds, and never while the last record is under way', async (t) => {
  t.mock.timers.enable({ apis: ['setInterval'] });
  const { recorder, store } = await recording();
  let consumed = 0;
  recorder.observe(() => summaryOf({ records: { consumed: ++consumed } }));
  await settle();
  store.sink.isHeld = true;
  t.mock.timers.tick(10_000);
  await settle();
  t.mock.timers.tick(30_000);
  await settle();
  assert.deepEqual([store.written.length, consumed], [2, 2], 'the broker does not answer');
  store.sink.isHeld = false;
  store.sink.release();
  await settle();
  t.mock.timers.tick(9_999);
  await settle();
  assert.equal(consumed, 2);
  t.mock.timers.tick(1);
  await settle();
  assert.deepEqual([store.written.length, consumed], [3, 3]);
  await recorder.conclude(summaryOf());
  t.mock.timers.tick(60_000);
  assert.equal(consumed, 3, 'nothing is written after the end');
});

test('progress that could not be recorded is a warning, and the run goes on', async () => {
  const { recorder, store, logger } = await recording();
  store.sink.refuse = () => ({ fault: 'refused', name: 'TOPIC_AUTHORIZATION_FAILED' });
  recorder.observe(() => summaryOf());
  await settle();
  assert.deepEqual(logger.of('warn'), [
    'warn the progress of the job was not recorded; the next attempt is in 10 s',
  ]);
  assert.match(String(logger.all[0]?.fields['error']), /TOPIC_AUTHORIZATION_FAILED/);
  store.sink.refuse = () => undefined;
  assert.equal((await recorder.conclude(summaryOf())).exitCode, 0);
});

test('a run that reached its end finishes the job, and its summary has the whole job', async () => {
  const before = jobInstance({ counts: { ...summaryOf({ records: { consumed: 60, transformed: 60 } }) } });
  const { recorder, store } = await recording([...BEGUN, [1, 'instance', 'before', before]]);
  const summary = await recorder.conclude(summaryOf({ records: { consumed: 40, transformed: 40 } }));
  assert.deepEqual(store.written, ['1/instance', '1/finished']);
  assert.equal(store.state?.finished?.at, ENDED_AT.toISOString());
  assert.deepEqual([summary.exitCode, summary.records.consumed], [0, 40], 'the run has its own counts');
  assert.deepEqual(
    [summary.job?.records.consumed, summary.job?.instances, summary.job?.unended],
    [100, 2, 0],
  );
  assert.deepEqual([summary.job?.finishedAt, summary.job?.resumed], [ENDED_AT.toISOString(), true]);
});

test('a run that was stopped leaves the job unfinished, and says that any machine may go on', async () => {
  const { recorder, store } = await recording();
  const summary = await recorder.conclude(summaryOf({ stoppedBeforeEnd: true }));
  assert.deepEqual(store.written, ['1/instance']);
  assert.deepEqual([summary.exitCode, summary.job?.finishedAt], [7, null]);
  assert.match(summary.reason.remedy ?? '', /run the same command again, on any machine/);
});

test('a run that failed keeps its error and its remedy, and the job is unfinished', async () => {
  const { recorder, store } = await recording();
  const error = new DispatcherError('RECORD_REJECTED', 'no', { remedy: 'correct it' });
  const summary = await recorder.conclude(summaryOf({ error }));
  assert.deepEqual(
    [summary.exitCode, summary.reason.message, summary.reason.remedy],
    [5, 'no', 'correct it'],
  );
  assert.equal(store.state?.finished, undefined);
});

test('a job whose position is lost has another remedy than a group: its next start decides', async () => {
  const { recorder } = await recording();
  const error = new DispatcherError('OFFSET_OUT_OF_RANGE', 'gone', { remedy: 'reset the group' });
  const { reason } = await recorder.conclude(summaryOf({ error }));
  assert.match(reason.remedy ?? '', /run the same command again: .*--accept-change, --again/);
});

test('what an instance settled is kept with the id of the topic that it was pinned with', async () => {
  const { recorder, store } = await recording();
  await recorder.conclude(
    summaryOf({
      committed: [
        { topic: 'in', partition: 1, offset: 7 },
        { topic: 'other', partition: 0, offset: 3 },
        { topic: 'in', partition: 0, offset: 9 },
      ],
    }),
  );
  assert.deepEqual(instancesOf(store)[0]?.settled, [
    {
      topic: 'in',
      id: TOPIC_ID,
      offsets: [
        [0, 9],
        [1, 7],
      ],
    },
    { topic: 'other', id: null, offsets: [[0, 3]] },
  ]);
});

test('where the end can not be recorded, the run is not done: exit 7, and it says why', async () => {
  const { recorder, store, logger } = await recording();
  store.sink.refuse = () => ({ fault: 'refused', name: 'NOT_ENOUGH_REPLICAS', words: 'too few replicas' });
  const summary = await recorder.conclude(summaryOf({ records: { consumed: 4, transformed: 4 } }));
  assert.deepEqual(
    [summary.exitCode, summary.reason.code, summary.reason.retryable],
    [7, 'KAFKA_REFUSED', true],
  );
  assert.match(
    summary.reason.message,
    /all records of the job are settled, but its end was not recorded: .*too few/,
  );
  assert.match(summary.reason.remedy ?? '', /run the same command again/);
  assert.match(logger.of('warn')[0] ?? '', /what this instance has done was not recorded/);
  assert.deepEqual(
    [summary.job?.records.consumed, summary.job?.instances],
    [4, 1],
    'it counts what it knows',
  );
});

test('where a failed run can not be recorded either, the failure of the run is reported', async () => {
  const { recorder, store } = await recording();
  store.sink.refuse = () => ({ fault: 'refused', name: 'X' });
  const error = new DispatcherError('RECORD_REJECTED', 'no');
  const { exitCode, reason } = await recorder.conclude(summaryOf({ error }));
  assert.deepEqual([exitCode, reason.code], [5, 'RECORD_REJECTED']);
});

test('a producer that fails for good is an error of Kafka in the summary', async () => {
  const { recorder, store } = await recording();
  store.sink.isHeld = true;
  const concluded = recorder.conclude(summaryOf());
  await settle();
  store.sink.fail(new Error('the broker is gone'));
  const { exitCode, reason } = await concluded;
  assert.deepEqual([exitCode, reason.code], [7, 'KAFKA_UNREACHABLE']);
  assert.match(reason.message, /the broker is gone/);
});

test('the pin of a job is not changed by its instances', async () => {
  const { recorder, store } = await recording();
  await recorder.conclude(summaryOf());
  assert.deepEqual(store.state?.pin, PIN);
});
