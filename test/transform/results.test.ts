import assert from 'node:assert/strict';
import { test } from 'node:test';
import { drop, emit, emitAll, emitRaw, reject, tombstone } from '../../src/index.js';
import { headerText, run } from './run.js';
import { DEAD, OUT } from './support.js';

test('results are plain objects that compare by content', () => {
  assert.deepEqual(drop('A'), drop('A'));
  assert.notDeepEqual(drop('A'), drop('B'));
  assert.deepEqual(emit({ a: 1 }, { key: 'k' }), emit({ a: 1 }, { key: 'k' }));
  assert.notDeepEqual(emit({ a: 1 }), emit({ a: 2 }));
  assert.deepEqual(emitAll([emit(1), tombstone()]), emitAll([emit(1), tombstone()]));
  assert.notDeepEqual(reject('A', 'm'), reject('A', 'n'));
  assert.notDeepEqual(emitRaw('x'), emit('x'));
  assert.notDeepEqual(drop('A'), { reason: 'A' });
});

test('a value that looks like a result is still a value', async () => {
  const { outputs, outcomes } = await run(
    () => ({ kind: 'drop', reason: 'A', 'kafka-dispatcher.result': 'drop', then: 1 }),
    ['a'],
    {
      settings: { output: { format: 'json' } },
    },
  );
  assert.deepEqual(outcomes, ['transformed']);
  assert.equal(outputs[0]?.value, '{"kind":"drop","reason":"A","kafka-dispatcher.result":"drop","then":1}');
});

test('a plain value keeps key, headers and timestamp of its source', async () => {
  const { outputs } = await run(
    (value: Buffer) => `${value}!`,
    [{ key: Buffer.from('k'), value: 'a', headers: [['h', 'x']] }],
  );
  assert.deepEqual(
    outputs.map(({ flags: _flags, ...rest }) => rest),
    [
      {
        row: 0,
        topic: OUT.number,
        partition: -1,
        timestamp: 1000,
        key: 'k',
        value: 'a!',
        raw: Buffer.from('a!'),
        headers: [['h', Buffer.from('x')]],
      },
    ],
  );
});

test('emit sets topic, key, partition, timestamp and merges headers', async () => {
  const settings = {
    topics: { default: OUT, deadLetter: DEAD, others: [{ name: 'other', number: 9, partitionCount: 3 }] },
  };
  const headers = { a: 'new', gone: undefined, added: Buffer.from([0, 255]), nothing: null };
  const { outputs } = await run(
    () => emit('v', { topic: 'other', key: 'key', partition: 2, timestamp: new Date(77), headers }),
    [
      {
        key: Buffer.from('old'),
        value: 'a',
        headers: [
          ['a', '1'],
          ['keep', '2'],
          ['gone', '3'],
          ['a', '4'],
        ],
      },
    ],
    { settings },
  );
  const [seen] = outputs;
  assert.deepEqual(
    [seen?.topic, seen?.key, seen?.partition, seen?.timestamp, seen?.value],
    [9, 'key', 2, 77, 'v'],
  );
  assert.deepEqual(seen?.headers, [
    ['keep', Buffer.from('2')],
    ['a', Buffer.from('new')],
    ['added', Buffer.from([0, 255])],
    ['nothing', null],
  ]);
});

test('a list of headers replaces those of the source; an empty one removes all', async () => {
  const source = { value: 'a', headers: [['a', '1']] as const };
  const replaced = await run(
    () =>
      emit('v', {
        headers: [
          ['b', '1'],
          ['b', '2'],
        ],
      }),
    [source],
  );
  assert.deepEqual(replaced.outputs[0]?.headers, [
    ['b', Buffer.from('1')],
    ['b', Buffer.from('2')],
  ]);
  const none = await run(() => emit('v', { headers: [] }), [source]);
  assert.deepEqual(none.outputs[0]?.headers, []);
});

test('a null key is written as null, an empty one as empty', async () => {
  const source = { key: Buffer.from('k'), value: 'a' };
  assert.equal((await run(() => emit('v', { key: null }), [source])).outputs[0]?.key, null);
  assert.equal((await run(() => emit('v', { key: '' }), [source])).outputs[0]?.key, '');
  assert.equal((await run(() => emit('v', { key: undefined }), [source])).outputs[0]?.key, 'k');
});

test('emitAll gives none, one or several records, in order', async () => {
  const { outputs, outcomes, result } = await run(
    (value: Buffer) =>
      emitAll(
        Array.from({ length: Number(String(value)) }, (_unused, index) =>
          index % 2 === 0 ? `${index}` : emit(`e${index}`, { key: 'k' }),
        ),
      ),
    ['0', '1', '3'],
  );
  assert.deepEqual(outcomes, ['transformed', 'transformed', 'transformed']);
  assert.deepEqual(
    outputs.map(({ row, value, key }) => [row, value, key]),
    [
      [1, '0', null],
      [2, '0', null],
      [2, 'e1', 'k'],
      [2, '2', null],
    ],
  );
  assert.equal(result.outputRows, 4);
});

test('emitRaw bypasses the output format, tombstone writes a null value', async () => {
  const settings = { output: { format: 'json' } as const };
  const { outputs } = await run(
    (value: Buffer) => (String(value) === 'raw' ? emitRaw('not json') : tombstone()),
    ['raw', 'gone'],
    {
      settings,
    },
  );
  assert.deepEqual(
    outputs.map(({ value }) => value),
    ['not json', null],
  );
});

test('drops are counted by reason, rejects by code, returned or thrown', async () => {
  const { outcomes, result } = await run(
    (value: Buffer) => {
      const text = String(value);
      if (text === 'a') return drop('ONE');
      // Results may be thrown, and so may anything
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (text === 'b') throw drop('TWO');
      if (text === 'c') return reject('BAD', 'c');
      // Results may be thrown, and so may anything
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      if (text === 'd') throw reject('BAD', 'd');
      return drop();
    },
    ['a', 'b', 'a', 'c', 'd', 'e'],
  );
  assert.deepEqual(outcomes, ['ONE', 'TWO', 'ONE', 'BAD', 'BAD', 'DROPPED']);
  assert.deepEqual(
    [result.filterReasons, result.filteredBy],
    [
      ['ONE', 'TWO', 'DROPPED'],
      [2, 1, 1],
    ],
  );
  assert.deepEqual([result.deadLetterCodes, result.deadLetteredBy], [['BAD'], [2]]);
  assert.deepEqual(result.deadLetterExamples, [{ row: 3, message: 'c' }]);
  assert.deepEqual(result.emitted, []);
});

test('the example of a code is masked, and of a bounded length', async () => {
  const { result } = await run(
    (value: Buffer) => {
      throw new Error(`no hunter2 ${value}`);
    },
    ['x'.repeat(1000)],
    { settings: { secrets: ['hunter2'] } },
  );
  const [example] = result.deadLetterExamples;
  assert.match(example?.message ?? '', /^no \*+ x+…$/);
  assert.equal(example?.message.length, 500);
});

test('after a hundred distinct reasons the rest is counted as OTHER', async () => {
  const records = Array.from({ length: 150 }, (_unused, index) => `R${index}`);
  const { result } = await run((value: Buffer) => drop(String(value)), records);
  assert.equal(result.filterReasons.length, 101);
  assert.deepEqual([result.filterReasons.at(-1), result.filteredBy.at(-1)], ['OTHER', 50]);
});

test('a forgotten return loses no record', async () => {
  const { outcomes, outputs } = await run(
    (value: Buffer) => (String(value) === 'u' ? undefined : null),
    ['u', 'n'],
  );
  assert.deepEqual(outcomes, ['NO_RESULT', 'NULL_RESULT']);
  assert.match(headerText(outputs[0], 'kd-message') ?? '', /drop\(\)/);
  assert.match(headerText(outputs[1], 'kd-message') ?? '', /tombstone\(\)/);
});

test('hostile results reject only their own record', async () => {
  const evil = {
    get value(): never {
      throw new RangeError('gotcha');
    },
  };
  const cycle: Record<string, unknown> = {};
  cycle['self'] = cycle;
  const results: Record<string, () => unknown> = {
    cycle: () => cycle,
    getter: () => evil,
    symbol: () => Symbol('x'),
    bigint: () => ({
      n: 1n,
      toJSON: () => {
        throw new Error('no');
      },
    }),
    proxy: () =>
      new Proxy(
        {},
        {
          ownKeys: () => {
            throw new Error('trap');
          },
          has: () => {
            throw new Error('trap');
          },
          get: () => {
            throw new Error('trap');
          },
        },
      ),
    key: () => emit('x', { key: 5 as never }),
    topic: () => emit('x', { topic: 'no spaces allowed' }),
    partition: () => emit('x', { partition: 99 }),
    negative: () => emit('x', { partition: -1 }),
    timestamp: () => emit('x', { timestamp: Number.NaN }),
    headers: () => emit('x', { headers: { a: 5 as never } }),
    options: () => emit('x', null as never),
    nested: () => emitAll([drop('A') as never]),
    list: () => emitAll('abc' as never),
    raw: () => emitRaw(5 as never),
    code: () => reject('not a code', 'm'),
    throwsNull: () => {
      // Results may be thrown, and so may anything
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw null;
    },
    throwsProxy: () => {
      // Results may be thrown, and so may anything
      // eslint-disable-next-line @typescript-eslint/only-throw-error
      throw new Proxy(
        {},
        {
          get: () => {
            throw new Error('trap');
          },
          getPrototypeOf: () => {
            throw new Error('trap');
          },
        },
      );
    },
    fine: () => 'fine',
  };
  const names = Object.keys(results);
  const { outcomes } = await run((value: Buffer) => results[String(value)]?.(), names, {
    settings: { output: { format: 'json' } },
  });
  const failed = names.filter((_name, index) => outcomes[index] === 'transformed');
  assert.deepEqual(failed, ['fine']);
  assert.equal(outcomes[names.indexOf('partition')], 'INVALID_PARTITION');
  assert.equal(outcomes[names.indexOf('topic')], 'INVALID_TOPIC');
  assert.equal(outcomes[names.indexOf('nested')], 'INVALID_RESULT');
  assert.equal(outcomes[names.indexOf('code')], 'INVALID_CODE');
  assert.equal(outcomes[names.indexOf('throwsNull')], 'TRANSFORM_ERROR');
});

test('a result in a place where it would be written as a value is refused, with a remedy', async () => {
  const cases: Readonly<Record<string, readonly [make: () => unknown, says: RegExp]>> = {
    list: [() => [emit(1), emit(2)], /emitAll/],
    dropped: [() => emit(drop('X')), /drop\(\) inside emit\(\)/],
    twice: [() => emit(emit({})), /emit\(\) inside emit\(\)/],
    promised: [() => emit(Promise.resolve(1)), /await/],
    among: [
      () => emitAll([1, Promise.reject(new Error('x')), emit(Promise.reject(new Error('y')))]),
      /await/,
    ],
    listed: [() => [Promise.reject(new Error('x')), Promise.reject(new Error('y'))], /Promise\.all/],
    buffer: [() => Buffer.from('x'), /a Buffer/],
    map: [() => new Map([[1, 2]]), /Object\.fromEntries/],
    inside: [() => ({ user: { groups: new Set() } }), /^user\.groups is a Set/],
    generator: [
      () =>
        (function* () {
          yield 1;
        })(),
      /emitAll/,
    ],
  };
  const names = Object.keys(cases);
  const settings = { output: { format: 'json' } } as const;
  const { outcomes, outputs } = await run((value: Buffer) => cases[String(value)]?.[0](), names, {
    settings,
  });
  assert.deepEqual(
    outcomes,
    names.map(() => 'INVALID_RESULT'),
  );
  for (const [index, name] of names.entries()) {
    const message = headerText(outputs[index], 'kd-message');
    assert.match(message ?? '', cases[name]?.[1] ?? /^$/, name);
  }
  const batch = {
    transformBatch: (values: Buffer[]) => values.map((value) => Promise.reject(new Error(String(value)))),
  };
  assert.deepEqual((await run(batch, ['a', 'b'], { settings })).outcomes, [
    'INVALID_RESULT',
    'INVALID_RESULT',
  ]);
  const plain = [[], [[1]], new Date(0), { next: 1 }, { then: 'later' }, {}];
  const fine = await run((value: Buffer) => plain[Number(value)], Object.keys(plain), { settings });
  assert.deepEqual(
    fine.outcomes,
    plain.map(() => 'transformed'),
  );
});

test('the outputs of one source record succeed or fail together', async () => {
  const { outcomes, outputs } = await run(() => emitAll(['one', emit('two', { partition: -5 })]), ['a']);
  assert.deepEqual(outcomes, ['INVALID_RESULT']);
  assert.deepEqual(
    outputs.map(({ topic }) => topic),
    [DEAD.number],
  );
});

test(
  'without a default topic a result without a topic is rejected with a remedy; drops and named ' +
    'topics are fine',
  async () => {
    const settings = {
      topics: { deadLetter: DEAD, others: [{ name: 'other', number: 9, partitionCount: 3 }] },
    };
    const results = [drop('DONE'), emit('v', { topic: 'other' }), 'plain', emit('v'), tombstone()];
    let index = 0;
    const { outcomes, outputs } = await run(() => results[index++] as string, ['a', 'b', 'c', 'd', 'e'], {
      settings,
    });
    assert.deepEqual(outcomes, ['DONE', 'transformed', 'NO_TOPIC', 'NO_TOPIC', 'NO_TOPIC']);
    assert.match(headerText(outputs[1], 'kd-message') ?? '', /kafka\.producer\.topic.*drop\(\)/);
  },
);
