import assert from 'node:assert/strict';
import { test } from 'node:test';
import { JOB_RECORD_BYTES_MAX, valueText } from '../../../src/core/jobs/job-record.js';
import { VALUES } from '../../core/jobs/sample-job.js';
import { refused } from '../refused.js';
import { AT, PIN } from './support/job-scene.js';
import { JOB_GROUP, memoryStore } from './support/memory-store.js';

test('a record is written to partition 0, under the key of its job, run, kind and instance', async () => {
  const store = await memoryStore();
  await store.write({ run: 3, kind: 'instance', id: 'i' }, VALUES.instance);
  await store.write({ run: 3, kind: 'finished', id: '' }, { at: AT });
  assert.deepEqual(
    store.sink.records.map(({ key, value, partition }) => [key?.toString(), value?.toString(), partition]),
    [
      [`${JOB_GROUP}/3/instance/i`, valueText('instance', VALUES.instance), 0],
      [`${JOB_GROUP}/3/finished`, valueText('finished', { at: AT }), 0],
    ],
  );
});

test('a record is there when writing it has resolved, not before', async () => {
  const store = await memoryStore();
  store.sink.isHeld = true;
  let isDone = false;
  const written = store.write({ run: 1, kind: 'started', id: '' }, { at: AT }).then(() => {
    isDone = true;
  });
  await new Promise((resolve) => setTimeout(resolve, 5));
  assert.equal(isDone, false);
  store.sink.release();
  await written;
});

test('records are removed with tombstones, so that compaction forgets them', async () => {
  const store = await memoryStore([1, 'pin', 'a', PIN]);
  await store.remove([`${JOB_GROUP}/1/pin/a`, `${JOB_GROUP}/1/started`]);
  assert.deepEqual(
    store.sink.records.map(({ key, value }) => [key?.toString(), value]),
    [
      [`${JOB_GROUP}/1/pin/a`, null],
      [`${JOB_GROUP}/1/started`, null],
    ],
  );
  assert.equal(store.state, undefined);
});

test('a record that a broker refuses is an error with its words, and with what to do', async () => {
  const store = await memoryStore();
  store.sink.refuse = () => ({ fault: 'refused', name: 'TOPIC_AUTHORIZATION_FAILED' });
  await assert.rejects(
    store.write({ run: 1, kind: 'started', id: '' }, { at: AT }),
    refused('KAFKA_REFUSED', /was not written to \S+: TOPIC_AUTHORIZATION_FAILED/, /give this user WRITE on/),
  );
  store.sink.refuse = () => ({ fault: 'refused', name: 'X', words: "the broker's own words" });
  await assert.rejects(
    store.remove(['k']),
    refused('KAFKA_REFUSED', /: the broker's own words/),
    'the second refusal has its own words',
  );
});

test('a record after a refused one is written, and is no error', async () => {
  const store = await memoryStore();
  store.sink.refuse = () => ({ fault: 'refused', name: 'X' });
  await assert.rejects(store.write({ run: 1, kind: 'started', id: '' }, { at: AT }));
  store.sink.refuse = () => undefined;
  await store.write({ run: 1, kind: 'finished', id: '' }, { at: AT });
  assert.deepEqual(store.written, ['1/finished']);
});

/** A pin whose record has as many bytes. */
function pinOf(bytes: number): typeof PIN {
  const fixed = Buffer.byteLength(valueText('pin', { ...PIN, version: '' }));
  return { ...PIN, version: 'x'.repeat(bytes - fixed) };
}

test('a job of too many partitions is refused before Kafka refuses its record', async () => {
  const store = await memoryStore();
  await store.write({ run: 1, kind: 'pin', id: 'a' }, pinOf(JOB_RECORD_BYTES_MAX));
  await assert.rejects(
    store.write({ run: 1, kind: 'pin', id: 'b' }, pinOf(JOB_RECORD_BYTES_MAX + 1)),
    refused(
      'USAGE',
      /too many partitions: its pin record would be 900001 bytes/,
      /split the job with --partitions/,
    ),
  );
  assert.equal(store.sink.records.length, 1);
});
