import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { offsetsOf } from '../../../../src/app/receipts/verify/offsets-of.js';
import { PartitionCheck } from '../../../../src/app/receipts/verify/partition-check.js';
import { batchOf, listedOf, partOf, type Row, rowsFrom } from '../support.js';

/** Reads these records, some at a time; returns the offsets that no receipt lists. */
function fed(check: PartitionCheck, rows: readonly Row[], atOnce = rows.length): readonly number[] {
  const outside: number[] = [];
  for (let at = 0; at < rows.length; at += Math.max(1, atOnce)) {
    const { batch, segment } = batchOf(rows.slice(at, at + Math.max(1, atOnce)));
    check.feed(batch, segment, (block, firstRow, rowCount) => {
      outside.push(...offsetsOf(block, firstRow, rowCount));
    });
  }
  return outside;
}

/** Records with holes in between, as compaction and transactions leave them. */
const log = fc
  .array(fc.tuple(fc.integer({ min: 1, max: 3 }), fc.string({ maxLength: 5 })), {
    minLength: 1,
    maxLength: 40,
  })
  .map((steps) => {
    let offset = 100;
    return steps.map(([step, value]): Row => {
      offset += step;
      return { offset, value };
    });
  });
/** Cuts them into the parts that a run settled one after another. */
const cuts = fc.array(fc.nat(40), { maxLength: 5 });

function cutAt(rows: readonly Row[], at: readonly number[]): readonly (readonly Row[])[] {
  const ends = [0, ...at.map((one) => one % rows.length).sort((a, b) => a - b), rows.length];
  return ends.slice(1).flatMap((end, index) => {
    const some = rows.slice(ends[index], end);
    return some.length === 0 ? [] : [some];
  });
}

test('records that are as they were listed agree, however they are cut and read', () => {
  fc.assert(
    fc.property(log, cuts, fc.integer({ min: 1, max: 40 }), (rows, at, atOnce) => {
      const check = new PartitionCheck(listedOf(cutAt(rows, at).map((some) => partOf(some))), false);
      assert.deepEqual(fed(check, rows, atOnce), []);
      assert.deepEqual([check.differing.length, check.records], [0, rows.length]);
    }),
    { numRuns: 60 },
  );
});

test('one changed record is found in the part that lists it, and in no other', () => {
  fc.assert(
    fc.property(log, cuts, fc.nat(), fc.integer({ min: 1, max: 40 }), (rows, at, pick, atOnce) => {
      const parts = cutAt(rows, at).map((some) => partOf(some));
      const index = pick % rows.length;
      const changed = rows.map((row, n) => (n === index ? { ...row, value: `${row.value}!` } : row));
      const check = new PartitionCheck(listedOf(parts), false);
      fed(check, changed, atOnce);
      const offset = rows[index]?.offset ?? 0;
      assert.deepEqual(
        check.differing.map(({ part }) => part),
        parts.filter(({ ranges }) => ranges.some(([from, to]) => from <= offset && offset < to)),
      );
    }),
    { numRuns: 60 },
  );
});

test('two records that changed places are not the records that were there', () => {
  const check = new PartitionCheck(listedOf([partOf(rowsFrom(0, 'a')), partOf(rowsFrom(1, 'b'))]), false);
  fed(check, rowsFrom(0, 'b', 'a'));
  assert.equal(check.differing.length, 2);
});

test('a record that is gone is found by the number of records', () => {
  const check = new PartitionCheck(listedOf([partOf(rowsFrom(0, 'a', 'b', 'c'))]), false);
  fed(check, [...rowsFrom(0, 'a'), ...rowsFrom(2, 'c')]);
  assert.deepEqual(
    check.differing.map(({ records }) => records),
    [2],
  );
});

test('records before, between and behind the listed ones are reported, and not counted', () => {
  const check = new PartitionCheck(
    listedOf([partOf(rowsFrom(10, 'a', 'b')), partOf(rowsFrom(14, 'c'))], { from: 8 }),
    false,
  );
  assert.deepEqual(
    fed(check, rowsFrom(7, '7', '8', '9', 'a', 'b', '12', '13', 'c', '15', '16')),
    [8, 9, 12, 13, 15, 16],
  );
  assert.deepEqual([check.records, check.differing.length, check.from, check.to], [3, 0, 8, 15]);
});

test('of an input nothing matters behind what had to be read', () => {
  const listed = listedOf([partOf(rowsFrom(10, 'a'))], { from: 10, to: 13 });
  const check = new PartitionCheck(listed, true);
  assert.deepEqual(fed(check, rowsFrom(10, 'a', '11', '12', '13', '14')), [11, 12]);
  assert.deepEqual([check.from, check.to], [10, 13]);
});

test('a range that was settled twice, after a crash, is compared both times', () => {
  const rows = rowsFrom(0, 'a', 'b', 'c', 'd', 'e', 'f');
  const parts = [partOf(rows.slice(0, 5)), partOf(rows.slice(2, 3)), partOf(rows.slice(3))];
  const agreeing = new PartitionCheck(listedOf(parts), false);
  assert.deepEqual([fed(agreeing, rows, 2), agreeing.differing.length, agreeing.records], [[], 0, 6]);
  const changed = new PartitionCheck(listedOf(parts), false);
  fed(
    changed,
    rows.map((row) => (row.value === 'd' ? { ...row, value: 'x' } : row)),
    4,
  );
  assert.deepEqual(
    changed.differing.map(({ part }) => part.ranges),
    [[[0, 5]], [[3, 6]]],
    'the first offsets first',
  );
});

test('what was deleted since is not called changed, and is named', () => {
  const check = new PartitionCheck(
    listedOf([partOf(rowsFrom(10, 'a', 'b')), partOf(rowsFrom(12, 'c'))]),
    false,
  );
  assert.equal(check.gone, undefined);
  check.low = 11;
  fed(check, rowsFrom(11, 'b', 'c'));
  assert.deepEqual([check.differing.length, check.gone], [0, [10, 11]]);
  const unreadable = new PartitionCheck(
    listedOf([partOf(rowsFrom(10, 'a')), partOf(rowsFrom(11, 'b'))]),
    false,
  );
  unreadable.low = 11;
  fed(unreadable, rowsFrom(11, 'x'));
  assert.deepEqual(
    unreadable.differing.map(({ part }) => part.ranges),
    [[[11, 12]]],
    'what is still there is compared',
  );
});

test('a partition in which nothing was listed begins at what had to be read, else at 0', () => {
  assert.deepEqual(new PartitionCheck(listedOf([], { from: 5, to: 9 }), true).from, 5);
  const nothing = new PartitionCheck(listedOf([]), false);
  assert.deepEqual([nothing.from, nothing.to, nothing.gone], [0, 0, undefined]);
});
