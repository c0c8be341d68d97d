/** A pass-through answers batches without reading their rows; only dead letters need a worker. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { PassThroughPool } from '../../../src/adapters/pool/pass-through-pool.js';
import { createPiscinaPool } from '../../../src/adapters/pool/piscina-pool.js';
import { DispatcherError } from '../../../src/core/errors.js';
import { NOTHING_ANSWERED, type TransformPool } from '../../../src/ports/transform-pool.js';
import { passThroughTopic, taskSettings } from '../../../src/transform/settings.js';
import { OutputFlag, OutputHeader } from '../../../src/wire/layout.js';
import {
  DEAD,
  describePartition,
  inputOf,
  OUT,
  outcomesOf,
  outputsOf,
  taskFor,
} from '../../transform/support.js';

const rejectWith = { code: 'TOO_LARGE', message: 'refused', stage: 'deliver' } as const;

const neverOpened = (): Promise<TransformPool> =>
  Promise.reject(new Error('a pass-through must not open another pool'));

/** Records what it is asked for. */
class ScriptedPool implements TransformPool {
  readonly threads = 1;
  readonly calls: string[] = [];
  busy = 0;
  trouble: string | undefined;
  startError: Error | undefined;

  start(): Promise<void> {
    this.calls.push('start');
    return this.startError === undefined ? Promise.resolve() : Promise.reject(this.startError);
  }
  run(): ReturnType<TransformPool['run']> {
    this.calls.push('run');
    return Promise.resolve({ ...NOTHING_ANSWERED, rowsDone: 1 });
  }
  signalStop(): void {
    this.calls.push('signalStop');
  }
  close(): Promise<void> {
    this.calls.push('close');
    return Promise.resolve();
  }
}

function poolOver(inner: ScriptedPool): { pool: PassThroughPool; opened: () => number } {
  let opened = 0;
  const open = (): Promise<TransformPool> => {
    opened += 1;
    return Promise.resolve(inner);
  };
  return { pool: new PassThroughPool({ topic: OUT, threads: 1, open }), opened: () => opened };
}

test('a batch is answered as an identity batch, without a worker', async () => {
  const pool = new PassThroughPool({ topic: OUT, threads: 3, open: neverOpened });
  await pool.start();
  const task = taskFor(
    inputOf([{ key: Buffer.from('k'), value: 'a', headers: [['h', 'x']] }, { value: null }, 'c']),
  );
  const result = await pool.run(task);
  assert.deepEqual([result.rowsDone, result.outputRows, result.emitted], [3, 3, [[OUT.number, 3]]]);
  const { buffer, byteOffset } = task.output.bytes;
  assert.equal(new DataView(buffer, byteOffset).getUint32(OutputHeader.flags, true), OutputFlag.identity);
  assert.deepEqual(
    outputsOf(task, result).map(({ topic, key, value }) => [topic, key, value]),
    [
      [OUT.number, 'k', 'a'],
      [OUT.number, null, null],
      [OUT.number, null, 'c'],
    ],
  );
  assert.deepEqual([pool.threads, pool.busy, pool.trouble], [3, 0, undefined]);
  await pool.close(100);
});

test('part of a batch is answered with its share of the bytes', async () => {
  const pool = new PassThroughPool({ topic: OUT, threads: 1, open: neverOpened });
  const input = inputOf(['aaaa', 'bbbb', 'cccc', 'dddd']);
  const whole = await pool.run(taskFor(input));
  const task = { ...taskFor(input), firstRow: 1, rowCount: 2 };
  const part = await pool.run(task);
  assert.equal(part.outputBytes, whole.outputBytes / 2);
  assert.deepEqual(
    outputsOf(task, part).map(({ row, value }) => [row, value]),
    [
      [1, 'bbbb'],
      [2, 'cccc'],
    ],
  );
});

test('rows that the batch does not have are a defect', async () => {
  const pool = new PassThroughPool({ topic: OUT, threads: 1, open: neverOpened });
  const task = taskFor(inputOf(['a', 'b']));
  for (const range of [
    { firstRow: 1, rowCount: 2 },
    { firstRow: 0, rowCount: 0 },
  ])
    await assert.rejects(pool.run({ ...task, ...range }), { code: 'DEFECT' });
});

test('refused records become dead letters in a pool that the first of them opens', async () => {
  const settings = taskSettings({ topics: { default: OUT, deadLetter: DEAD } });
  let opened = 0;
  const open = (): Promise<TransformPool> => {
    opened += 1;
    return Promise.resolve(createPiscinaPool({ task: settings, threads: 1, describePartition }));
  };
  const pool = new PassThroughPool({ topic: OUT, threads: 1, open });
  try {
    await pool.start();
    const rejected = { ...taskFor(inputOf(['a', 'b', 'c'])), rejectWith };
    const passed = taskFor(inputOf(['d']));
    const later = { ...taskFor(inputOf(['e'])), rejectWith };
    const [dead, through, deadLater] = await Promise.all(
      [{ ...rejected, firstRow: 1, rowCount: 2 }, passed, later].map((task) => pool.run(task)),
    );
    assert.ok(dead !== undefined && through !== undefined && deadLater !== undefined);
    assert.deepEqual(outcomesOf({ ...rejected, firstRow: 1, rowCount: 2 }, dead), ['TOO_LARGE', 'TOO_LARGE']);
    assert.deepEqual(
      outputsOf(rejected, dead).map(({ row, topic, value }) => [row, topic, value]),
      [
        [1, DEAD.number, 'b'],
        [2, DEAD.number, 'c'],
      ],
    );
    assert.equal(outputsOf(passed, through)[0]?.topic, OUT.number);
    assert.deepEqual(deadLater.deadLetteredBy, [1]);
    assert.equal(opened, 1);
  } finally {
    await pool.close(2000);
  }
});

test('batches pass while the pool for dead letters is being opened', async () => {
  let opened: (pool: TransformPool) => void = () => undefined;
  const open = (): Promise<TransformPool> => new Promise((resolve) => (opened = resolve));
  const pool = new PassThroughPool({ topic: OUT, threads: 1, open });
  const refused = pool.run({ ...taskFor(inputOf(['a'])), rejectWith });
  assert.equal((await pool.run(taskFor(inputOf(['b'])))).rowsDone, 1);
  opened(new ScriptedPool());
  assert.equal((await refused).rowsDone, 1);
});

test('the pool for dead letters is stopped, watched and closed with this one', async () => {
  const inner = new ScriptedPool();
  const { pool } = poolOver(inner);
  await pool.run({ ...taskFor(inputOf(['a'])), rejectWith });
  inner.busy = 1;
  inner.trouble = 'blocked';
  assert.deepEqual([pool.busy, pool.trouble], [1, 'blocked']);
  pool.signalStop();
  await pool.close(100);
  assert.deepEqual(inner.calls, ['start', 'run', 'signalStop', 'close']);
  await assert.rejects(pool.run(taskFor(inputOf(['a']))), { code: 'DEFECT' });
});

test('a stop that was requested before reaches the pool for dead letters', async () => {
  const inner = new ScriptedPool();
  const { pool } = poolOver(inner);
  pool.signalStop();
  await pool.run({ ...taskFor(inputOf(['a'])), rejectWith });
  assert.deepEqual(inner.calls, ['signalStop', 'start', 'run']);
});

test('a pool for dead letters that does not start fails each of its tasks, and is opened once', async () => {
  const inner = new ScriptedPool();
  inner.startError = new DispatcherError('TRANSFORM_LOAD', 'no thread could be started');
  const { pool, opened } = poolOver(inner);
  for (let attempt = 0; attempt < 2; attempt++)
    await assert.rejects(pool.run({ ...taskFor(inputOf(['a'])), rejectWith }), { code: 'TRANSFORM_LOAD' });
  assert.equal(opened(), 1);
  assert.equal((await pool.run(taskFor(inputOf(['b'])))).rowsDone, 1);
});

test('a pool for dead letters that arrives after the end is not started', async () => {
  const inner = new ScriptedPool();
  let opened: (pool: TransformPool) => void = () => undefined;
  const open = (): Promise<TransformPool> => new Promise((resolve) => (opened = resolve));
  const pool = new PassThroughPool({ topic: OUT, threads: 1, open });
  const refused = pool.run({ ...taskFor(inputOf(['a'])), rejectWith });
  await pool.close(100);
  opened(inner);
  await assert.rejects(refused, { code: 'DRAIN_CUT' });
  assert.deepEqual(inner.calls, []);
});

test('records are passed unread only if the output equals the input', () => {
  const topics = { default: OUT, deadLetter: DEAD };
  const topicOf = (given: object): unknown => passThroughTopic(taskSettings({ topics, ...given }));
  assert.equal(topicOf({}), OUT);
  const read = [
    { transform: '/t.ts' },
    { input: { format: 'json' } },
    { output: { format: 'json' } },
    { input: { tombstones: 'drop' } },
    { input: { tombstones: 'reject' } },
    { output: { timestamp: 'now' } },
    { topics: { deadLetter: DEAD } },
  ];
  for (const given of read) assert.equal(topicOf(given), undefined, JSON.stringify(given));
});
