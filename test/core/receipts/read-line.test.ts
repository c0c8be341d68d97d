import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import type { ReceiptLine } from '../../../src/core/receipts/lines.js';
import { readLine } from '../../../src/core/receipts/read-line.js';
import { LINES, SUM } from './line-samples.js';

type Kind = ReceiptLine['kind'];
type Change = Readonly<Record<string, unknown>>;

const withChange = (kind: Kind, change: Change): string => JSON.stringify({ ...LINES[kind], ...change });

for (const [kind, line] of Object.entries(LINES))
  test(`a line of kind ${kind} is read back as it was written`, () => {
    assert.deepEqual(readLine(JSON.stringify(line)), line);
  });

test('a run whose clients report no topic ids, and that moved nothing, is read too', () => {
  const begun = { inputs: [], outputs: [{ topic: 'out', id: null }], outputEnds: [], transform: null };
  assert.equal(typeof readLine(withChange('begun', begun)), 'object');
  assert.equal(typeof readLine(withChange('settled', { inputs: [], outputs: [] })), 'object');
  assert.equal(typeof readLine(withChange('bounds', { ranges: [] })), 'object');
});

const FOREIGN: readonly (readonly [text: string, said: RegExp])[] = [
  ['', /^is not JSON: /],
  ['{', /^is not JSON: /],
  ['null', /^is of a kind that this version does not know$/],
  ['7', /^is of a kind/],
  ['[]', /^is of a kind/],
  ['{}', /^is of a kind/],
  ['"begun"', /^is of a kind/],
  ['{"kind":"sealed"}', /^is of a kind/],
  ['{"kind":["begun"]}', /^is of a kind/],
  ['{"kind":"toString"}', /^is of a kind/],
];

for (const [text, said] of FOREIGN)
  test(`${text === '' ? 'an empty line' : text} is not a line of a receipt, and the answer says why`, () => {
    const read = readLine(text);
    assert.ok(typeof read === 'string');
    assert.match(read, said);
  });

const NO_COUNTS = [undefined, null, -1, 1.5, '1', 2 ** 53, true];
const each = (field: string, values: readonly unknown[]): readonly Change[] =>
  values.map((value) => ({ [field]: value }));
/** A list with one entry, of which one field is not as it should be. */
const listed = (list: string, entry: object, changes: readonly Change[]): readonly Change[] =>
  changes.map((change) => ({ [list]: [{ ...entry, ...change }] }));

const NO_LISTS = [undefined, null, {}, 'in', [null], ['in'], [[]], [7]];
const [INPUT] = LINES.settled.inputs;
const [OUTPUT] = LINES.settled.outputs;
const [RANGE] = LINES.bounds.ranges;
const [END] = LINES.begun.outputEnds;
const IDENTITY = { topic: 'in', id: 'a' };
const NO_IDENTITIES = [{ topic: undefined }, { topic: 7 }, { id: undefined }, { id: 7 }, { id: {} }];
const NO_PLACES = [{ topic: undefined }, { topic: 7 }, ...each('partition', NO_COUNTS)];
const NO_SUMS = [undefined, '', 7, SUM.slice(1), `${SUM}0`, SUM.toUpperCase(), `0x${SUM.slice(2)}`];
const NOT_HASHED = [
  ...NO_PLACES,
  ...each('records', NO_COUNTS),
  ...each('sum', NO_SUMS),
  ...each('marks', [undefined, null, 7, []]),
];
const NO_RANGES: readonly unknown[] = [undefined, null, {}, 'x', [7], [null], [{}]];
const NO_PIECES = [
  ...NO_RANGES,
  [[0, 3, 3]],
  [[0, 3, 3, 2, 1]],
  [[3, 3, 0, 0]],
  [[4, 3, 0, 0]],
  [[-1, 3, 3, 2]],
  [[0, 3, -1, 2]],
  [[0, 3, 3, '2']],
  [
    [0, 3, 3, 2],
    [5, 4, 1, 1],
  ],
];
const NO_RUNS = [...NO_RANGES, [[5]], [[5, 6, 7]], [[5, 5]], [[6, 5]], [[5, null]]];

const WRONG: readonly (readonly [kind: Kind, said: string, changes: readonly Change[]])[] = [
  [
    'reloaded',
    'instance and time',
    [...each('instance', [undefined, 7]), ...each('time', [undefined, 7, null])],
  ],
  ['begun', 'schema (this version knows 1)', each('schema', [undefined, 0, 2, '1'])],
  ['begun', 'inputs', [...each('inputs', NO_LISTS), ...listed('inputs', IDENTITY, NO_IDENTITIES)]],
  ['begun', 'outputs', [...each('outputs', NO_LISTS), ...listed('outputs', IDENTITY, NO_IDENTITIES)]],
  [
    'begun',
    'outputEnds',
    [
      ...each('outputEnds', NO_LISTS),
      ...listed('outputEnds', END ?? {}, [...NO_PLACES, ...each('to', NO_COUNTS)]),
    ],
  ],
  [
    'bounds',
    'ranges',
    [
      ...each('ranges', NO_LISTS),
      ...listed('ranges', RANGE ?? {}, [...NO_PLACES, ...each('from', NO_COUNTS), ...each('to', NO_COUNTS)]),
    ],
  ],
  ['settled', 'inputs', [...each('inputs', NO_LISTS), ...listed('inputs', INPUT ?? {}, NOT_HASHED)]],
  ['settled', 'inputs', listed('inputs', INPUT ?? {}, each('pieces', NO_PIECES))],
  ['settled', 'outputs', [...each('outputs', NO_LISTS), ...listed('outputs', OUTPUT ?? {}, NOT_HASHED)]],
  ['settled', 'outputs', listed('outputs', OUTPUT ?? {}, each('runs', NO_RUNS))],
  ['settled', 'unplaced', each('unplaced', NO_COUNTS)],
  ['ended', 'state and unsettled', [...each('unsettled', NO_COUNTS), ...each('state', [undefined, 7, null])]],
];

WRONG.forEach(([kind, said, changes], row) => {
  test(`a ${kind} line whose ${said} can't be used is refused with these words (case ${row + 1})`, () => {
    for (const change of changes)
      assert.equal(readLine(withChange(kind, change)), `has no valid ${said}`, JSON.stringify(change));
  });
});

test('one bad entry among good ones is enough', () => {
  assert.equal(
    readLine(withChange('settled', { inputs: [INPUT, { ...INPUT, sum: 'x' }] })),
    'has no valid inputs',
  );
  const ranges = [RANGE, { ...RANGE, to: -1 }, RANGE];
  assert.equal(readLine(withChange('bounds', { ranges })), 'has no valid ranges');
});

test('whatever JSON is in a line, it is read or refused with words, and never throws', () => {
  const field = fc.constantFrom(
    'inputs',
    'outputs',
    'outputEnds',
    'ranges',
    'unplaced',
    'state',
    'time',
    'kind',
  );
  const kind = fc.constantFrom<Kind>('begun', 'reloaded', 'bounds', 'settled', 'ended');
  fc.assert(
    fc.property(kind, field, fc.jsonValue(), (of, name, value) => {
      const text = withChange(of, { [name]: value });
      const read = readLine(text);
      if (typeof read === 'string') assert.match(read, /^(is of a kind|has no valid )/);
      else assert.deepEqual(read, JSON.parse(text));
    }),
  );
});
