import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type EmitOptions, emit, forward } from '../../src/index.js';
import { TopicTable } from '../../src/transform/results/topic-table.js';
import { run } from './run.js';
import { DEAD, OUT } from './support.js';

const KNOWN = { name: 'known', number: 7, partitionCount: 2 };
const NO_NAMES = ['', '.', '..', 'a b', 'a/b', 'é', 'a\n', 'x'.repeat(250)];
const NO_TEXTS: readonly unknown[] = [undefined, null, 7, {}, ['known'], new String('known')];

test('names of topics are judged alike, whether the topic is known or not', () => {
  const table = new TopicTable([KNOWN]);
  for (const name of ['known', 'unknown', 'a.b_c-D9', 'x'.repeat(249)])
    assert.equal(table.accepts(name), true, name);
  for (const name of NO_NAMES) assert.equal(table.accepts(name), false, JSON.stringify(name));
  for (const name of NO_TEXTS) assert.equal(table.accepts(name), false, String(name));
  table.add([{ name: 'unknown', number: 8, partitionCount: 1 }]);
  assert.equal(table.accepts('unknown'), true);
  assert.equal(table.get('unknown')?.number, 8);
});

test('a look-up sees what was reported since the one before', () => {
  const table = new TopicTable([KNOWN]);
  assert.equal(table.get('late'), undefined);
  assert.equal(table.get('late'), undefined);
  table.add([{ name: 'late', number: 9, partitionCount: 1 }]);
  assert.equal(table.get('late')?.number, 9);
  table.add([{ name: 'late', number: 9, partitionCount: 5 }]);
  assert.equal(table.get('late')?.partitionCount, 5);
  assert.equal(table.get('known'), KNOWN);
  for (const name of NO_TEXTS) assert.equal(table.get(name), undefined, String(name));
  assert.equal(table.get('known'), KNOWN);
});

test('each record of a batch goes to the topic that its own result names', async () => {
  const settings = { topics: { default: OUT, deadLetter: DEAD, others: [KNOWN] } };
  const values = ['known', OUT.name, 'a b', 'known', '..', OUT.name];
  const { outcomes, outputs } = await run((value: Buffer) => forward({ topic: String(value) }), values, {
    settings,
  });
  const written = [
    'transformed',
    'transformed',
    'INVALID_TOPIC',
    'transformed',
    'INVALID_TOPIC',
    'transformed',
  ];
  assert.deepEqual(outcomes, written);
  const sent = outputs.filter(({ topic }) => topic !== DEAD.number);
  assert.deepEqual(
    sent.map(({ row, topic }) => [row, topic]),
    [
      [0, 7],
      [1, OUT.number],
      [3, 7],
      [5, OUT.number],
    ],
  );
});

test('a text object that names a known topic is refused', async () => {
  const settings = { topics: { default: OUT, deadLetter: DEAD, others: [KNOWN] } };
  const topic = new String('known') as never;
  const { outcomes } = await run(() => emit('v', { topic }), ['a'], { settings });
  assert.deepEqual(outcomes, ['INVALID_TOPIC']);
});

/** Results that name a topic or a partition only are written without a closer look at them. */
const ROUTES: readonly EmitOptions[] = [
  {},
  { topic: 'known' },
  { partition: 0 },
  { partition: OUT.partitionCount - 1 },
  { topic: 'known', partition: 1 },
  { topic: 'known', partition: 2 },
  { topic: 'no name' },
  { partition: -1 },
  { partition: 0.5 },
  { partition: Number.NaN },
  { partition: '0' as never },
  { partition: null as never },
  { topic: null as never },
  { topic: ['known'] as never },
];

test('a result that is only routed is written as one with the source headers given again', async () => {
  const settings = { topics: { default: OUT, deadLetter: DEAD, others: [KNOWN] } };
  const died = [
    ['a', '1'],
    ['kd-code', 'X'],
    ['kd-group', 'g'],
  ] as const;
  for (const options of ROUTES) {
    for (const headers of [[], [['a', '1']], died] as const) {
      const record = { key: Buffer.from('k'), value: 'a', headers };
      const kept = headers.filter(([name]) => name === 'a').map(([name, value]) => [name, value] as const);
      const short = await run(() => forward(options), [record], { settings });
      const long = await run(() => forward({ ...options, headers: kept }), [record], { settings });
      const where = JSON.stringify([options, headers]);
      assert.deepEqual(short.outcomes, long.outcomes, where);
      const plain = ({ outputs }: typeof short): unknown[] =>
        outputs.map(({ row, topic, partition, timestamp, key, value }) => [
          row,
          topic,
          partition,
          timestamp,
          key,
          value,
        ]);
      assert.deepEqual(plain(short), plain(long), where);
      if (short.outcomes[0] !== 'transformed') continue;
      assert.deepEqual(
        short.outputs.map((one) => one.headers.map(([name]) => name)),
        [kept.map(([name]) => name)],
        where,
      );
    }
  }
});

test('each option is read once, so that what is checked is what is written', async () => {
  const settings = { topics: { default: OUT, deadLetter: DEAD, others: [KNOWN] } };
  const read: string[] = [];
  const options = new Proxy({ topic: 'known', partition: 1 } as EmitOptions, {
    get: (target, name) => {
      if (typeof name === 'string') read.push(name);
      return Reflect.get(target, name) as unknown;
    },
  });
  const { outcomes } = await run(() => forward(options), ['a'], { settings });
  assert.deepEqual(outcomes, ['transformed']);
  assert.deepEqual(read.toSorted(), ['headers', 'key', 'partition', 'timestamp', 'topic']);
});

test('a topic that was reported again is the new one, also where it was looked up last', () => {
  const table = new TopicTable([KNOWN]);
  assert.equal(table.get(KNOWN.name)?.partitionCount, KNOWN.partitionCount);
  table.add([{ ...KNOWN, partitionCount: KNOWN.partitionCount + 1 }]);
  assert.equal(table.get(undefined), undefined);
  assert.equal(table.get(KNOWN.name)?.partitionCount, KNOWN.partitionCount + 1);
});
