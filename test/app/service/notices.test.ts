import assert from 'node:assert/strict';
import { test } from 'node:test';
import { ServiceNotices } from '../../../src/app/service/notices.js';
import type { ServiceStatus } from '../../../src/app/service/sentence.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';

const STARTING: ServiceStatus = {
  state: 'starting',
  membership: 'joining',
  stalled: undefined,
  owned: 0,
  lag: undefined,
  inFlightRecords: 0,
  records: { consumed: 0 },
};
const RUNNING: ServiceStatus = { ...STARTING, state: 'running', membership: 'owner', owned: 8, lag: 1_200 };

class Bench {
  readonly clock = new VirtualClock(new Random(1));
  readonly sent: string[] = [];
  readonly notices: ServiceNotices;

  constructor(watchdogMs?: number) {
    this.notices = new ServiceNotices({
      send: (lines) => this.sent.push(...lines.split('\n')),
      watchdogMs,
      clock: this.clock,
      monotonicMicroseconds: () => 4_711n,
      redact: (text) => text.replaceAll('hunter2', '***'),
    });
  }

  add(name: string, status: ServiceStatus): { now: ServiceStatus; end: () => void } {
    const held = { now: status, end: () => this.notices.remove(run) };
    const run = { name, status: () => held.now };
    this.notices.add(run);
    return held;
  }

  /** What is sent in the next `ms`. */
  after(ms: number): readonly string[] {
    this.sent.length = 0;
    const over = { yet: false };
    this.clock.after(ms, () => {
      over.yet = true;
    });
    while (!over.yet) this.clock.step();
    return [...this.sent];
  }

  commands(ms: number): readonly string[] {
    return this.after(ms).filter((line) => /^(READY|RELOADING|STOPPING)=/.test(line));
  }
}

test('a run is ready when it has joined its group, not earlier', () => {
  const bench = new Bench();
  const run = bench.add('flights', STARTING);
  assert.deepEqual(bench.after(10_000), ['STATUS=starting: connecting to Kafka']);
  run.now = { ...RUNNING, membership: 'joining', owned: 0 };
  assert.deepEqual(bench.after(10_000), ['STATUS=starting: no partitions assigned yet']);
  run.now = RUNNING;
  assert.deepEqual(bench.after(500), [
    'READY=1',
    'STATUS=running: 8 partitions, lag 1,200 records, 0 records read',
  ]);
  assert.deepEqual(bench.after(60_000), [], 'nothing new is to say');
});

test('a spare member is ready', () => {
  const bench = new Bench();
  bench.add('flights', { ...RUNNING, membership: 'spare', owned: 0 });
  assert.deepEqual(bench.after(500), [
    'READY=1',
    'STATUS=running: a spare member, all partitions belong to others',
  ]);
});

test('a stall is told in a sentence, and the watchdog hears the loop all the same', () => {
  const bench = new Bench(4_000);
  const run = bench.add('flights', RUNNING);
  bench.after(1_000);
  run.now = { ...RUNNING, stalled: 'topic out does not answer' };
  const lines = bench.after(60_000);
  assert.equal(lines.filter((line) => line === 'STATUS=stalled: topic out does not answer').length, 1);
  assert.ok(lines.filter((line) => line === 'WATCHDOG=1').length >= 30, 'at least twice in four seconds');
  assert.deepEqual(
    lines.filter((line) => !/^(STATUS|WATCHDOG)=/.test(line)),
    [],
  );
});

test('no sign of life is sent where nobody watches', () => {
  const bench = new Bench();
  bench.add('flights', RUNNING);
  assert.ok(!bench.after(60_000).includes('WATCHDOG=1'));
});

test('a reload begins and ends with a message', () => {
  const bench = new Bench();
  const run = bench.add('flights', RUNNING);
  bench.after(1_000);
  run.now = { ...RUNNING, state: 'reloading' };
  assert.deepEqual(bench.after(500), [
    'RELOADING=1',
    'MONOTONIC_USEC=4711',
    'STATUS=reloading: changing to the new configuration',
  ]);
  run.now = RUNNING;
  assert.deepEqual(bench.commands(500), ['READY=1']);
});

test('a stop is told once, by its drain or at the latest when the run is over', () => {
  const slow = new Bench();
  const run = slow.add('flights', RUNNING);
  slow.after(1_000);
  run.now = { ...RUNNING, state: 'draining', inFlightRecords: 1 };
  assert.deepEqual(slow.after(500), ['STOPPING=1', 'STATUS=stopping: 1 record to settle']);
  slow.sent.length = 0;
  run.end();
  assert.deepEqual(slow.sent, ['STATUS=ending']);

  const quick = new Bench();
  const short = quick.add('flights', RUNNING);
  quick.after(1_000);
  quick.sent.length = 0;
  short.end();
  assert.deepEqual(quick.sent, ['STOPPING=1', 'STATUS=ending']);
});

test('of several runs the last to join decides; one that ends holds up nothing', () => {
  const bench = new Bench();
  const [one, two, three] = ['one', 'two', 'three'].map((name) => bench.add(name, STARTING));
  assert.ok(one && two && three);
  one.now = RUNNING;
  assert.deepEqual(bench.commands(1_000), []);
  two.now = { ...RUNNING, stalled: 'topic out\nMAINPID=1' };
  three.end();
  assert.deepEqual(bench.commands(1_000), ['READY=1']);
  one.now = { ...RUNNING, state: 'reloading' };
  const lines = bench.after(1_000);
  assert.equal(lines[0], 'RELOADING=1');
  assert.equal(lines[2], 'STATUS=2 pipelines: 1 reloading, 1 stalled; two stalled: topic out⏎MAINPID=1');
  one.end();
  assert.deepEqual(bench.commands(1_000), ['READY=1'], 'the other one runs on');
  two.end();
  assert.deepEqual(bench.sent.at(-2), 'STOPPING=1');
});

test('a sentence shows no secret and stays on its line', () => {
  const bench = new Bench();
  bench.add('flights', { ...RUNNING, stalled: `login as hunter2 failed\r\n${'long '.repeat(1_000)}` });
  const status = bench.after(500).find((line) => line.startsWith('STATUS=')) ?? '';
  assert.match(status, /^STATUS=stalled: login as \*\*\* failed/);
  assert.ok(status.length <= 'STATUS='.length + 400);
});

test('after the end nothing is sent any more', () => {
  const bench = new Bench(1_000);
  bench.add('flights', RUNNING).end();
  assert.ok(bench.after(5_000).includes('WATCHDOG=1'), 'the end itself takes time, and is watched');
  bench.notices.close();
  assert.deepEqual(bench.after(5_000), []);
});
