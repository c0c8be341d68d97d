import assert from 'node:assert/strict';
import { test } from 'node:test';
import * as v from 'valibot';
import { z } from 'zod';
import { drop, type SourceRecord, type TransformContext } from '../../src/index.js';
import { StopCell } from '../../src/transform/context.js';
import { headerText, run, runnerFor, runTask, sleep } from './run.js';
import { inputOf, taskFor } from './support.js';

const json = { input: { format: 'json' as const }, output: { format: 'json' as const } };

test('tombstones pass with key and headers if nothing handles them', async () => {
  const { outputs, outcomes } = await run(
    (value: Buffer) => `${value}!`,
    [{ key: Buffer.from('k'), value: null, headers: [['h', 'x']] }, 'a'],
  );
  assert.deepEqual(
    outputs.map(({ key, value, headers }) => [key, value, headers.length]),
    [
      ['k', null, 1],
      [null, 'a!', 0],
    ],
  );
  assert.deepEqual(outcomes, ['transformed', 'transformed']);
});

test('onTombstone decides, and the value is not decoded', async () => {
  const definition = {
    transform: () => 'x',
    onTombstone: (record: SourceRecord) =>
      record.value === null && record.raw === null ? drop('DELETED') : 'no',
  };
  assert.deepEqual((await run(definition, [{ value: null }], { settings: json })).outcomes, ['DELETED']);
});

test('tombstones are dropped or rejected by policy, with and without a transform', async () => {
  for (const definition of [undefined, () => 'x']) {
    const settings = (tombstones: 'drop' | 'reject') => ({ settings: { input: { tombstones } } });
    const dropped = await run(definition, [{ value: null }, 'a'], settings('drop'));
    assert.deepEqual(dropped.outcomes, ['TOMBSTONE', 'transformed']);
    const rejected = await run(definition, [{ value: null }], settings('reject'));
    assert.deepEqual(
      [rejected.outcomes[0], headerText(rejected.outputs[0], 'kd-stage')],
      ['TOMBSTONE', 'decode'],
    );
  }
});

test('a pass-through between formats decodes and encodes, including JSON null', async () => {
  const { outputs, outcomes } = await run(undefined, [' { "a" : [ 1 , null ] } ', 'null', '{'], {
    settings: json,
  });
  assert.deepEqual(
    outputs.slice(0, 2).map(({ value }) => value),
    ['{"a":[1,null]}', 'null'],
  );
  assert.equal(outcomes[2] === 'transformed', false);
});

test('output.timestamp: now leaves the timestamp to the producer', async () => {
  for (const definition of [undefined, (value: Buffer) => value]) {
    const { outputs } = await run(definition, ['a'], { settings: { output: { timestamp: 'now' } } });
    assert.deepEqual([outputs[0]?.timestamp, outputs[0]?.value], [-1, 'a']);
  }
});

test('a record returns copies of its fields, and throws once its batch is settled', async () => {
  const kept: SourceRecord[] = [];
  const seen: unknown[] = [];
  const transform = (value: Buffer, record: SourceRecord) => {
    kept.push(record);
    if (record.offset === 100)
      seen.push(
        record.topic,
        record.partition,
        record.timestamp,
        record.key,
        record.keyText,
        record.headers,
        record.header('h'),
        record.header('none'),
        record.headerText('h'),
        record.headerText('none'),
        record.raw,
      );
    return value;
  };
  const { task } = await run(transform, [
    {
      key: Buffer.from('k'),
      value: 'v',
      headers: [
        ['h', '1'],
        ['h', '2'],
      ],
    },
    'b',
  ]);
  task.input.bytes.fill(0);
  const headers = [
    ['h', Buffer.from('1')],
    ['h', Buffer.from('2')],
  ];
  assert.deepEqual(seen, [
    'in',
    3,
    1000,
    Buffer.from('k'),
    'k',
    headers,
    Buffer.from('2'),
    undefined,
    '2',
    undefined,
    Buffer.from('v'),
  ]);
  assert.deepEqual(kept[0]?.key, Buffer.from('k'));
  assert.throws(() => kept[1]?.key, /settled/);
  assert.throws(() => kept[0]?.offset, /settled/);
  assert.throws(() => kept[1]?.header('h'), /settled/);
});

test('a zod schema validates and transforms the input', async () => {
  const definition = {
    input: z.object({ n: z.coerce.number().positive() }),
    transform: (value: { n: number }) => ({ n: value.n + 1 }),
  };
  const { outputs, outcomes } = await run(definition, ['{"n":"41","more":1}', '{"n":-1}'], {
    settings: json,
  });
  assert.equal(outputs[0]?.value, '{"n":42}');
  assert.deepEqual(outcomes, ['transformed', 'INVALID_INPUT']);
  assert.match(headerText(outputs[1], 'kd-message') ?? '', /^n: /);
});

test('a valibot schema works too, also asynchronously, and for the output', async () => {
  const input = v.pipeAsync(
    v.object({ n: v.number() }),
    v.checkAsync(async ({ n }) => {
      await sleep(1);
      return n !== 13;
    }, 'unlucky'),
  );
  const definition = {
    input,
    output: v.object({ n: v.pipe(v.number(), v.maxValue(10)) }),
    transform: (value: { n: number }) => value,
  };
  const { outputs, outcomes } = await run(definition, ['{"n":1}', '{"n":13}', '{"n":99}', '{"n":2}'], {
    settings: json,
  });
  assert.deepEqual(outcomes, ['transformed', 'INVALID_INPUT', 'INVALID_OUTPUT', 'transformed']);
  assert.equal(headerText(outputs[1], 'kd-message'), 'unlucky');
  assert.equal(headerText(outputs[2], 'kd-stage'), 'encode');
});

test('validate may throw, and an answer that is neither a verdict nor a reason is refused', async () => {
  const validate = (value: { n: number }): unknown => {
    if (value.n === 1) throw new Error('x');
    return value.n === 2 ? undefined : value.n === 3 ? Promise.resolve(true) : true;
  };
  const { outcomes } = await run(
    { validate, transform: (value: unknown) => value },
    ['{"n":1}', '{"n":2}', '{"n":3}', '{"n":4}'],
    {
      settings: json,
    },
  );
  assert.deepEqual(outcomes, ['TRANSFORM_ERROR', 'INVALID_INPUT', 'INVALID_INPUT', 'transformed']);
});

test('logs and counters of the transform come back with the result, limited and as plain data', async () => {
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const transform = (value: Buffer, _record: SourceRecord, { logger, metrics }: TransformContext) => {
    logger.info('seen', { value: String(value), big: 1n, call: () => 1 });
    logger.warn('odd', cycle);
    metrics.count('records', 2, { kind: 'a' });
    metrics.observe('size', value.length);
    return value;
  };
  const { result } = await run(
    transform,
    Array.from({ length: 80 }, () => 'x'),
  );
  const { logs = [], counts = [] } = result;
  assert.deepEqual(logs[0], { level: 'info', message: 'seen', fields: { value: 'x', big: '1' } });
  assert.deepEqual(logs[1]?.fields, { fields: 'could not be written as JSON' });
  assert.deepEqual(
    [logs.length, logs.at(-1)?.message],
    [101, '60 more log entries of the transform were dropped'],
  );
  assert.deepEqual(counts[0], { name: 'records', value: 160, labels: { kind: 'a' }, kind: 'count' });
  assert.deepEqual(counts.slice(1), [
    { name: 'size', value: 80, kind: 'observe', observed: { times: 80, min: 1, max: 1 } },
  ]);
  structuredClone(result);
});

test('options and thread number are in the context, and the signal fires at a stop', async () => {
  const stop = new StopCell();
  const seen: unknown[] = [];
  const transform = (
    value: Buffer,
    _record: SourceRecord,
    { signal, options, threadId }: TransformContext,
  ) => {
    seen.push(signal.aborted, options, threadId);
    stop.set();
    return value;
  };
  await run(transform, ['a', 'b'], { stop, settings: { options: { x: 1 } } });
  assert.deepEqual(seen, [false, { x: 1 }, 1, true, { x: 1 }, 1]);
});

test('reports of one task are not repeated with the next', async () => {
  const runner = await runnerFor((value: Buffer, _record: SourceRecord, { logger }: TransformContext) => {
    if (String(value) === 'log') logger.info('once');
    return String(value) === 'drop' ? drop('GONE') : value;
  });
  const first = await runTask(runner, taskFor(inputOf(['log', 'drop'])));
  const second = await runTask(runner, taskFor(inputOf(['quiet'])));
  assert.deepEqual([first.result.logs?.length, first.result.filterReasons], [1, ['GONE']]);
  assert.deepEqual(
    [second.result.logs, second.result.filterReasons, second.result.filteredBy],
    [undefined, [], []],
  );
  assert.deepEqual(first.result.filteredBy, [1]);
});

test('codec state of one record never reaches the next', async () => {
  const records = Array.from({ length: 500 }, (_unused, index) =>
    index % 7 === 0 ? '{' : JSON.stringify({ index }),
  );
  const { outcomes, outputs } = await run(
    (value: { index: number }) => ({ index: value.index, ok: true }),
    records,
    { settings: json },
  );
  assert.equal(outcomes.filter((one) => one !== 'transformed').length, Math.ceil(500 / 7));
  for (const { row, value, topic } of outputs)
    if (topic === 0) assert.equal(value, JSON.stringify({ index: row, ok: true }));
});

test(
  'a batch function may take a hundred times as long as ' + 'others before its batches get smaller',
  async (t) => {
    const workMsOf = async (definition: unknown): Promise<number> => {
      const runner = await runnerFor(definition);
      let calls = 0;
      const now = t.mock.method(performance, 'now', () => (calls++ === 0 ? 0 : 100));
      const { result } = await runTask(runner, taskFor(inputOf(['a', 'b'])));
      now.mock.restore();
      return result.workMs;
    };
    assert.equal(await workMsOf({ transform: () => 'x' }), 100);
    assert.equal(
      await workMsOf({ transformBatch: (records: readonly unknown[]) => records.map(() => 'x') }),
      1,
    );
  },
);
