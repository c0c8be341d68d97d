import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { PoolSettings } from '../../../src/adapters/pool/settings.js';
import type { OutputTopic } from '../../../src/ports/sink.js';
import type { TransformPool } from '../../../src/ports/transform-pool.js';
import { type TaskSettingsInput, taskSettings } from '../../../src/transform/settings.js';
import { RecordingLogger } from '../../kafka/support.js';
import {
  DEAD,
  describePartition,
  inputOf,
  moduleFile,
  OUT,
  outcomesOf,
  outputsOf,
  taskFor,
} from '../../transform/support.js';

export type CreatePool = (settings: PoolSettings) => TransformPool;

export interface Setup extends Partial<TaskSettingsInput> {
  readonly module?: string;
  readonly pool?: Partial<PoolSettings>;
}

/** Starts a pool for one test and closes it afterwards. */
export async function withPool(
  create: CreatePool,
  setup: Setup,
  body: (pool: TransformPool) => Promise<void>,
): Promise<void> {
  const file = setup.module === undefined ? undefined : moduleFile(setup.module);
  const { module: _module, pool: poolSettings, ...given } = setup;
  const task = taskSettings({
    topics: { default: OUT, deadLetter: DEAD },
    ...(file === undefined ? {} : { transform: file.path }),
    ...given,
  });
  const pool = create({ task, threads: 2, describePartition, ...poolSettings });
  try {
    await pool.start();
    await body(pool);
  } finally {
    await pool.close(2000);
    file?.remove();
  }
}

const ROWS = 30;

/** Runs a batch as the dispatcher does: topics that are asked for are registered, and the rest is run. */
async function runBatch(
  pool: TransformPool,
  batchId: number,
): Promise<{ readonly calls: number; readonly values: readonly (string | null)[] }> {
  const input = inputOf(Array.from({ length: ROWS }, (_, row) => String(row)));
  let calls = 0;
  let topics: OutputTopic[] | undefined;
  const values: (string | null)[] = [];
  for (let firstRow = 0; firstRow < ROWS; ) {
    const range = { batchId, firstRow, rowCount: ROWS - firstRow };
    const task = { ...taskFor(input), ...range, ...(topics === undefined ? {} : { topics }) };
    const result = await pool.run(task);
    firstRow += result.rowsDone;
    values.push(...outputsOf(task, result).map(({ value }) => value));
    for (const { name, value } of result.counts ?? []) if (name === 'calls') calls += value;
    topics = result.unknownTopics?.map((name) => ({
      name,
      number: 10 + Number(name.slice(-1)),
      partitionCount: 1,
    }));
  }
  return { calls, values };
}

/** The contract of every pool, with any number of threads. */
export function poolContract(kind: string, create: CreatePool): void {
  test(`${kind}: a setup that never settles fails the start by its limit, with the file`, async () => {
    const module = `export default { setup: () => new Promise(() => {}), transform: () => 'x' };`;
    await assert.rejects(
      withPool(create, { module, pool: { loadTimeoutMs: 300 } }, async () => undefined),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' &&
        /transform\.ts: was not loaded within 300 ms: its setup did not finish/.test(error.message),
    );
  });

  test(`${kind}: without a transform every row goes out unchanged`, async () => {
    await withPool(create, {}, async (pool) => {
      const task = taskFor(
        inputOf([{ key: Buffer.from('k'), value: 'a', headers: [['h', 'x']] }, { value: null }, 'c']),
      );
      const result = await pool.run(task);
      assert.equal(result.rowsDone, 3);
      assert.deepEqual(
        outputsOf(task, result).map(({ key, value }) => [key, value]),
        [
          ['k', 'a'],
          [null, null],
          [null, 'c'],
        ],
      );
    });
  });

  test(`${kind}: a synchronous transform answers every row in order`, async () => {
    const module = `import { defineTransform, drop, reject } from 'kafka-dispatcher';
      export default defineTransform({ transform(value: any, record: any) {
        const text = String(value);
        if (text === 'drop') return drop('UNWANTED');
        if (text === 'bad') return reject('BAD', 'no good');
        return text + '@' + record.topic + '-' + record.partition + ':' + record.offset;
      } });`;
    await withPool(create, { module }, async (pool) => {
      const task = taskFor(inputOf(['a', 'drop', 'bad', 'd']));
      const result = await pool.run(task);
      assert.deepEqual(outcomesOf(task, result), ['transformed', 'UNWANTED', 'BAD', 'transformed']);
      assert.deepEqual(
        outputsOf(task, result).map(({ topic, value }) => [topic, value]),
        [
          [OUT.number, 'a@in-3:100'],
          [DEAD.number, 'bad'],
          [OUT.number, 'd@in-3:103'],
        ],
      );
    });
  });

  test(`${kind}: rejectWith with a list of rows makes dead letters of these rows only`, async () => {
    await withPool(create, { module: `export default (value) => value` }, async (pool) => {
      const rejectWith = { code: 'TOO_LARGE', message: 'refused', stage: 'deliver' } as const;
      const task = { ...taskFor(inputOf(['a', 'b', 'c', 'd', 'e'])), rejectWith, rows: [1, 2, 4] };
      const result = await pool.run({ ...task, firstRow: 1, rowCount: 4 });
      assert.deepEqual([result.rowsDone, result.deadLetteredBy], [4, [3]]);
      const letters = outputsOf(task, result).map(({ row, topic, value }) => [row, topic, value]);
      assert.deepEqual(letters, [
        [1, DEAD.number, 'b'],
        [2, DEAD.number, 'c'],
        [4, DEAD.number, 'e'],
      ]);
    });
  });

  test(`${kind}: a topic that is new to the worker makes no function run twice for a record`, async () => {
    const functions = {
      async: `async (value: any, _record: any, context: any) => {
        context.metrics.count('calls');
        await new Promise((resolve) => setTimeout(resolve, 1));
        return emit(value, { topic: 'new-' + (Number(String(value)) % 3) });
      }`,
      sync: `(value: any, _record: any, context: any) => {
        context.metrics.count('calls');
        return emit(value, { topic: 'new-' + (Number(String(value)) % 3) });
      }`,
      batch: `defineTransform({ transformBatch(values: any, _records: any, context: any) {
        context.metrics.count('calls', values.length);
        return values.map((value: any) => emit(value, { topic: 'new-' + (Number(String(value)) % 3) }));
      } })`,
    };
    for (const [style, text] of Object.entries(functions)) {
      const module = `import { defineTransform, emit } from 'kafka-dispatcher'; void defineTransform;
        export default ${text};`;
      await withPool(create, { module }, async (pool) => {
        const done = await Promise.all([0, 1, 2, 3].map((batchId) => runBatch(pool, batchId)));
        assert.deepEqual(
          done.map(({ calls, values }) => [calls, values]),
          done.map(() => [ROWS, Array.from({ length: ROWS }, (_, row) => String(row))]),
          style,
        );
      });
    }
  });

  test(`${kind}: many tasks at once are all answered, each with its own rows`, async () => {
    await withPool(create, { module: `export default (value) => String(value) + '!'` }, async (pool) => {
      const tasks = Array.from({ length: 40 }, (_unused, index) =>
        taskFor(inputOf([`task ${index}`], 16_384), 16_384),
      );
      const results = await Promise.all(tasks.map((task) => pool.run(task)));
      tasks.forEach((task, index) => {
        const result = results[index];
        assert.ok(result !== undefined);
        assert.deepEqual(
          outputsOf(task, result).map(({ value }) => value),
          [`task ${index}!`],
        );
      });
      assert.equal(pool.busy, 0);
    });
  });

  test(`${kind}: the counts of an answer stay what they were while later tasks run`, async () => {
    const module = `import { drop, reject } from 'kafka-dispatcher';
      export default (value) => String(value) === 'bad' ? reject('BAD', 'no good') : drop('UNWANTED');`;
    await withPool(create, { module }, async (pool) => {
      const batches = [['a', 'b'], ['bad', 'bad', 'bad'], ['a'], ['bad'], ['a', 'bad']];
      const tasks = batches.map((values) => taskFor(inputOf(values)));
      const results = await Promise.all(tasks.map((task) => pool.run(task)));
      assert.deepEqual(
        results.map(({ filterReasons, filteredBy, deadLetterCodes, deadLetteredBy }) => [
          [filterReasons, filteredBy],
          [deadLetterCodes, deadLetteredBy],
        ]),
        batches.map((values) => {
          const bad = values.filter((value) => value === 'bad').length;
          const dropped = values.length - bad;
          return [
            dropped === 0 ? [[], []] : [['UNWANTED'], [dropped]],
            bad === 0 ? [[], []] : [['BAD'], [bad]],
          ];
        }),
      );
    });
  });

  test(
    `${kind}: setup runs before the first record and its state ` +
      `arrives in every call; teardown runs at close`,
    async () => {
      const file = moduleFile('');
      const module = `import { writeFileSync } from 'node:fs';
      export default {
        setup: async () => ({ greeting: 'hello ' }),
        transform: (value, record, { state }) => state.greeting + value,
        teardown: ({ logger }) => {
          writeFileSync(${JSON.stringify(`${file.folder}/torn-down`)}, 'yes');
          logger.warn('torn down', { well: true });
        },
      };`;
      const logger = new RecordingLogger();
      await withPool(create, { module, pool: { logger } }, async (pool) => {
        const task = taskFor(inputOf(['world']));
        assert.deepEqual(
          outputsOf(task, await pool.run(task)).map(({ value }) => value),
          ['hello world'],
        );
      });
      const { readFileSync } = await import('node:fs');
      assert.equal(readFileSync(`${file.folder}/torn-down`, 'utf8'), 'yes');
      assert.ok(
        logger.entries.some(
          (entry) => entry.level === 'warn' && entry.message === 'torn down' && entry.fields['well'] === true,
        ),
      );
      file.remove();
    },
  );

  test(`${kind}: a module that does not compile is refused at start, with file and line`, async () => {
    await assert.rejects(
      withPool(create, { module: `const a = 1;\nexport default (value => {\n` }, async () => undefined),
      (error: { code?: string; message: string }) =>
        error.code === 'TRANSFORM_LOAD' && /transform\.ts:3:1/.test(error.message),
    );
  });

  test(
    `${kind}: a module that throws while it is loaded is ` + `refused with the place in the user's file`,
    async () => {
      await assert.rejects(
        withPool(
          create,
          {
            module:
              `interface A { a: number }\n\nthrow new TypeError('no airports');\nexport default ` +
              `(value: A) => value;`,
          },
          async () => undefined,
        ),
        (error: { code?: string; message: string }) =>
          error.code === 'TRANSFORM_LOAD' && /TypeError: no airports .*transform\.ts:3:7/.test(error.message),
      );
    },
  );

  test(`${kind}: a topic without a number is asked for once, and known from then on`, async () => {
    const module =
      `import { emit } from 'kafka-dispatcher'; export default (value: any) => ` +
      `emit(String(value), { topic: String(value) });`;
    await withPool(create, { module }, async (pool) => {
      const input = inputOf(['new', 'out', 'new']);
      const first = taskFor(input);
      const asked = await pool.run(first);
      assert.deepEqual([asked.rowsDone, asked.unknownTopics], [0, ['new']]);
      const again = { ...first, topics: [{ name: 'new', number: 7, partitionCount: 1 }] };
      const result = await pool.run(again);
      assert.deepEqual(
        outputsOf(again, result).map(({ topic }) => topic),
        [7, OUT.number, 7],
      );
      const later = await Promise.all(Array.from({ length: 8 }, () => pool.run(taskFor(input))));
      assert.deepEqual(
        later.map(({ rowsDone }) => rowsDone),
        Array.from({ length: 8 }, () => 3),
      );
    });
  });

  test(
    `${kind}: a wrong number of results from ` + `transformBatch fails the task with BATCH_LENGTH`,
    async () => {
      await withPool(
        create,
        { module: `export default { transformBatch: (values) => values.slice(1) };` },
        async (pool) => {
          await assert.rejects(
            pool.run(taskFor(inputOf(['a', 'b']))),
            (error: { code?: string }) => error.code === 'BATCH_LENGTH',
          );
        },
      );
    },
  );

  test(`${kind}: a closed pool accepts no task`, async () => {
    let closed: TransformPool | undefined;
    await withPool(create, {}, async (pool) => {
      closed = pool;
    });
    await assert.rejects(closed?.run(taskFor(inputOf(['a']))) ?? Promise.resolve());
  });
}
