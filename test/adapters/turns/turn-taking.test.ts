import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FULL_TURN_MS, TURN_MS_MAX, TurnTaking } from '../../../src/adapters/turns/turn-taking.js';
import type { EndTurn, Turns } from '../../../src/ports/turns.js';
import { Random } from '../../support/fakes/random.js';
import { VirtualClock } from '../../support/fakes/virtual-clock.js';

/** A pipeline that always has something to compute, each time for as long as `turnMs` says. */
class Busy {
  usedMs = 0;
  turns = 0;
  private readonly clock: VirtualClock;
  private readonly source: Turns;
  private readonly turnMs: () => number;

  constructor(clock: VirtualClock, source: Turns, turnMs: () => number) {
    this.clock = clock;
    this.source = source;
    this.turnMs = turnMs;
  }

  begin(): void {
    this.source.take((end) => {
      const ms = this.turnMs();
      this.turns += 1;
      this.clock.after(ms, () => {
        this.usedMs += ms;
        // As PoolInTurns does: the next one asks before this one ends.
        this.begin();
        end();
      });
    });
  }
}

function runFor(clock: VirtualClock, ms: number): void {
  const untilMs = clock.nowMs() + ms;
  clock.after(ms, () => undefined);
  while (clock.nowMs() < untilMs && clock.step());
}

const pipeline = fc.record({
  weight: fc.integer({ min: 1, max: 20 }),
  turnMs: fc.integer({ min: FULL_TURN_MS, max: 49 }),
});

test('pipelines that always have work get processor time by weight, however long their turns are', () => {
  fc.assert(
    fc.property(fc.array(pipeline, { minLength: 2, maxLength: 12 }), fc.integer(), (specs, seed) => {
      const random = new Random(seed);
      const clock = new VirtualClock(random);
      const turns = new TurnTaking(clock, 1);
      const all = specs.map(
        ({ weight, turnMs }) => new Busy(clock, turns.of(weight), () => random.between(FULL_TURN_MS, turnMs)),
      );
      for (const one of all) one.begin();
      runFor(clock, 60_000);
      // Start-time fair queueing: two that always wait differ by no more than a turn of each, by weight.
      const perWeight = all.map(({ usedMs }, index) => usedMs / (specs[index]?.weight ?? 1));
      for (const [a, one] of specs.entries())
        for (const [b, other] of specs.entries()) {
          const differenceMs = Math.abs((perWeight[a] ?? 0) - (perWeight[b] ?? 0));
          const allowedMs = TURN_MS_MAX / one.weight + TURN_MS_MAX / other.weight;
          assert.ok(differenceMs <= allowedMs, `${a} and ${b} differ by ${differenceMs} of ${allowedMs} ms`);
        }
    }),
    { numRuns: 100 },
  );
});

test('no more turns run at the same time than there are threads to compute', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 2);
  const ends: (() => void)[] = [];
  for (let count = 0; count < 5; count += 1) turns.of(1).take((end) => ends.push(end));
  assert.equal(ends.length, 2);
  ends[0]?.();
  assert.equal(ends.length, 3);
  // The end of a turn counts once.
  ends[0]?.();
  assert.equal(ends.length, 3);
});

test('a turn is over after 50 ms, so a task that hangs keeps nobody waiting', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 1);
  let ended: (() => void) | undefined;
  turns.of(1).take((end) => {
    ended = end;
  });
  const beganMs: number[] = [];
  const other = turns.of(1);
  other.take((end) => {
    beganMs.push(clock.nowMs());
    end(FULL_TURN_MS);
  });
  assert.deepEqual(beganMs, []);
  runFor(clock, 1_000);
  assert.deepEqual(beganMs, [TURN_MS_MAX]);
  // When the task ends at last, nothing more is freed by it: one runs at a time.
  const running: number[] = [];
  other.take(() => running.push(1));
  ended?.();
  other.take(() => running.push(2));
  assert.deepEqual(running, [1]);
});

test('a pipeline that hangs again and again is charged for its turns', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 1);
  const hanging = new Busy(clock, turns.of(1), () => 30_000);
  const quick = new Busy(clock, turns.of(1), () => 1);
  hanging.begin();
  quick.begin();
  runFor(clock, 60_000);
  assert.equal(hanging.turns, 2);
  assert.ok(quick.usedMs >= 60_000 - 3 * TURN_MS_MAX, `${quick.usedMs} ms`);
});

test('a pipeline that was idle does not catch up on what it did not use', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 1);
  const steady = new Busy(clock, turns.of(1), () => 10);
  const late = new Busy(clock, turns.of(1), () => 10);
  steady.begin();
  runFor(clock, 60_000);
  const beforeMs = steady.usedMs;
  late.begin();
  runFor(clock, 10_000);
  assert.ok(Math.abs(steady.usedMs - beforeMs - late.usedMs) <= 2 * TURN_MS_MAX, `${late.usedMs} ms`);
});

test('a turn that a busy main thread ends late is not charged for all of that time', () => {
  let nowMs = 0;
  // No timer ever fires in time: the main thread reads the configuration of all pipelines.
  const clock = { nowMs: () => nowMs, after: () => () => undefined };
  const turns = new TurnTaking(clock, 1);
  const [unlucky, other] = [turns.of(1), turns.of(1)];
  const served: string[] = [];
  let endOfUnlucky: EndTurn = () => undefined;
  unlucky.take((end) => {
    endOfUnlucky = end;
  });
  const again = (): void =>
    other.take((end) => {
      served.push('other');
      nowMs += 1;
      if (served.length < 1_000) again();
      end();
    });
  unlucky.take((end) => {
    served.push('unlucky');
    end();
  });
  again();
  nowMs += 2_000;
  endOfUnlucky();
  const before = served.indexOf('unlucky');
  assert.ok(before <= TURN_MS_MAX + FULL_TURN_MS, `after ${before} turns`);
});

test('short tasks share a turn, so they do not wait for a busy main thread one by one', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 1);
  const all = Array.from({ length: 25 }, () => turns.of(1));
  // Each has shown how short its tasks are; the thread's time counts, not that of the turn.
  for (const pipeline of all) pipeline.take((end) => clock.after(40, () => end(0.3)));
  runFor(clock, 2_000);
  const ends: EndTurn[] = [];
  for (const pipeline of all) pipeline.take((end) => ends.push(end));
  assert.equal(ends.length, FULL_TURN_MS);
  ends[0]?.(0.3);
  assert.equal(ends.length, FULL_TURN_MS + 1);
});

test('a long task waits until short ones have ended, and none is passed in front of it', () => {
  const clock = new VirtualClock(new Random(1));
  const turns = new TurnTaking(clock, 1);
  const [short, long, other] = [turns.of(1), turns.of(1), turns.of(1)];
  for (const pipeline of [short, other]) pipeline.take((end) => end(1));
  long.take((end) => end(20));
  const began: string[] = [];
  let endShort: EndTurn = () => undefined;
  long.take((end) => end(20));
  short.take((end) => {
    began.push('short');
    endShort = end;
  });
  long.take(() => began.push('long'));
  other.take(() => began.push('other'));
  assert.deepEqual(began, ['short', 'other']);
  endShort(1);
  assert.deepEqual(began, ['short', 'other']);
  runFor(clock, TURN_MS_MAX + 1);
  assert.deepEqual(began, ['short', 'other', 'long']);
});
