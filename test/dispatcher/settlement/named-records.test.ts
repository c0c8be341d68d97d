import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { type NamedRecord, NamedRecords } from '../../../src/dispatcher/settlement/named-records.js';

const PARTITIONS = 3;
const OFFSETS = 40;

const named = (offset: number, words = 'no key'): NamedRecord => ({
  offset,
  rejection: { code: 'INVALID_RECORD', message: words, stage: 'deliver' },
  deadLetter: false,
});

const range = { from: fc.nat({ max: OFFSETS }), length: fc.nat({ max: OFFSETS }) };
const step = fc.oneof(
  {
    weight: 6,
    arbitrary: fc.record({
      kind: fc.constant('add' as const),
      id: fc.nat({ max: PARTITIONS - 1 }),
      from: fc.nat({ max: OFFSETS }),
      words: fc.constantFrom('no key', 'no value'),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant('forget' as const),
      id: fc.nat({ max: PARTITIONS - 1 }),
      ...range,
    }),
  },
  {
    weight: 1,
    arbitrary: fc.record({
      kind: fc.constantFrom('forgetAll' as const, 'suspend' as const),
      id: fc.nat({ max: PARTITIONS - 1 }),
    }),
  },
);

test('the records that a broker named are known until they are settled, by partition and in order', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), fc.record(range), (steps, asked) => {
      const records = new NamedRecords();
      const model = Array.from({ length: PARTITIONS }, () => new Map<number, NamedRecord>());
      const suspended = new Set<number>();
      for (const one of steps) {
        const known = model[one.id];
        if (known === undefined) continue;
        if (one.kind === 'add') {
          records.add(one.id, named(one.from, one.words));
          // Offsets of a replaced topic name other records.
          if (!suspended.has(one.id)) known.set(one.from, named(one.from, one.words));
        } else if (one.kind === 'forget') {
          records.forget(one.id, one.from, one.from + one.length);
          for (const offset of [...known.keys()])
            if (offset >= one.from && offset <= one.from + one.length) known.delete(offset);
        } else {
          records[one.kind](one.id);
          known.clear();
          if (one.kind === 'suspend') suspended.add(one.id);
          else suspended.delete(one.id);
        }
        // A narrow and a wide question are answered in different ways.
        for (const length of [0, asked.length, 1_000_000])
          model.forEach((expected, id) => {
            const last = asked.from + length;
            assert.deepEqual(
              records.within(id, asked.from, last),
              [...expected.values()]
                .filter(({ offset }) => offset >= asked.from && offset <= last)
                .sort((a, b) => a.offset - b.offset),
            );
          });
      }
    }),
    { numRuns: 300 },
  );
});

test('of more than ten thousand named records the oldest are forgotten, settled ones aside', () => {
  const records = new NamedRecords();
  for (let offset = 0; offset < 10_000; offset++) records.add(offset % 2, named(offset));
  records.forget(1, 0, 99);
  // Room for the fifty that were settled.
  for (let offset = 10_000; offset < 10_050; offset++) records.add(0, named(offset));
  assert.deepEqual(records.within(0, 0, 3), [named(0), named(2)]);
  records.add(1, named(20_000));
  records.add(1, named(20_002));
  assert.deepEqual(records.within(0, 0, 5), [named(4)]);
  assert.deepEqual(records.within(1, 20_000, 30_000), [named(20_000), named(20_002)]);
  // The same record named again takes no further room.
  records.add(1, named(20_002, 'no value'));
  assert.deepEqual(records.within(0, 0, 5), [named(4)]);
  assert.deepEqual(records.within(1, 20_002, 20_002), [named(20_002, 'no value')]);
});
