import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  JobRecordFault,
  type JobRecordKind,
  keyText,
  readKey,
  readValue,
  valueText,
} from '../../../src/core/jobs/job-record.js';
import { VALUES } from './sample-job.js';

const KINDS: readonly JobRecordKind[] = ['pin', 'change', 'instance', 'started', 'finished'];

/** The words of the fault; undefined: the value is read. */
function faultOf(kind: JobRecordKind, change: Readonly<Record<string, unknown>>): string | undefined {
  try {
    readValue(kind, JSON.stringify({ ...JSON.parse(valueText(kind, VALUES[kind])), ...change }));
    return undefined;
  } catch (error) {
    assert.ok(error instanceof JobRecordFault);
    return error.message;
  }
}

for (const kind of KINDS)
  test(`a record of kind ${kind} is read back as it was written`, () => {
    assert.deepEqual(readValue(kind, valueText(kind, VALUES[kind])), VALUES[kind]);
  });

for (const kind of KINDS)
  test(`a record that calls itself something else is not read as ${kind}`, () => {
    for (const other of [...KINDS.filter((one) => one !== kind), 'nonsense', 7, null])
      assert.equal(faultOf(kind, { kind: other }), `its value is not a ${kind} of a job`);
  });

for (const text of ['null', '[]', '7', '"pin"', 'true', '[{"schema":1,"kind":"pin"}]'])
  test(`${text} is no record of a job`, () => {
    assert.throws(() => readValue('pin', text), {
      name: 'JobRecordFault',
      message: 'its value is not a pin of a job',
    });
  });

test('a record of another schema says which one, and which one is known', () => {
  for (const schema of [0, 2, '1', null])
    assert.equal(faultOf('started', { schema }), `its schema is ${schema}, and this version of kd knows 1`);
});

test('fields that a newer version has added are kept, not refused', () => {
  const text = JSON.stringify({ ...JSON.parse(valueText('started', VALUES.started)), host: 'h' });
  assert.deepEqual(readValue('started', text), { ...VALUES.started, host: 'h' });
});

const TUPLES = [
  [[0, 1]],
  [[0, 1, 2, 3]],
  [[0, -1, 2]],
  [[0, 1, 1.5]],
  [[0, 1, '2']],
  [[0, 1, null]],
  [[0, 1, 2 ** 53]],
  [{}],
  7,
] as const;
const topics = (ranges: unknown): unknown => [{ topic: 'orders', id: 'x', ranges }];
const offsets = (ranges: unknown): unknown => [{ topic: 'orders', id: 'x', offsets: ranges }];
const LOSSES = [
  { partition: 0, from: 1, to: 2 },
  { topic: 'orders', from: 1, to: 2 },
  { topic: 'orders', partition: 0, to: 2 },
  { topic: 'orders', partition: 0, from: 1 },
  { topic: 'orders', partition: 0, from: -1, to: 2 },
  { topic: 3, partition: 0, from: 1, to: 2 },
  'orders',
  null,
];

/** What is wrong with which field of which record. */
const WRONG: readonly (readonly [kind: JobRecordKind, field: string, values: readonly unknown[]])[] = [
  ['pin', 'createdAt', [undefined, 7, null]],
  ['pin', 'from', [undefined, 'earliest', null, {}, { text: 7 }, [{ text: 'end' }]]],
  ['pin', 'until', [undefined, 'end', {}, { text: null }]],
  ['pin', 'parts', [undefined, null, [], 'a']],
  ['pin', 'topics', [undefined, {}, [null], ['orders'], [{ topic: 'orders', ranges: [] }]]],
  ['pin', 'topics', [[{ topic: 7, id: null, ranges: [] }], [{ topic: 'orders', id: 7, ranges: [] }]]],
  ['pin', 'topics', [undefined, ...TUPLES].map(topics)],
  ['change', 'parts', [undefined, []]],
  ['change', 'topics', [undefined, ...TUPLES.map(topics)]],
  ['change', 'lost', [undefined, {}, ...LOSSES.map((one) => [one])]],
  ['instance', 'startedAt', [undefined, 1]],
  ['instance', 'at', [undefined, 1]],
  ['instance', 'ended', [undefined, 'yes', 1]],
  ['instance', 'settled', [undefined, {}, offsets([[0, 1, 2]]), offsets([[0]]), offsets([[0, -1]])]],
  ['instance', 'counts', [undefined, 7, null, {}, { records: 7 }, { records: [] }]],
  ['started', 'at', [undefined, 0]],
  ['finished', 'at', [undefined, {}]],
];

for (const [kind, field, values] of WRONG)
  test(`a ${kind} without a usable "${field}" is refused, and the field is named`, () => {
    for (const value of values)
      assert.equal(
        faultOf(kind, { [field]: value }),
        `its value has no valid "${field}"`,
        JSON.stringify(value),
      );
  });

test('what is unusual but right is read: no ranges, no parts, offset 0, a topic without an id', () => {
  assert.equal(faultOf('pin', { parts: {}, topics: [] }), undefined);
  assert.equal(faultOf('pin', { topics: topics([[0, 0, 0]]) }), undefined);
  assert.equal(faultOf('pin', { topics: [{ topic: 'orders', id: null, ranges: [] }] }), undefined);
  assert.equal(faultOf('pin', { topics: topics([[0, 0, 2 ** 53 - 1]]) }), undefined);
  assert.equal(faultOf('change', { lost: [], topics: [] }), undefined);
  assert.equal(faultOf('instance', { settled: offsets([]) }), undefined);
});

const KEYS: readonly (readonly [text: string, meaning: string])[] = [
  ['g/0/pin/a', 'runs count from 1'],
  ['g/01/pin/a', 'a number has no leading zero'],
  ['g/1234567890/pin/a', 'no job has so many runs'],
  ['g/-1/pin/a', 'a run is no negative number'],
  ['g/1/pin/', 'a pin has an id'],
  ['g/1/pin', 'a pin has an id'],
  ['g/1/pin/a b', 'an id is one word'],
  [`g/1/pin/${'a'.repeat(65)}`, 'an id has 64 characters at most'],
  ['g/1/started/a', 'a run starts once'],
  ['g/1/other/a', 'the kind is not known'],
  ['g/1/finished ', 'nothing follows'],
  ['1/pin/a', 'the group is missing'],
  ['', 'nothing is there'],
];

for (const [text, meaning] of KEYS)
  test(`the key ${JSON.stringify(text.slice(0, 20))} is of somebody else: ${meaning}`, () => {
    assert.equal(readKey(text), undefined);
  });

test('a key is read from its end, so that a group may be named like a key', () => {
  const key = { group: 'g/1/pin/a\n', run: 999_999_999, kind: 'change', id: 'a'.repeat(64) } as const;
  assert.deepEqual(readKey(keyText(key)), key);
  assert.deepEqual(readKey('/1/started'), { group: '', run: 1, kind: 'started', id: '' });
});
