import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { endsBeforeBeginning } from '../../../src/core/positions/order.js';
import { type PartitionFacts, place } from '../../../src/core/positions/place.js';
import { type Position, parsePosition } from '../../../src/core/positions/position.js';

const NOW_MS = Date.parse('2026-11-28T12:00:00Z');
const TABLE = '{"in": {"0": 12}}';
const at = (text: string): Position => parsePosition(text, NOW_MS, () => TABLE);

const EMPTY: readonly (readonly [from: string, until: string])[] = [
  ['-1h', '-2h'],
  ['-1h', '-60m'],
  ['2026-11-28', '2026-11-27'],
  ['2026-11-28', '2026-11-28T00:00Z'],
  ['1200', '1100'],
  ['1200', '1200'],
  ['-10', '-20'],
  ['-10', '-10'],
  ['earliest', 'earliest'],
  ['latest', 'earliest'],
  ['-2h', 'earliest'],
  ['1200', '+0'],
  ['earliest', '+0'],
];

for (const [from, until] of EMPTY)
  test(`from ${from} until ${until} can't have a record, in whatever partition`, () => {
    assert.equal(endsBeforeBeginning(at(from), at(until)), true);
  });

const POSSIBLE: readonly (readonly [from: string, until: string])[] = [
  ['-2h', '-1h'],
  ['2026-11-27', '2026-11-28'],
  ['1100', '1101'],
  ['-20', '-10'],
  ['earliest', 'latest'],
  ['latest', 'latest'],
  ['earliest', '+1'],
  ['-1h', '5'],
  ['100', '-1h'],
  ['100', '-200'],
  ['-10', '5'],
  ['committed', '-1d'],
  ['@offsets.json', '1'],
  ['1200', '+5'],
  ['1200', 'committed'],
];

for (const [from, until] of POSSIBLE)
  test(`from ${from} until ${until} depends on the partition: the brokers are asked`, () => {
    assert.equal(endsBeforeBeginning(at(from), at(until)), false);
  });

test('where it says that nothing is between, no partition has a record there', () => {
  const number = fc.nat(300);
  const position: fc.Arbitrary<Position> = fc.oneof(
    fc.constantFrom<Position>({ kind: 'earliest' }, { kind: 'end' }, { kind: 'committed' }),
    number.map((offset): Position => ({ kind: 'offset', offset })),
    fc.record({ kind: fc.constantFrom('after' as const, 'before' as const), offsets: number }),
  );
  const facts = fc.record({ low: number, length: number, committed: number });
  fc.assert(
    fc.property(position, position, facts, (from, until, { low, length, committed }) => {
      if (!endsBeforeBeginning(from, until)) return;
      const partition: PartitionFacts = { topic: 't', partition: 0, low, end: low + length, committed };
      const begin = place(from, partition).offset;
      assert.ok(place(until, partition, until.kind === 'after' ? begin : undefined).offset <= begin);
    }),
    { numRuns: 500 },
  );
});
