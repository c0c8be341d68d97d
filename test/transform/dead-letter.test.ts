import assert from 'node:assert/strict';
import { test } from 'node:test';
import { reject } from '../../src/index.js';
import { headerText, run } from './run.js';
import { DEAD, OUT } from './support.js';

const origin = { group: 'flights', host: 'host-1', version: '1.2.3', transform: 'flights.ts' };

test('a dead letter carries the unchanged source and every header with the reason', async () => {
  const source = {
    key: Buffer.from('k'),
    value: 'payload',
    headers: [
      ['own', 'x'],
      ['own', null],
    ] as const,
    partition: 5,
  };
  const { outputs } = await run(
    () => {
      throw new TypeError('no such airport: ÄÖ');
    },
    [source],
    { settings: { origin } },
  );
  const [letter] = outputs;
  assert.deepEqual(
    [letter?.topic, letter?.partition, letter?.key, letter?.value, letter?.timestamp],
    [DEAD.number, -1, 'k', 'payload', -1],
  );
  assert.deepEqual(letter?.headers.slice(0, 2), [
    ['own', Buffer.from('x')],
    ['own', null],
  ]);
  const expected = {
    'kd-topic': 'in',
    'kd-partition': '5',
    'kd-offset': '100',
    'kd-timestamp': '1000',
    'kd-group': 'flights',
    'kd-code': 'TRANSFORM_ERROR',
    'kd-message': 'no such airport: ÄÖ',
    'kd-exception': 'TypeError',
    'kd-attempts': '1',
    'kd-stage': 'transform',
    'kd-transform': 'flights.ts',
    'kd-host': 'host-1',
    'kd-version': '1.2.3',
  };
  for (const [name, value] of Object.entries(expected)) assert.equal(headerText(letter, name), value, name);
  assert.match(headerText(letter, 'kd-time') ?? '', /^\d{4}-\d\d-\d\dT[\d:.]+Z$/);
  assert.match(headerText(letter, 'kd-stack') ?? '', /dead-letter\.test/);
  assert.equal(outputs[0]?.headers.filter(([name]) => name.startsWith('kd-')).length, 15);
});

test('a second rejection replaces the headers of the first and adds up the attempts', async () => {
  const headers = [
    ['kd-code', 'OLD'],
    ['mine', '1'],
    ['kd-attempts', '4'],
    ['kd-stack', 'old stack'],
    ['kd-other', 'kept'],
  ] as const;
  const { outputs } = await run(() => reject('NEW', 'again'), [{ value: 'v', headers }]);
  assert.deepEqual(outputs[0]?.headers.slice(0, 2), [
    ['mine', Buffer.from('1')],
    ['kd-other', Buffer.from('kept')],
  ]);
  assert.equal(headerText(outputs[0], 'kd-attempts'), '5');
  assert.equal(headerText(outputs[0], 'kd-code'), 'NEW');
  assert.equal(headerText(outputs[0], 'kd-stack'), undefined);
});

test('an attempts header that is not a number counts as none', async () => {
  const { outputs } = await run(() => reject('NEW'), [{ value: 'v', headers: [['kd-attempts', '-1e9']] }]);
  assert.equal(headerText(outputs[0], 'kd-attempts'), '1');
});

test('message and stack are cut between characters', async () => {
  const { outputs } = await run(() => {
    const error = new Error('é'.repeat(5000));
    error.stack = '€'.repeat(20_000);
    throw error;
  }, ['v']);
  const message = headerText(outputs[0], 'kd-message') ?? '';
  const stack = headerText(outputs[0], 'kd-stack') ?? '';
  assert.equal(Buffer.byteLength(message), 1024);
  assert.ok(Buffer.byteLength(stack) <= 8192 && Buffer.byteLength(stack) > 8186);
  assert.ok(!message.includes('�') && !stack.includes('�'));
});

test("the stack is left out when the record would exceed the topic's limit", async () => {
  const throwing = () => {
    throw new Error('x');
  };
  const value = Buffer.alloc(10_000);
  const dropped = await run(throwing, [{ value }], { settings: { deadLetterBytesMax: 11_000 } });
  assert.equal(headerText(dropped.outputs[0], 'kd-stack'), undefined);
  assert.equal(headerText(dropped.outputs[0], 'kd-exception'), 'Error');
  const kept = await run(throwing, [{ value }], { settings: { deadLetterBytesMax: 30_000 } });
  assert.notEqual(headerText(kept.outputs[0], 'kd-stack'), undefined);
});

test(
  'a dead letter carries the time of rejection, and the ' + "source's timestamp only if configured",
  async () => {
    const now = await run(() => reject('BAD'), ['v']);
    const source = await run(() => reject('BAD'), ['v'], { settings: { deadLetterTimestamp: 'source' } });
    assert.deepEqual([now.outputs[0]?.timestamp, source.outputs[0]?.timestamp], [-1, 1000]);
    assert.equal(headerText(now.outputs[0], 'kd-timestamp'), '1000');
  },
);

test('a dead letter at the size limit carries less: a short message, then only code and place', async () => {
  const definition = () => {
    throw new Error('m'.repeat(900));
  };
  const value = Buffer.alloc(10_000);
  const headers = [['own', 'kept']] as const;
  const at = async (deadLetterBytesMax: number) => {
    const { outputs } = await run(definition, [{ value, headers }], { settings: { deadLetterBytesMax } });
    return outputs[0];
  };
  const short = await at(10_900);
  assert.equal(headerText(short, 'kd-message'), 'm'.repeat(100));
  assert.equal(headerText(short, 'kd-stage'), 'transform');
  const least = await at(10_300);
  assert.deepEqual(
    least?.headers.map(([name]) => name),
    ['own', 'kd-topic', 'kd-partition', 'kd-offset', 'kd-timestamp', 'kd-code'],
  );
});

test("records that can't be decoded, validated or encoded name the stage", async () => {
  const definition = {
    validate: (value: { n: number }) => value.n > 0 || 'n must be positive',
    transform: (value: { n: number }) => (value.n === 2 ? Symbol('x') : value),
  };
  const settings = { input: { format: 'json' as const }, output: { format: 'json' as const } };
  const { outputs, outcomes } = await run(definition, ['{', '{"n":0}', '{"n":2}', '{"n":3}'], { settings });
  assert.deepEqual(
    outputs.slice(0, 3).map((one) => headerText(one, 'kd-stage')),
    ['decode', 'validate', 'encode'],
  );
  assert.equal(headerText(outputs[1], 'kd-message'), 'n must be positive');
  assert.equal(outcomes[1], 'INVALID_INPUT');
  assert.equal(outcomes[3], 'transformed');
});

test('without a dead-letter topic the task stops at the rejected record and names the reason', async () => {
  const { result, outputs } = await run(
    (value: Buffer) => (String(value) === 'bad' ? reject('BAD', 'why') : `${value}`),
    ['a', 'b', 'bad', 'd'],
    {
      settings: { topics: { default: OUT } },
    },
  );
  assert.equal(result.rowsDone, 2);
  assert.deepEqual(result.stop, { code: 'BAD', message: 'why', stage: 'transform' });
  assert.deepEqual(
    outputs.map(({ value }) => value),
    ['a', 'b'],
  );
});

test('rejectWith turns every row of the task into a dead letter without running the transform', async () => {
  let calls = 0;
  const rejectWith = { code: 'WORKER_TIMEOUT', message: 'hung', stage: 'worker' as const };
  const { outputs, outcomes } = await run(
    () => {
      calls += 1;
      return 'x';
    },
    ['a', 'b', 'c'],
    { task: { firstRow: 1, rowCount: 2, rejectWith } },
  );
  assert.equal(calls, 0);
  assert.deepEqual(outcomes, ['WORKER_TIMEOUT', 'WORKER_TIMEOUT']);
  assert.deepEqual(
    outputs.map((one) => [one.row, one.value, headerText(one, 'kd-stage')]),
    [
      [1, 'b', 'worker'],
      [2, 'c', 'worker'],
    ],
  );
});

test('rejectWith works for a pass-through too', async () => {
  const rejectWith = { code: 'DELIVERY_REFUSED', message: 'too large', stage: 'deliver' as const };
  const { outputs } = await run(undefined, ['a'], { task: { rejectWith } });
  assert.deepEqual([outputs[0]?.topic, headerText(outputs[0], 'kd-stage')], [DEAD.number, 'deliver']);
});

const DEATH = [
  ['kd-topic', 'first'],
  ['kd-partition', '7'],
  ['kd-offset', '42'],
  ['kd-timestamp', '9'],
  ['kd-code', 'OLD'],
  ['kd-attempts', '1'],
  ['mine', '1'],
] as const;

test('results from a dead letter that is read again carry none of its kd- headers', async () => {
  const { emit, tombstone } = await import('../../src/index.js');
  for (const result of [
    'value',
    emit('value'),
    emit('value', { headers: { more: '2' } }),
    tombstone(),
  ] as const) {
    const { outputs } = await run(() => result, [{ value: 'v', headers: DEATH }]);
    const names = outputs[0]?.headers.map(([name]) => name) ?? [];
    assert.deepEqual(
      names.filter((name) => name !== 'more'),
      ['mine'],
    );
  }
  const { outputs } = await run(() => 'value', [{ value: 'v', headers: [['kd-time', 'of the user']] }]);
  assert.equal(headerText(outputs[0], 'kd-time'), 'of the user');
});

test('a second rejection keeps the place where the record was first read', async () => {
  const { outputs } = await run(() => reject('NEW'), [{ value: 'v', headers: DEATH }]);
  for (const [name, value] of DEATH.slice(0, 4)) assert.equal(headerText(outputs[0], name), value);
  assert.equal(headerText(outputs[0], 'kd-code'), 'NEW');
  assert.equal(headerText(outputs[0], 'kd-attempts'), '2');
});
