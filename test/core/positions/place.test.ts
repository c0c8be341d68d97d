import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type PartitionFacts, place, wordsOf } from '../../../src/core/positions/place.js';
import type { Position } from '../../../src/core/positions/position.js';

const FACTS: PartitionFacts = { topic: 't', partition: 0, low: 100, end: 200 };
const at = (position: Position, facts: Partial<PartitionFacts> = {}, origin?: number): unknown => {
  const { offset, note } = place(position, { ...FACTS, ...facts }, origin);
  return note === undefined ? offset : [offset, note];
};

test('the beginning, the end, counts and offsets are placed within the log', () => {
  assert.equal(at({ kind: 'earliest' }), 100);
  assert.equal(at({ kind: 'end' }), 200);
  assert.equal(at({ kind: 'after', offsets: 10 }), 110);
  assert.equal(at({ kind: 'before', offsets: 10 }), 190);
  assert.equal(at({ kind: 'before', offsets: 1_000 }), 100);
  assert.equal(at({ kind: 'offset', offset: 150 }), 150);
  assert.deepEqual(at({ kind: 'after', offsets: 1_000 }), [200, 'behind-end']);
  assert.deepEqual(at({ kind: 'offset', offset: 7 }), [100, 'before-beginning']);
  assert.deepEqual(at({ kind: 'offset', offset: 201 }), [200, 'behind-end']);
});

test('counts from a given place may lie on both sides of it', () => {
  assert.equal(at({ kind: 'after', offsets: 5 }, {}, 150), 155);
  assert.equal(at({ kind: 'before', offsets: 5 }, {}, 150), 145);
  assert.deepEqual(at({ kind: 'before', offsets: 60 }, {}, 150), [100, 'before-beginning']);
});

test('a group without a commit begins at the beginning, with a note', () => {
  assert.equal(at({ kind: 'committed' }, { committed: 130 }), 130);
  assert.deepEqual(at({ kind: 'committed' }, { committed: -1 }), [100, 'not-committed']);
  assert.deepEqual(at({ kind: 'committed' }, { committed: 50 }), [100, 'before-beginning']);
});

test('a time is placed at its first record; times outside the log get a note', () => {
  const time: Position = { kind: 'time', timestampMs: 5_000 };
  assert.equal(at(time, { timed: { offset: 150, timestampMs: 5_001, isRecord: true } }), 150);
  assert.equal(at(time, { timed: { offset: 100, timestampMs: 5_000, isRecord: true } }), 100);
  assert.deepEqual(at(time, { timed: { offset: 100, timestampMs: 6_000, isRecord: true } }), [
    100,
    'log-begins-later',
  ]);
  assert.deepEqual(at(time, { timed: { offset: -1, timestampMs: -1, isRecord: true } }), [
    200,
    'nothing-so-young',
  ]);
  assert.deepEqual(at(time, { timed: { offset: 150, timestampMs: -1, isRecord: false } }), [
    150,
    'no-record-found',
  ]);
  assert.equal(at(time, { low: 200, timed: { offset: -1, timestampMs: -1, isRecord: true } }), 200);
});

test('a partition that the file does not name is not read, with a note', () => {
  const table: Position = { kind: 'table', file: 'o.json', offsets: new Map([['t', new Map([[0, 120]])]]) };
  assert.equal(at(table), 120);
  assert.deepEqual(at(table, { partition: 1 }), [200, 'not-in-table']);
  assert.deepEqual(at(table, { topic: 'u' }), [200, 'not-in-table']);
});

test('for any position the offset is within the log, and every note has a text', () => {
  const offset = fc.integer({ min: 0, max: 1_000 });
  const position: fc.Arbitrary<Position> = fc.oneof(
    fc.constantFrom<Position>({ kind: 'earliest' }, { kind: 'end' }, { kind: 'committed' }),
    offset.map((timestampMs): Position => ({ kind: 'time', timestampMs })),
    fc.record({ kind: fc.constantFrom('after' as const, 'before' as const), offsets: offset }),
    fc.record({ kind: fc.constant('offset' as const), offset }),
  );
  const facts = fc.record({ low: offset, length: offset, committed: offset, timed: offset, origin: offset });
  fc.assert(
    fc.property(
      position,
      facts,
      fc.boolean(),
      (wanted, { low, length, committed, timed, origin }, relative) => {
        const placed = place(
          wanted,
          {
            ...FACTS,
            low,
            end: low + length,
            committed,
            timed: { offset: timed - 1, timestampMs: timed, isRecord: true },
          },
          relative ? origin : undefined,
        );
        assert.ok(placed.offset >= low && placed.offset <= low + length, JSON.stringify(placed));
        if (placed.note !== undefined) assert.ok(wordsOf(placed.note).length > 20);
      },
    ),
  );
});
