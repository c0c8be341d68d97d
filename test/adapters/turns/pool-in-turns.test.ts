import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  DEATH_INTERVAL_MS,
  DEATHS_AT_ONCE_MAX,
  PoolInTurns,
} from '../../../src/adapters/turns/pool-in-turns.js';
import { TurnTaking } from '../../../src/adapters/turns/turn-taking.js';
import type { Block } from '../../../src/core/batch.js';
import {
  NOTHING_ANSWERED,
  type TransformPool,
  type TransformTask,
  type WorkerDeath,
} from '../../../src/ports/transform-pool.js';
import type { Turns } from '../../../src/ports/turns.js';
import { newClock, pass, settle } from '../../app/reload/helpers.js';

const AT_ONCE: Turns = { take: (begin) => begin(() => undefined) };
const BLOCK: Block = { id: 0, bytes: new Uint8Array(0) };
const TASK: TransformTask = {
  input: BLOCK,
  output: BLOCK,
  firstRow: 0,
  rowCount: 1,
  segments: [],
};

class Pool implements TransformPool {
  readonly threads = 1;
  busy = 0;
  ran = 0;
  closed = 0;
  answer: () => ReturnType<TransformPool['run']> = () => Promise.resolve(NOTHING_ANSWERED);
  start(): Promise<void> {
    return Promise.resolve();
  }
  run(): ReturnType<TransformPool['run']> {
    this.ran += 1;
    return this.answer();
  }
  signalStop(): void {}
  close(): Promise<void> {
    this.closed += 1;
    return Promise.resolve();
  }
}

const DEATH: WorkerDeath = {
  kind: 'worker-death',
  code: 'WORKER_EXITED',
  message: 'died',
  suspectFirstRow: 0,
  suspectRowCount: 1,
};

function dying(turns: Turns = AT_ONCE): {
  readonly pool: Pool;
  readonly inTurns: PoolInTurns;
  readonly clock: ReturnType<typeof newClock>;
} {
  const pool = new Pool();
  pool.answer = () => new Promise((_, reject: (death: WorkerDeath) => void) => reject(DEATH));
  const clock = newClock();
  return { pool, inTurns: new PoolInTurns(pool, turns, clock), clock };
}

test('after ten deaths a pipeline gets one new worker a second', async () => {
  const { pool, inTurns, clock } = dying();
  let ended = false;
  const again = (): void => {
    inTurns.run(TASK).catch(() => (ended ? undefined : again()));
  };
  again();
  await settle();
  assert.equal(pool.ran, DEATHS_AT_ONCE_MAX + 1);
  await pass(clock, DEATH_INTERVAL_MS - 2);
  assert.equal(pool.ran, DEATHS_AT_ONCE_MAX + 1);
  for (let second = 1; second <= 5; second += 1) {
    await pass(clock, second === 1 ? 3 : DEATH_INTERVAL_MS);
    assert.equal(pool.ran, DEATHS_AT_ONCE_MAX + 1 + second);
  }
  ended = true;
});

test('deaths are forgotten: one now and then does not slow a pipeline down', async () => {
  const { pool, inTurns, clock } = dying();
  for (let count = 1; count <= 50; count += 1) {
    await assert.rejects(inTurns.run(TASK), (error) => error === DEATH);
    await pass(clock, 1.2 * DEATH_INTERVAL_MS);
    assert.equal(pool.ran, count);
  }
});

test('what waits out a pause begins at the close, and nothing is left to wait for', async () => {
  const { pool, inTurns, clock } = dying();
  for (let count = 0; count <= DEATHS_AT_ONCE_MAX; count += 1) await assert.rejects(inTurns.run(TASK));
  const waiting = assert.rejects(inTurns.run(TASK), (error) => error === DEATH);
  await settle();
  assert.equal(pool.ran, DEATHS_AT_ONCE_MAX + 1);
  await inTurns.close(1_000);
  await waiting;
  assert.equal(pool.ran, DEATHS_AT_ONCE_MAX + 2);
  assert.equal(clock.step(), false, 'no timer keeps the process');
  await assert.rejects(inTurns.run(TASK), /not running/);
});

test('a pipeline waits for no more turns than it has threads', async () => {
  const asked: ((end: () => void) => void)[] = [];
  const pool = new Pool();
  const inTurns = new PoolInTurns(pool, { take: (begin) => asked.push(begin) }, newClock());
  const results = [inTurns.run(TASK), inTurns.run(TASK), inTurns.run(TASK)];
  await settle();
  assert.deepEqual([asked.length, pool.ran], [1, 0]);
  let ends = 0;
  for (let turn = 0; turn < results.length; turn += 1) {
    asked[turn]?.(() => {
      ends += 1;
    });
    await settle();
  }
  await Promise.all(results);
  assert.deepEqual([asked.length, pool.ran, ends], [3, 3, 3]);
});

test('two pipelines with work get processor time by weight, not one turn each', async () => {
  const clock = newClock();
  const turns = new TurnTaking(clock, 1);
  const usedMs = [0, 0];
  let over = false;
  for (const [index, { weight, ms }] of [
    { weight: 3, ms: 2 },
    { weight: 1, ms: 20 },
  ].entries()) {
    const pool = new Pool();
    pool.answer = () =>
      new Promise((resolve) => {
        clock.after(ms, () => {
          usedMs[index] = (usedMs[index] ?? 0) + ms;
          resolve(NOTHING_ANSWERED);
        });
      });
    const inTurns = new PoolInTurns(pool, turns.of(weight), clock);
    const again = async (): Promise<void> => {
      while (!over) await inTurns.run(TASK);
    };
    // As many batches as a backlog brings: one is under way, others wait.
    for (let batch = 0; batch < 3; batch += 1) void again();
  }
  await pass(clock, 4_000);
  over = true;
  const [heavy = 0, light = 0] = usedMs;
  assert.ok(heavy / light > 2.8 && heavy / light < 3.2, `${heavy} and ${light} ms`);
});
