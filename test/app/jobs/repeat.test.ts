import assert from 'node:assert/strict';
import { test } from 'node:test';
import { asBefore, pinnedAgain, requireSameOptions } from '../../../src/app/jobs/repeat.js';
import { askedAgain, jobConfig, withPinnedTopics } from '../../../src/app/jobs/request.js';
import type { JobPin } from '../../../src/core/jobs/job-record.js';
import { jobConfig as config } from '../../checks/support.js';
import { refused } from '../refused.js';
import { BEGUN, PIN, request } from './support/job-scene.js';
import { memoryStore } from './support/memory-store.js';

const TWO_HOURS_AGO_MS = 1_764_000_000_000;
const DAY: JobPin = {
  ...PIN,
  from: { text: '-2h', timestampMs: TWO_HOURS_AGO_MS },
  until: { text: '-10' },
  partitions: '0-1',
};

test('--again without options repeats the job as it was, with the times of its start', () => {
  const again = asBefore(request({ again: true }), DAY);
  assert.deepEqual(again.from, { text: '-2h', position: { kind: 'time', timestampMs: TWO_HOURS_AGO_MS } });
  assert.deepEqual(again.until, { text: '-10', position: { kind: 'before', offsets: 10 } });
  assert.deepEqual(again.partitions, { text: '0-1', numbers: new Set([0, 1]) });
  assert.equal(again.again, true);
});

test('--again with options takes those that are typed, and the rest as it was', () => {
  const again = asBefore(request({ from: 'earliest', partitions: [1] }), DAY);
  assert.deepEqual([again.from?.text, again.until?.text, again.partitions?.text], ['earliest', '-10', '1']);
});

test('--again of a job that had all partitions has all of them, also those that came since', () => {
  assert.equal(asBefore(request(), PIN).partitions, undefined);
});

test('--again of a job that began at the offsets of a file needs the file, unless it is typed', () => {
  const pin = { ...PIN, from: { text: '@offsets.json' } };
  assert.throws(() => asBefore(request(), pin), refused('USAGE', /offsets of a file/, /--from or --until @/));
  assert.equal(asBefore(request({ from: '120' }), pin).from?.text, '120');
});

test('a position of a job is what it meant at its start, then what is typed, then what it says', () => {
  const typed = { text: '120', position: { kind: 'offset', offset: 120 } } as const;
  const pinned = { text: '-2h', timestampMs: 5 };
  assert.deepEqual(pinnedAgain(pinned, typed), { kind: 'time', timestampMs: 5 });
  assert.deepEqual(pinnedAgain({ text: '@o.json' }, typed), typed.position);
  assert.deepEqual(pinnedAgain({ text: 'end' }, undefined), { kind: 'end' });
});

test('a finished job is asked for with its own options, or with none', () => {
  requireSameOptions(request(), DAY);
  requireSameOptions(request({ from: '-2h', until: '-10' }), DAY);
  assert.throws(
    () => requireSameOptions(request({ until: 'end', partitions: [1] }), DAY),
    refused(
      'USAGE',
      /--until was -10 at its start, and is end now; --partitions was 0-1 at its start, and is 1 now/,
      /use another --job NAME for a new job, or --again to repeat this one/,
    ),
  );
});

test('a job has a group of its own, and no policy that could choose a position for it', () => {
  const given = config(['kafka.consumer.auto-offset-reset=latest', 'kafka.consumer.out-of-range=latest']);
  const { consumer, producer, dispatcher } = jobConfig(given, 'yesterday');
  assert.deepEqual(
    [consumer.groupId, consumer.autoOffsetReset, consumer.outOfRange],
    ['g.job.yesterday', 'none', 'stop'],
  );
  assert.deepEqual([producer, dispatcher], [given.producer, given.dispatcher], 'all else is as configured');
  assert.equal(given.consumer.groupId, 'g', 'the given configuration is not changed');
});

test('an expression becomes the topics that the job has: a new topic is no part of it', async () => {
  const { state } = await memoryStore(...BEGUN);
  assert.ok(state !== undefined);
  const pattern = config(['kafka.consumer.topics=/^in/']);
  assert.deepEqual(withPinnedTopics(pattern, state).consumer.topics, { names: ['in'] });
  const names = config(['kafka.consumer.topics=in,more']);
  assert.equal(withPinnedTopics(names, state), names);
});

test('what the command line asks for is compared as it was typed', () => {
  assert.deepEqual(askedAgain(request()), { from: undefined, until: undefined, partitions: undefined });
  assert.deepEqual(askedAgain(request({ from: '-60m', until: 'end', partitions: [0, 1] })), {
    from: '-60m',
    until: 'end',
    partitions: '0,1',
  });
});
