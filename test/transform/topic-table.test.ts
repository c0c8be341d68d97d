import assert from 'node:assert/strict';
import { test } from 'node:test';
import { emit, forward } from '../../src/index.js';
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
