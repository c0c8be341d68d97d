import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { drop, reject, type SourceRecord, type TransformContext } from '../../src/index.js';
import { ProgressCells } from '../../src/wire/progress.js';
import { headerText, run, runAll, runnerFor, runTask, sleep } from './run.js';
import { inputOf, OUT, taskFor } from './support.js';

test('asynchronous results are written in the order of their records, whenever they finish', async () => {
  const records = Array.from({ length: 100 }, (_unused, index) => String(index));
  const { outputs } = await run(async (value: Buffer) => {
    await sleep((Number(String(value)) * 7) % 13);
    return `${value}!`;
  }, records);
  assert.deepEqual(
    outputs.map(({ value }) => value),
    records.map((text) => `${text}!`),
  );
});

test('at most `concurrency` transforms run at the same time', async () => {
  let underWay = 0;
  let highest = 0;
  await run(
    async (value: Buffer) => {
      underWay += 1;
      highest = Math.max(highest, underWay);
      await sleep(2);
      underWay -= 1;
      return value;
    },
    Array.from({ length: 50 }, (_unused, index) => String(index)),
    { settings: { concurrency: 5 } },
  );
  assert.equal(highest, 5);
});

test('one slow record does not let the others run arbitrarily far ahead', async () => {
  let started = 0;
  let startedAtRelease = 0;
  await run(
    async (value: Buffer) => {
      started += 1;
      if (String(value) === '0') {
        await sleep(60);
        startedAtRelease = started;
      }
      return value;
    },
    Array.from({ length: 200 }, (_unused, index) => String(index)),
    { settings: { concurrency: 4 } },
  );
  assert.equal(started, 200);
  assert.ok(startedAtRelease <= 16, `${startedAtRelease} started after a record that was not finished`);
});

test('rejections, drops and errors of asynchronous transforms apply to their own records', async () => {
  const { outcomes } = await run(
    async (value: Buffer) => {
      await sleep(1);
      switch (String(value)) {
        case 'throw':
          throw new Error('x');
        case 'throw drop':
          // Results may be thrown, and so may anything
          // eslint-disable-next-line @typescript-eslint/only-throw-error
          throw drop('GONE');
        case 'reject':
          return reject('BAD');
        case 'nothing':
          return undefined;
        default:
          return value;
      }
    },
    ['a', 'throw', 'throw drop', 'reject', 'nothing', 'b'],
  );
  assert.deepEqual(outcomes, ['transformed', 'TRANSFORM_ERROR', 'GONE', 'BAD', 'NO_RESULT', 'transformed']);
});

test('a transform may alternate between sync and async answers', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(fc.nat({ max: 3 }), { minLength: 1, maxLength: 40 }), async (delays) => {
      const { outputs } = await run(
        (value: Buffer) => {
          const delay = Number(String(value).split(':')[1]);
          return delay === 0 ? String(value) : sleep(delay - 1).then(() => String(value));
        },
        delays.map((delay, index) => `${index}:${delay}`),
        { settings: { concurrency: 3 } },
      );
      assert.deepEqual(
        outputs.map(({ value }) => value),
        delays.map((delay, index) => `${index}:${delay}`),
      );
    }),
    { numRuns: 30 },
  );
});

test('a thenable that misbehaves settles its record once', async () => {
  const twice = {
    then: (resolve: (value: string) => void) => {
      resolve('first');
      resolve('second');
    },
  };
  const throwing = {
    then: () => {
      throw new Error('then');
    },
  };
  const both = {
    then: (resolve: (value: string) => void, refuse: (error: Error) => void) => {
      resolve('yes');
      refuse(new Error('no'));
    },
  };
  const { outputs, outcomes } = await run(
    (value: Buffer) => [twice, throwing, both][Number(String(value))] as never,
    ['0', '1', '2'],
  );
  assert.deepEqual(outcomes, ['transformed', 'TRANSFORM_ERROR', 'transformed']);
  assert.deepEqual([outputs[0]?.value, outputs[2]?.value], ['first', 'yes']);
});

test(
  'without a dead-letter topic the rows before the rejected one ' + 'are kept, those after it are not',
  async () => {
    const { result, outputs } = await run(
      async (value: Buffer) => {
        await sleep(String(value) === 'a' ? 10 : 1);
        return String(value) === 'bad' ? reject('BAD', 'why') : `${value}`;
      },
      ['a', 'b', 'bad', 'd', 'e'],
      { settings: { topics: { default: OUT } } },
    );
    assert.deepEqual([result.rowsDone, result.stop?.code], [2, 'BAD']);
    assert.deepEqual(
      outputs.map(({ value }) => value),
      ['a', 'b'],
    );
  },
);

test('a full block includes the answers in progress: no started record runs twice', async () => {
  const runs = new Map<string, number>();
  const records = Array.from({ length: 400 }, (_unused, index) => String(index));
  const parts = await runAll(
    async (value: Buffer) => {
      const text = String(value);
      runs.set(text, (runs.get(text) ?? 0) + 1);
      await sleep(Number(text) % 3);
      return text.padEnd(600, '.');
    },
    records,
    { outputBytes: 64 * 1024, settings: { concurrency: 16 } },
  );
  assert.ok(parts.length > 2);
  assert.deepEqual(
    parts.flatMap(({ outputs }) => outputs.map(({ value }) => value?.replaceAll('.', ''))),
    records,
  );
  assert.ok(parts.every(({ outcomes }) => outcomes.every((outcome) => outcome === 'transformed')));
  assert.ok([...runs.values()].every((count) => count === 1));
  assert.ok(parts.slice(0, -1).every(({ result }) => result.overflow !== undefined));
});

test('a record that times out is rejected alone and its signal fires; its neighbours continue', async () => {
  const runs = new Map<string, number>();
  const reasons: unknown[] = [];
  const began = performance.now();
  const { outcomes, outputs, result } = await run(
    async (value: Buffer, _record: SourceRecord, context: TransformContext) => {
      const text = String(value);
      runs.set(text, (runs.get(text) ?? 0) + 1);
      // Read late, it is still this record's own signal.
      await sleep(1);
      const { signal } = context;
      signal.addEventListener('abort', () => reasons.push([text, (signal.reason as Error).name]));
      if (text.startsWith('hangs')) await new Promise(() => undefined);
      for (let n = 0; n < 3; n++) {
        await sleep(20);
        if (signal.aborted) throw new Error('a neighbour was aborted');
      }
      return text;
    },
    ['a', 'hangs 1', 'b', 'c', 'hangs 2', 'd'],
    { settings: { timeoutMs: 100, concurrency: 3 } },
  );
  assert.ok(performance.now() - began < 1000);
  assert.deepEqual(outcomes, [
    'transformed',
    'TIMEOUT',
    'transformed',
    'transformed',
    'TIMEOUT',
    'transformed',
  ]);
  assert.equal(result.rowsDone, 6);
  assert.deepEqual(reasons, [
    ['hangs 1', 'TimeoutError'],
    ['hangs 2', 'TimeoutError'],
  ]);
  assert.deepEqual([...new Set(runs.values())], [1]);
  assert.match(headerText(outputs[1], 'kd-message') ?? '', /within 100 ms \(dispatcher\.timeout\)/);
});

test('a promise that settles after its record timed out changes nothing', async () => {
  const late: (() => void)[] = [];
  const runner = await runnerFor(
    (value: Buffer) => {
      if (String(value) === 'late value') return new Promise((resolve) => late.push(() => resolve('x')));
      if (String(value) !== 'late error') return sleep(5).then(() => `${value}!`);
      return new Promise((_resolve, refuse) => late.push(() => refuse(new Error('x'))));
    },
    { settings: { timeoutMs: 40 } },
  );
  const first = await runTask(runner, taskFor(inputOf(['late value', 'a', 'late error'])));
  assert.deepEqual(first.outcomes, ['TIMEOUT', 'transformed', 'TIMEOUT']);
  const second = runTask(runner, taskFor(inputOf(['b', 'c', 'd'])));
  for (const settle of late) settle();
  assert.deepEqual(
    (await second).outputs.map(({ value }) => value),
    ['b!', 'c!', 'd!'],
  );
});

test("a blocking record does not use up its neighbours' time", async () => {
  const { outcomes } = await run(
    async (value: Buffer) => {
      if (String(value) === 'blocks') {
        await sleep(1);
        for (const until = performance.now() + 250; performance.now() < until; );
      } else await sleep(60);
      return value;
    },
    ['a', 'b', 'blocks', 'c'],
    { settings: { timeoutMs: 120 } },
  );
  assert.deepEqual(new Set(outcomes), new Set(['transformed']));
});

test(
  'after a transformBatch beyond its timeout the records run one by one, and the one that hangs ' +
    'is rejected',
  async () => {
    const sizes: number[] = [];
    const definition = {
      transformBatch: async (values: Buffer[], _records: unknown, { signal }: TransformContext) => {
        sizes.push(values.length);
        await sleep(1);
        assert.equal(signal.aborted, false);
        if (values.some((value) => String(value) === 'hangs')) await new Promise(() => undefined);
        return values;
      },
    };
    const { outcomes } = await run(definition, ['a', 'hangs', 'b'], { settings: { timeoutMs: 40 } });
    assert.deepEqual(sizes, [3, 1, 1, 1]);
    assert.deepEqual(outcomes, ['transformed', 'TIMEOUT', 'transformed']);
  },
);

test('the progress cells show the running rows', async () => {
  const input = inputOf(['0', '1', '2', '3', '4', '5']);
  const task = taskFor(input);
  const cells = new ProgressCells(task.output.bytes);
  cells.reset(0);
  let release = (): void => undefined;
  const gate = new Promise<void>((resolve) => {
    release = resolve;
  });
  const runner = await runnerFor(
    async (value: Buffer) => {
      if (String(value) === '2') await gate;
      return value;
    },
    { settings: { concurrency: 2 } },
  );
  const ran = runTask(runner, task);
  await sleep(10);
  assert.deepEqual(cells.underWay, { firstRow: 2, rowCount: 4 });
  assert.equal(cells.progress, 5);
  release();
  await ran;
  assert.deepEqual(cells.underWay, { firstRow: 6, rowCount: 0 });
});

test('transformBatch gets the decoded values and returns a result for each record', async () => {
  const definition = {
    transformBatch: async (values: { n: number }[], records: readonly SourceRecord[]) => {
      await sleep(1);
      return values.map((value, index) =>
        value.n === 2 ? drop('TWO') : { n: value.n, offset: records[index]?.offset },
      );
    },
  };
  const settings = { input: { format: 'json' as const }, output: { format: 'json' as const } };
  const { outputs, outcomes } = await run(
    definition,
    ['{"n":1}', 'broken', '{"n":2}', { value: null }, '{"n":3}'],
    { settings },
  );
  assert.deepEqual(
    outcomes.map((one, index) => (index === 1 ? 'rejected' : one)),
    ['transformed', 'rejected', 'TWO', 'transformed', 'transformed'],
  );
  assert.deepEqual(
    outputs.filter(({ topic }) => topic === 0).map(({ value }) => value),
    ['{"n":1,"offset":100}', null, '{"n":3,"offset":104}'],
  );
});

test(
  'when transformBatch throws, its records run one by one on freshly decoded values, and only ' +
    'the guilty one is rejected',
  async () => {
    const sizes: number[] = [];
    const definition = {
      transformBatch: (values: { n: number; touched?: boolean }[]) => {
        sizes.push(values.length);
        return values.map((value) => {
          if (value.n === 13) throw new Error('unlucky');
          const before = value.touched ?? false;
          value.touched = true;
          return { n: value.n, before };
        });
      },
    };
    const settings = { input: { format: 'json' as const }, output: { format: 'json' as const } };
    const { outputs, outcomes } = await run(definition, ['{"n":1}', '{"n":13}', '{"n":3}'], { settings });
    assert.deepEqual(sizes, [3, 1, 1, 1]);
    assert.deepEqual(outcomes, ['transformed', 'TRANSFORM_ERROR', 'transformed']);
    assert.equal(outputs[2]?.value, '{"n":3,"before":false}');
  },
);

test('transformBatch must return as many results as records', async () => {
  for (const answer of [() => [], () => 'no list', () => undefined, (values: unknown[]) => [...values, 1]]) {
    await assert.rejects(
      run({ transformBatch: answer }, ['a', 'b']),
      (error: { code?: string }) => error.code === 'BATCH_LENGTH',
    );
  }
});
