import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { Accounting, OTHER_REASON, REASONS_MAX } from '../../src/core/books/accounting.js';

const EXAMPLE = { message: 'no good', topic: 'in', partition: 1, offset: 17 };

test('the law of the summary holds exactly when every consumed record is counted once', () => {
  fc.assert(
    fc.property(
      fc.array(fc.nat(50), { minLength: 5, maxLength: 5 }),
      fc.integer({ min: -2, max: 2 }),
      (parts, wrong) => {
        const [transformed = 0, filtered = 0, deadLettered = 0, handedOver = 0, unsettled = 0] = parts;
        const accounting = new Accounting();
        accounting.consumed(parts.reduce((sum, n) => sum + n, 0) + 2, 10);
        accounting.transformed(transformed);
        accounting.filtered('OLD', filtered);
        accounting.deadLettered('BAD', deadLettered + 2, EXAMPLE);
        accounting.handedOver(handedOver);
        assert.equal(accounting.outstanding, unsettled);
        assert.equal(accounting.settled, transformed + filtered + deadLettered + 2);
        const error = accounting.check(unsettled + wrong);
        assert.equal(error === undefined, wrong === 0);
        if (error !== undefined) assert.equal(error.exitCode, 1);
      },
    ),
  );
});

test('at most a hundred distinct reasons are kept, the rest is counted as OTHER and nothing is lost', () => {
  const accounting = new Accounting();
  for (let i = 0; i < REASONS_MAX + 50; i += 1) accounting.filtered(`R${i}`, 1);
  for (let i = 0; i < REASONS_MAX + 50; i += 1) accounting.filtered(`R${i}`, 1);
  const { filtered, filteredBy } = accounting.snapshot();
  assert.equal(filtered, 2 * (REASONS_MAX + 50));
  assert.equal(Object.keys(filteredBy).length, REASONS_MAX + 1);
  assert.equal(filteredBy[OTHER_REASON], 100);
  assert.equal(filteredBy['R99'], 2);
});

test('an invalid count is refused', () => {
  const accounting = new Accounting();
  for (const wrong of [-1, 0.5, Number.NaN, Number.POSITIVE_INFINITY])
    assert.throws(() => accounting.consumed(wrong), { code: 'ACCOUNTING' });
});
