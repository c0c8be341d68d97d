/** Where the offsets of receipts touch, end or overlap. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { firstEndingAfter, type OffsetRange, outside, union } from '../../../src/core/offset-ranges.js';
import { checkLink, seal, wordsOfFault } from '../../../src/core/receipts/chain.js';
import { firstDifference } from '../../../src/core/receipts/compare.js';
import { outputsOnce } from '../../../src/core/receipts/coverage.js';
import { TwinTable } from '../../../src/core/receipts/twin-table.js';

const COVERED: readonly OffsetRange[] = [
  [10, 20],
  [30, 40],
];

const OUTSIDE: readonly (readonly [from: number, to: number, gaps: readonly OffsetRange[]])[] = [
  [0, 10, [[0, 10]]],
  [0, 11, [[0, 10]]],
  [10, 20, []],
  [
    9,
    21,
    [
      [9, 10],
      [20, 21],
    ],
  ],
  [20, 30, [[20, 30]]],
  [15, 35, [[20, 30]]],
  [40, 50, [[40, 50]]],
  [
    0,
    50,
    [
      [0, 10],
      [20, 30],
      [40, 50],
    ],
  ],
  [25, 25, []],
  [5, 5, []],
];

for (const [from, to, gaps] of OUTSIDE)
  test(`of offsets ${from} to ${to - 1} these are in no receipt: ${JSON.stringify(gaps)}`, () => {
    assert.deepEqual(outside(COVERED, from, to), gaps);
  });

test('without a receipt everything is outside, and what touches is one range', () => {
  assert.deepEqual(outside([], 3, 7), [[3, 7]]);
  assert.deepEqual(
    union([
      [5, 7],
      [1, 3],
      [3, 5],
      [2, 4],
    ]),
    [[1, 7]],
  );
  assert.deepEqual(
    union([
      [5, 7],
      [8, 9],
      [5, 6],
    ]),
    [
      [5, 7],
      [8, 9],
    ],
  );
});

test('the first range that ends after an offset is found, also at its very end', () => {
  assert.deepEqual(
    [0, 10, 19, 20, 39, 40].map((offset) => firstEndingAfter(COVERED, offset)),
    [0, 0, 0, 1, 1, 2],
  );
});

test('pieces that only touch are counted each; of two equal ones the cheaper counts', () => {
  assert.equal(
    outputsOnce([
      [0, 5, 5, 7],
      [5, 9, 4, 2],
    ]),
    9,
  );
  assert.equal(
    outputsOnce([
      [0, 5, 5, 7],
      [0, 5, 5, 3],
    ]),
    3,
  );
  assert.equal(
    outputsOnce([
      [0, 5, 5, 0],
      [2, 9, 7, 0],
    ]),
    0,
  );
  assert.equal(outputsOnce([]), 0);
});

test('records behind the last listed one were inserted, those missing at the end were dropped', () => {
  const seen = [3, 4, 5].map((mark, index) => ({ offset: 100 + index, mark }));
  assert.deepEqual(firstDifference(100, Uint8Array.of(3, 4), seen), {
    kind: 'inserted',
    offset: 102,
    index: 2,
  });
  assert.deepEqual(firstDifference(100, Uint8Array.of(3, 4, 5, 6), seen), {
    kind: 'dropped',
    offset: 103,
    index: 3,
  });
  assert.deepEqual(firstDifference(100, Uint8Array.of(9), []), { kind: 'dropped', offset: 100, index: 0 });
  assert.equal(firstDifference(100, new Uint8Array(), []), undefined);
});

test('after a hole in the offsets a dropped record is named behind the one before it', () => {
  const seen = [{ offset: 7, mark: 1 }];
  assert.deepEqual(firstDifference(0, Uint8Array.of(1, 2), seen), { kind: 'dropped', offset: 8, index: 1 });
});

test('a table holds more records than it begins with, and finds all of them after it has grown', () => {
  const table = new TwinTable();
  const count = 5_000;
  for (let n = 0; n < count; n++) table.add(n % 2_500, n % 3, n, n % 256);
  assert.equal(table.size, count);
  for (let twin = 0; twin < 2_500; twin++) {
    assert.equal(table.allFound, false, `${twin}`);
    table.see(twin);
    table.see(twin);
  }
  assert.equal(table.allFound, true);
  const records = [...table.records()];
  assert.equal(records.length, count);
  records.forEach((record, n) => {
    assert.deepEqual(record, { partition: n % 3, offset: n, mark: n % 256, isTwin: true });
  });
});

test('a record that is seen before its like is listed has no twin', () => {
  const table = new TwinTable();
  table.see(5);
  table.add(5, 0, 1, 2);
  assert.deepEqual([table.allFound, [...table.records()][0]?.isTwin], [false, false]);
});

test('what is wrong with a line of a receipt is said in words that tell editing from losing', () => {
  const digest = (text: string): string => text.length.toString(16).padStart(64, '0');
  const before = '1'.repeat(64);
  const { text, sha256 } = seal('{"kind":"x"}', before, digest);
  assert.deepEqual(checkLink(text, before, digest), { sha256 });
  assert.equal(checkLink(text, '2'.repeat(64), digest), 'not-next');
  assert.equal(checkLink(text.replace('"x"', '"xy"'), before, digest), 'edited');
  assert.equal(checkLink(text.slice(1), before, digest), 'no-line');
  assert.equal(checkLink(text.slice(0, -1), before, digest), 'no-line');
  assert.equal(checkLink('', before, digest), 'no-line');
  assert.match(wordsOfFault('edited'), /was changed after it was written/);
  assert.match(wordsOfFault('not-next'), /lines are missing, were moved, or are of another receipt/);
  assert.match(wordsOfFault('no-line'), /is not a line of a receipt/);
});
