import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { TwinTable } from '../../../src/core/receipts/twin-table.js';

test('a table finds the records of the twins that were seen, and no others', () => {
  // Few distinct numbers, which share their lower bits.
  const twin = fc.nat(400).map((n) => n * 4_294_967_296 + (n % 3));
  fc.assert(
    fc.property(fc.array(twin, { maxLength: 2_000 }), fc.array(twin), (twins, seen) => {
      const table = new TwinTable();
      twins.forEach((one, index) => table.add(one, index % 7, index, index % 256));
      for (const one of seen) table.see(one);
      const found = [...table.records()];
      assert.deepEqual(
        found,
        twins.map((one, index) => ({
          partition: index % 7,
          offset: index,
          mark: index % 256,
          isTwin: seen.includes(one),
        })),
      );
      assert.equal(
        table.allFound,
        found.every(({ isTwin }) => isTwin),
      );
    }),
    { numRuns: 50 },
  );
});
