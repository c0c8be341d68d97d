/** A destination that takes nothing: what is said, how long it is tried, and what ends it. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { type DestinationFault, Stall } from '../../../src/dispatcher/settlement/stall.js';
import type { Sink } from '../../../src/ports/sink.js';
import { partition } from '../bench.js';
import { type Standing, standing, warningsOf } from './run-state.js';

interface Scene extends Standing {
  readonly stall: Stall;
  readonly rewinds: (readonly [reason: string, delayMs: number])[];
  /** The records at these offsets of partition 0 were not accepted. */
  readonly fails: (last: number, more?: Partial<DestinationFault>) => void;
  /** Everything below this offset of partition 0 is settled. */
  readonly settled: (offset: number) => void;
}

function scene(refusal?: NonNullable<Sink['refusal']>): Scene {
  const parts = standing({ stallTimeoutMs: 60_000 }, refusal);
  const { state } = parts;
  const rewinds: (readonly [string, number])[] = [];
  const stall = new Stall(state, (reason, delayMs) => rewinds.push([reason, delayMs]));
  const settled = (offset: number): void => {
    state.partitions.drop(0);
    state.partitions.open(partition(0), offset);
  };
  settled(10);
  return {
    ...parts,
    stall,
    rewinds,
    settled,
    fails: (last, more = {}) =>
      stall.destinationFailed({
        topic: 'out',
        name: 'NOT_ENOUGH_REPLICAS',
        refused: false,
        rows: 5,
        lastOffsets: new Map([[0, last]]),
        ...more,
      }),
  };
}

test('a topic that takes nothing is named, and the records are read again after a pause', () => {
  const { stall, fails, rewinds, lines, failures } = scene();
  assert.equal(stall.stalled, undefined);
  fails(20);
  assert.equal(stall.stalled, "topic out can't be written: NOT_ENOUGH_REPLICAS");
  assert.deepEqual(rewinds, [['topic out could not be written (NOT_ENOUGH_REPLICAS)', 500]]);
  assert.deepEqual(lines.all, [
    {
      level: 'error',
      message: 'stalled: the destination refuses records; nothing is dropped, the records are read again',
      fields: { topic: 'out', code: 'NOT_ENOUGH_REPLICAS', records: 5, retryInMs: 500, givesUpInMs: 60_000 },
    },
  ]);
  assert.deepEqual(failures, []);
});

test('the pauses double up to ten seconds, and the time until it gives up gets shorter', () => {
  const { fails, rewinds, lines, pass } = scene();
  for (let time = 0; time < 7; time++) {
    fails(20);
    pass(1_000);
  }
  assert.deepEqual(
    rewinds.map(([, delayMs]) => delayMs),
    [500, 1_000, 2_000, 4_000, 8_000, 10_000, 10_000],
  );
  assert.deepEqual(
    lines.all.map(({ fields }) => fields['givesUpInMs']),
    [60_000, 59_000, 58_000, 57_000, 56_000, 55_000, 54_000],
  );
});

test('the run ends when a next pause would be over only after the stall timeout', () => {
  const { fails, failures, pass, rewinds } = scene();
  fails(20, { words: 'two replicas are down' });
  pass(59_000);
  fails(20, { words: 'two replicas are down' });
  assert.deepEqual([failures.length, rewinds.length], [0, 2], 'a pause of one second still fits');
  pass(500);
  fails(20, { words: 'two replicas are down' });
  const [error] = failures;
  assert.equal(error?.code, 'DESTINATION_STALLED');
  assert.equal(
    error.message,
    "topic out can't be written: NOT_ENOUGH_REPLICAS (two replicas are down), for 59500 ms",
  );
  assert.match(error.remedy ?? '', /create or repair topic out, then start again: nothing was lost/);
});

test('a failure that is over is forgotten: the next one has the whole time again', () => {
  const { stall, fails, settled, failures, lines, rewinds, pass } = scene();
  fails(20);
  pass(50_000);
  settled(21);
  stall.check();
  assert.deepEqual([stall.stalled, lines.of('info')], [undefined, ['info delivery continues after 50 s']]);
  pass(20_000);
  fails(40);
  assert.deepEqual([failures.length, rewinds.at(-1)?.[1]], [0, 500]);
});

test('acknowledged records end no failure while those that failed are not settled', () => {
  const { stall, fails, settled, failures, pass } = scene();
  fails(20);
  pass(40_000);
  stall.delivered();
  settled(15);
  stall.check();
  assert.notEqual(stall.stalled, undefined, 'the last of them was offset 20');
  fails(20);
  pass(40_000);
  fails(20);
  assert.equal(failures[0]?.code, 'DESTINATION_STALLED');
});

test('a partition that was revoked waits for nothing any more', () => {
  const { stall, state, fails } = scene();
  fails(20);
  state.partitions.drop(0);
  stall.check();
  assert.equal(stall.stalled, undefined);
});

test('a missing right ends the run at once, with the words of the sink if it has some', () => {
  const plain = scene();
  plain.fails(20, { refused: true, name: 'TOPIC_AUTHORIZATION_FAILED' });
  assert.deepEqual([plain.failures[0]?.code, plain.rewinds], ['KAFKA_REFUSED', []]);
  assert.match(plain.failures[0]?.remedy ?? '', /allow this client to write to topic out/);
  const worded = scene((name, topic) => new DispatcherError('FENCED', `${name} on ${topic}`));
  worded.fails(20, { refused: true, name: 'SOME_RIGHT' });
  assert.deepEqual(
    worded.failures.map(({ code, message }) => [code, message]),
    [['FENCED', 'SOME_RIGHT on out']],
  );
});

test('while the run stops there is no other try', () => {
  const { state, fails, failures, rewinds } = scene();
  state.lifecycle.stop();
  fails(20);
  assert.deepEqual([failures[0]?.code, rewinds], ['DESTINATION_STALLED', []]);
  assert.equal(failures[0]?.message, "topic out can't be written: NOT_ENOUGH_REPLICAS", 'for no time yet');
});

test('silence is warned of after ten seconds, once, and ends the run after the stall timeout', () => {
  const { state, stall, lines, failures, pass } = scene();
  for (const [number, name] of ['a', 'b', 'c', 'd', 'e', 'f'].entries()) state.topicNames.set(number, name);
  for (let second = 0; second <= 60; second++) {
    stall.tick(true);
    if (second === 10) assert.equal(stall.stalled, undefined);
    if (second === 11) assert.equal(stall.stalled, 'no delivery is acknowledged');
    pass(1_000);
  }
  const [warning, ...more] = warningsOf(lines);
  assert.deepEqual([warning?.message, more], ['stalled: no delivery is acknowledged', []]);
  assert.deepEqual(warning?.fields, { topics: 'a, b, c, d, e …', silentMs: 11_000, givesUpInMs: 49_000 });
  assert.equal(failures.length, 0);
  stall.tick(true);
  assert.equal(failures[0]?.code, 'DESTINATION_STALLED');
  assert.match(failures[0].message, /^no delivery to a, b, c, d, e … was acknowledged for 61000 ms$/);
  assert.match(failures[0].remedy ?? '', /min\.insync\.replicas/);
});

test('an acknowledged record ends the silence, and its warning', () => {
  const { stall, lines, failures, pass } = scene();
  stall.tick(true);
  pass(20_000);
  stall.tick(true);
  assert.equal(stall.stalled, 'no delivery is acknowledged');
  stall.delivered();
  assert.deepEqual([stall.stalled, lines.of('info')], [undefined, ['info delivery continues after 20 s']]);
  pass(50_000);
  stall.tick(true);
  assert.deepEqual(failures, []);
});

test('while nothing is sent there is no silence', () => {
  const { stall, lines, failures, pass } = scene();
  for (let minute = 0; minute < 5; minute++) {
    stall.tick(false);
    pass(60_000);
  }
  stall.tick(false);
  pass(9_000);
  stall.tick(true);
  assert.deepEqual([lines.all, failures], [[], []]);
});
