import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { LagController } from '../../../src/core/flow/lag-controller.js';

/** A run that writes what it reads into a topic of a live group, as often as `fanOut` says. */
interface World {
  readonly bound: number;
  /** Records per second that the group can process. */
  readonly capacity: number;
  readonly commitMs: number;
  /** Records per second that the run could read. */
  readonly runMax: number;
  readonly fanOut: number;
  /** From reading a record to its result in the topic. */
  readonly delayMs: number;
  readonly askMs: number;
  /** Records per second from others. */
  readonly others?: number;
  /** The group does nothing before. */
  readonly revivesMs?: number;
}

interface Outcome {
  readonly maxLag: number;
  readonly perSecond: number;
  readonly rates: readonly number[];
}

const STEP_MS = 10;
const SAMPLE_MS = 500;

function simulate(world: World, seconds: number): Outcome {
  const controller = new LagController(world.bound);
  const onTheWay: number[] = [];
  const rates: number[] = [];
  let [written, processed, committed, read, maxLag] = [0, 0, 0, 0, 0];
  let [readBefore, sampledMs, nextCommitMs] = [0, 0, world.commitMs];
  for (let nowMs = 0; nowMs < seconds * 1000; nowMs += STEP_MS) {
    const now = (Math.min(controller.perSecond, world.runMax) * STEP_MS) / 1000;
    read += now;
    onTheWay.push(now * world.fanOut);
    if (onTheWay.length > world.delayMs / STEP_MS) written += onTheWay.shift() ?? 0;
    written += ((world.others ?? 0) * STEP_MS) / 1000;
    if (nowMs >= (world.revivesMs ?? 0))
      processed = Math.min(written, processed + (world.capacity * STEP_MS) / 1000);
    if (nowMs >= nextCommitMs) {
      committed = processed;
      nextCommitMs += world.commitMs;
    }
    const lag = written - committed;
    maxLag = Math.max(maxLag, lag);
    if (nowMs < sampledMs + SAMPLE_MS + world.askMs) continue;
    const readRecords = Math.floor(read) - Math.floor(readBefore);
    controller.sample({ lagRecords: Math.ceil(lag), readRecords, elapsedMs: nowMs - sampledMs });
    readBefore = read;
    sampledMs = nowMs;
    rates.push(controller.perSecond);
  }
  return { maxLag, perSecond: read / seconds, rates };
}

const USUAL: World = {
  bound: 10_000,
  capacity: 2_000,
  commitMs: 1_000,
  runMax: 200_000,
  fanOut: 1,
  delayMs: 300,
  askMs: 20,
};

test('a group that does not lag slows nothing down, but for the first seconds', () => {
  const { perSecond, rates } = simulate({ ...USUAL, fanOut: 0 }, 120);
  assert.ok(perSecond > USUAL.runMax * 0.93, `${perSecond}/s`);
  assert.ok(rates.slice(20).every((rate) => rate > USUAL.runMax));
});

test('a lag that others cause, within the bound, lets the run read as fast as it can', () => {
  const { perSecond } = simulate({ ...USUAL, fanOut: 0, others: 1_500, commitMs: 3_000 }, 120);
  assert.ok(perSecond > USUAL.runMax * 0.8, `${perSecond}/s`);
});

test('the lag stays below its bound, and the group is busy all the time', () => {
  for (const commitMs of [100, 1_000, 5_000]) {
    const { maxLag, perSecond } = simulate({ ...USUAL, commitMs }, 120);
    assert.ok(maxLag <= USUAL.bound, `lag ${maxLag}`);
    // Between two commits five seconds apart a busy group lags by its bound.
    assert.ok(perSecond >= USUAL.capacity * (commitMs === 5_000 ? 0.45 : 0.95), `${perSecond}/s`);
  }
});

test('the lag stays near its bound at worst, and the group has enough to do, whatever the speeds', () => {
  const worlds = fc
    .record({
      bound: fc.integer({ min: 200, max: 1_000_000 }),
      capacityShare: fc.double({ min: 0.02, max: 0.5, noNaN: true }),
      commitMs: fc.integer({ min: 50, max: 1_000 }),
      runMax: fc.integer({ min: 1_000, max: 500_000 }),
      fanOut: fc.double({ min: 0.1, max: 2, noNaN: true }),
      delayMs: fc.integer({ min: 20, max: 500 }),
      askMs: fc.integer({ min: 5, max: 200 }),
    })
    .map(({ capacityShare, ...world }): World => ({ ...world, capacity: capacityShare * world.bound }));
  fc.assert(
    fc.property(worlds, (world) => {
      const { maxLag, perSecond } = simulate(world, 90);
      assert.ok(maxLag <= world.bound * 1.5, `lag ${maxLag}`);
      const possible = Math.min(world.runMax, world.capacity / world.fanOut);
      assert.ok(perSecond >= possible * 0.6, `${perSecond}/s of ${possible}/s`);
    }),
    { numRuns: 150 },
  );
});

test('for a group that does nothing the run crawls, and is fast again once the group has caught up', () => {
  const world = { ...USUAL, capacity: 20_000, revivesMs: 60_000 };
  const { maxLag, rates } = simulate(world, 100);
  assert.ok(maxLag <= world.bound * 1.5, `lag ${maxLag}`);
  assert.equal(Math.min(...rates), 1, 'it never stops');
  assert.ok(Math.max(...rates.slice(-10)) > 1_000);
});

test('a run that idled begins slowly again', () => {
  const controller = new LagController(10_000);
  const pass = (samples: number, perSecond: number): void => {
    for (let n = 0; n < samples; n += 1)
      controller.sample({ lagRecords: 0, readRecords: perSecond / 2, elapsedMs: 500 });
  };
  assert.equal(controller.perSecond, 2_500);
  pass(30, 100_000);
  assert.equal(controller.perSecond, 400_000);
  assert.equal(controller.isSlowing, false);
  pass(60, 0);
  assert.equal(controller.perSecond, 2_500);
});

test('too much lag shows as slowing, and as crawling when nothing helps', () => {
  const controller = new LagController(1_000);
  const sample = (lagRecords: number): void =>
    controller.sample({ lagRecords, readRecords: 125, elapsedMs: 500 });
  sample(1_500);
  assert.ok(controller.perSecond < 250);
  assert.deepEqual([controller.isSlowing, controller.isCrawling], [true, false]);
  for (let n = 0; n < 20; n += 1) sample(2_000);
  assert.deepEqual([controller.isSlowing, controller.isCrawling, controller.perSecond], [true, true, 1]);
});

test('a long time without an answer counts no more than two seconds', () => {
  const controller = new LagController(10_000);
  controller.sample({ lagRecords: 0, readRecords: 2_500_000, elapsedMs: 3_600_000 });
  assert.ok(controller.perSecond <= 10_000);
});
