import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { firstDifference, type SeenRecord } from '../../../src/core/receipts/compare.js';

const FROM = 1_000;

/** All marks differ, so that a place is never hidden by an equal mark. */
const marks = fc.shuffledSubarray(
  Array.from({ length: 256 }, (_, mark) => mark),
  { minLength: 3, maxLength: 200 },
);

function seen(values: readonly number[]): readonly SeenRecord[] {
  return values.map((mark, index) => ({ offset: FROM + index, mark }));
}

function unused(values: readonly number[]): number {
  return Array.from({ length: 256 }, (_, mark) => mark).find((mark) => !values.includes(mark)) ?? 0;
}

test('equal marks have no difference', () => {
  fc.assert(
    fc.property(marks, (values) => {
      assert.equal(firstDifference(FROM, Uint8Array.from(values), seen(values)), undefined);
    }),
  );
});

test('a changed, a dropped and an inserted record are found where they are', () => {
  fc.assert(
    fc.property(marks, fc.nat(1_000), (values, pick) => {
      fc.pre(values.length < 256);
      const index = pick % values.length;
      const expected = Uint8Array.from(values);
      const other = unused(values);
      const changed = [...values.slice(0, index), other, ...values.slice(index + 1)];
      const dropped = [...values.slice(0, index), ...values.slice(index + 1)];
      const inserted = [...values.slice(0, index), other, ...values.slice(index)];
      const place = { offset: FROM + index, index };
      assert.deepEqual(firstDifference(FROM, expected, seen(changed)), { kind: 'changed', ...place });
      assert.deepEqual(firstDifference(FROM, expected, seen(dropped)), { kind: 'dropped', ...place });
      assert.deepEqual(firstDifference(FROM, expected, seen(inserted)), { kind: 'inserted', ...place });
    }),
  );
});

test('where offsets moved up and more records follow, a dropped record is still not a changed one', () => {
  fc.assert(
    fc.property(marks, fc.nat(1_000), (values, pick) => {
      // The next record of the topic is within the range now.
      const index = pick % (values.length - 2);
      const expected = Uint8Array.from(values.slice(0, -1));
      const moved = [...values.slice(0, index), ...values.slice(index + 1)];
      const { kind } = firstDifference(FROM, expected, seen(moved)) ?? {};
      assert.equal(kind, 'dropped');
    }),
  );
});
