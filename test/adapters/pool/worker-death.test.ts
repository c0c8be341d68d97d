// @slow: waits for threads to end
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createPiscinaPool } from '../../../src/adapters/pool/piscina-pool.js';
import type { TransformPool, TransformTask, WorkerDeath } from '../../../src/ports/transform-pool.js';
import { RecordingLogger } from '../../kafka/support.js';
import { inputOf, outcomesOf, outputsOf, taskFor } from '../../transform/support.js';
import { type Setup, withPool } from './contract.js';

/** The record's value says what the transform does to its worker. */
const MODULE = `
  import { setTimeout as sleep } from 'node:timers/promises';
  export default (value: Buffer) => {
    switch (String(value)) {
      case 'exit': return process.exit(3);
      case 'memory': { const held: unknown[] = []; for (;;) held.push(new Array(100_000).fill(0)); }
      case 'loop': for (;;);
      case 'never': return new Promise(() => undefined);
      case 'late throw': process.nextTick(() => { throw new RangeError('too late'); }); return 'answered';
      case 'late rejection': void Promise.reject(new RangeError('nobody listens')); return 'answered';
      case 'late timer':
        setTimeout(() => { throw new RangeError('much later'); }, 1);
        return sleep(30, 'answered');
      case 'abort me': return sleep(60_000, 'x');
      default: return 'ok ' + value;
    }
  };`;

async function deathOf(pool: TransformPool, task: TransformTask): Promise<WorkerDeath> {
  try {
    await pool.run(task);
  } catch (error) {
    const death = error as WorkerDeath;
    assert.equal(death.kind, 'worker-death', String(error));
    return death;
  }
  throw new assert.AssertionError({ message: 'the worker survived' });
}

const short: Setup = {
  module: MODULE,
  timeoutMs: 300,
  pool: { threads: 1, workerHeapBytes: 48 * 1_048_576 },
};

async function assertAlive(pool: TransformPool): Promise<void> {
  const task = taskFor(inputOf(['a', 'b']));
  assert.deepEqual(
    outputsOf(task, await pool.run(task)).map(({ value }) => value),
    ['ok a', 'ok b'],
  );
}

for (const [what, code, suspects] of [
  ['exit', 'WORKER_EXITED', [2, 1]],
  ['memory', 'WORKER_OUT_OF_MEMORY', [2, 1]],
  ['loop', 'WORKER_TIMEOUT', [2, 1]],
] as const) {
  test(`a record that ends its worker (${what}) is named, and a new worker continues`, async () => {
    await withPool(createPiscinaPool, short, async (pool) => {
      const task = taskFor(inputOf(['a', 'b', what, 'c']));
      const death = await deathOf(pool, task);
      assert.deepEqual([death.code, death.suspectFirstRow, death.suspectRowCount], [code, ...suspects]);
      await assertAlive(pool);
    });
  });
}

test('a record that never settles is rejected alone; its worker survives', async () => {
  const module = `let worker = Math.random(); export default async (value: any) => {
    if (String(value) === 'never') await new Promise(() => undefined);
    return String(worker);
  };`;
  await withPool(createPiscinaPool, { ...short, module }, async (pool) => {
    const task = taskFor(inputOf(['a', 'never', 'b']));
    const result = await pool.run(task);
    assert.deepEqual(outcomesOf(task, result), ['transformed', 'TIMEOUT', 'transformed']);
    const later = taskFor(inputOf(['c']));
    const [before] = outputsOf(task, result);
    assert.equal(outputsOf(later, await pool.run(later))[0]?.value, before?.value);
  });
});

for (const what of ['late throw', 'late rejection', 'late timer']) {
  test(
    `an exception outside any transform (${what}) ends the ` + `task it belongs to and blames no record`,
    async () => {
      await withPool(createPiscinaPool, short, async (pool) => {
        const death = await deathOf(pool, taskFor(inputOf(['a', what, 'b'])));
        assert.deepEqual([death.code, death.suspectRowCount], ['WORKER_CRASHED', 0]);
        assert.match(death.message, /RangeError/);
        await assertAlive(pool);
      });
    },
  );
}

test('nothing writes to the blocks of a dead task any more', async () => {
  await withPool(createPiscinaPool, short, async (pool) => {
    const task = taskFor(inputOf(['a', 'loop']));
    await deathOf(pool, task);
    task.output.bytes.fill(0x55);
    await assertAlive(pool);
    assert.ok(task.output.bytes.every((byte) => byte === 0x55));
  });
});

test('tasks that wait behind a dying worker all get an answer', async () => {
  await withPool(createPiscinaPool, { ...short, pool: { threads: 2 } }, async (pool) => {
    const tasks = Array.from({ length: 24 }, (_unused, index) =>
      taskFor(inputOf([index % 6 === 2 ? 'exit' : `${index}`], 16_384), 16_384),
    );
    const answers = await Promise.allSettled(tasks.map((task) => pool.run(task)));
    answers.forEach((answer, index) => {
      const task = tasks[index];
      assert.equal(
        answer.status,
        index % 6 === 2 ? 'rejected' : 'fulfilled',
        `task ${index}: ${answer.status === 'rejected' ? String(answer.reason) : ''}`,
      );
      if (answer.status === 'fulfilled' && task !== undefined)
        assert.deepEqual(
          outputsOf(task, answer.value).map(({ value }) => value),
          [`ok ${index}`],
        );
    });
    assert.equal(pool.busy, 0);
  });
});

test('a new worker knows the topics and partitions that the old one had learned', async () => {
  const module = `import { emit } from 'kafka-dispatcher';
    export default (value: any, record: any) =>
      String(value) === 'exit'
        ? process.exit(1)
        : emit(record.topic + record.partition, { topic: 'learned' });`;
  await withPool(createPiscinaPool, { module, pool: { threads: 1 } }, async (pool) => {
    const first = taskFor(inputOf(['a']), undefined, {
      topics: [{ name: 'learned', number: 9, partitionCount: 1 }],
    });
    await pool.run(first);
    await deathOf(pool, taskFor(inputOf(['exit'])));
    const task = taskFor(inputOf(['b']));
    const result = await pool.run(task);
    assert.deepEqual(
      outputsOf(task, result).map(({ topic, value }) => [topic, value]),
      [[9, 'in3']],
    );
  });
});

test(
  'rejectWith runs no user code, so even a record that ends ' + 'its worker becomes a dead letter',
  async () => {
    await withPool(createPiscinaPool, short, async (pool) => {
      const rejectWith = { code: 'WORKER_EXITED', message: 'it ended the worker', stage: 'worker' as const };
      const task = taskFor(inputOf(['exit']), undefined, { rejectWith });
      assert.deepEqual(outcomesOf(task, await pool.run(task)), ['WORKER_EXITED']);
    });
  },
);

test('a slow batch that keeps finishing records is not considered hung', async () => {
  const module =
    `import { setTimeout as sleep } from 'node:timers/promises'; export default async ` +
    `(value: any) => { await sleep(120); return String(value); };`;
  await withPool(
    createPiscinaPool,
    { module, timeoutMs: 300, concurrency: 1, pool: { threads: 1 } },
    async (pool) => {
      const result = await pool.run(
        taskFor(inputOf(Array.from({ length: 16 }, (_unused, index) => String(index)))),
      );
      assert.equal(result.rowsDone, 16);
    },
  );
});

test('a module that ends its worker while loading fails the start', async () => {
  for (const module of [
    `process.exit(0); export default () => 'x';`,
    `export default { setup: () => process.exit(0), transform: () => 'x' };`,
  ]) {
    await assert.rejects(
      withPool(createPiscinaPool, { module }, async () => undefined),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' && /transform\.ts: the worker thread ended/.test(error.message),
    );
  }
});

test('a top level or setup that loops forever fails the start after its limit', async () => {
  for (const module of [
    `for (;;); export default () => 'x';`,
    `export default { setup() { for (;;); }, transform: () => 'x' };`,
  ]) {
    await assert.rejects(
      withPool(createPiscinaPool, { module, pool: { loadTimeoutMs: 1500 } }, async () => undefined),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' && /not loaded within 1500 ms/.test(error.message),
    );
  }
});

test("a transform that can't be loaded again ends the pool with its own error", async () => {
  const module = `import { existsSync, writeFileSync } from 'node:fs';
    const mark = new URL('./loaded-once', import.meta.url);
    const setup = () => {
      if (existsSync(mark)) throw new Error('database gone');
      writeFileSync(mark, '');
    };
    export default { setup, transform: () => process.exit(1) };`;
  await withPool(createPiscinaPool, { module, pool: { threads: 1 } }, async (pool) => {
    await deathOf(pool, taskFor(inputOf(['a'])));
    await assert.rejects(
      pool.run(taskFor(inputOf(['b']))),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' && /database gone/.test(error.message),
    );
  });
});

test(
  'closing ends a worker that hangs, within the deadline, and ' + 'its task is answered with an error',
  async () => {
    await withPool(createPiscinaPool, { module: MODULE, pool: { threads: 1 } }, async (pool) => {
      const running = deathOf(pool, taskFor(inputOf(['loop'])));
      const waiting = assert.rejects(
        pool.run(taskFor(inputOf(['a']))),
        (error: { code?: string }) => error.code === 'DRAIN_CUT',
      );
      const before = performance.now();
      await pool.close(200);
      assert.ok(performance.now() - before < 5000);
      assert.equal((await running).code, 'WORKER_EXITED');
      await waiting;
    });
  },
);

test('running transforms get the abort signal at a stop', async () => {
  const module = `export default async (value: any, record: any, { signal }: any) => {
    if (!signal.aborted) await new Promise((resolve) => signal.addEventListener('abort', resolve));
    return 'stopped';
  };`;
  await withPool(createPiscinaPool, { module }, async (pool) => {
    const task = taskFor(inputOf(['a', 'b']));
    const running = pool.run(task);
    pool.signalStop();
    assert.deepEqual(
      outputsOf(task, await running).map(({ value }) => value),
      ['stopped', 'stopped'],
    );
  });
});

test('timers of the transform run while its worker is idle', async () => {
  const module = `let ticks = 0; setInterval(() => { ticks += 1; }, 5); export default () => String(ticks);`;
  await withPool(createPiscinaPool, { module, pool: { threads: 1 } }, async (pool) => {
    const ticks = async (): Promise<number> => {
      const task = taskFor(inputOf(['a']));
      return Number(outputsOf(task, await pool.run(task))[0]?.value);
    };
    const before = await ticks();
    await new Promise((resolve) => setTimeout(resolve, 300));
    assert.ok((await ticks()) > before + 5);
  });
});

/** Blocks in a system call, which `terminate` can't interrupt. */
const BLOCKING = `import { execSync } from 'node:child_process';
  export default (value: Buffer) => {
    if (String(value).startsWith('sleep')) execSync(String(value));
    return 'ok ' + value;
  };`;

test(
  'a worker in a blocking call gets a warning that names the record, and is replaced when the ' +
    'call returns',
  async () => {
    const logger = new RecordingLogger();
    const pool = { threads: 1, logger };
    await withPool(createPiscinaPool, { module: BLOCKING, timeoutMs: 200, pool }, async (running) => {
      const death = deathOf(running, taskFor(inputOf(['a', 'sleep 3'])));
      await new Promise((resolve) => setTimeout(resolve, 2200));
      assert.match(running.trouble ?? '', /a worker has been blocked for \d+ ms/);
      assert.match(JSON.stringify(logger.entries), /a worker is blocked.*partition 3, offset 101/);
      assert.equal((await death).code, 'WORKER_TIMEOUT');
      assert.equal(running.trouble, undefined);
      await assertAlive(running);
    });
  },
);

test(
  "a worker that can't be ended: the pool gives up after its " + 'limit, and close reports it in time',
  async () => {
    const pool = { threads: 2, endingMsMax: 500 };
    const file = { module: BLOCKING, timeoutMs: 200, pool };
    let close: Promise<void> = Promise.resolve();
    await assert.rejects(
      withPool(createPiscinaPool, file, async (running) => {
        await assert.rejects(
          running.run(taskFor(inputOf(['a', 'sleep 6']))),
          (error: { code?: string; message: string }) =>
            error.code === 'WORKER_BLOCKED' && /cannot be ended, at .* offset 101/.test(error.message),
        );
        await assert.rejects(running.run(taskFor(inputOf(['b']))), { code: 'WORKER_BLOCKED' });
        assert.equal(running.busy, 0);
        const before = performance.now();
        close = running.close(200);
        await assert.rejects(close, /1 of 2 worker threads are blocked/);
        assert.ok(performance.now() - before < 3500);
      }),
      /worker threads are blocked/,
    );
  },
);
