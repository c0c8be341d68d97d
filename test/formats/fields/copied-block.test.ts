import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { CopiedBlock } from '../../../src/formats/json/fields/copied-block.js';

const written = (write: (block: CopiedBlock, at: number) => number, source = new Uint8Array(0)): string => {
  const target = new Uint8Array(new SharedArrayBuffer(2_000)).fill(0x7e);
  const block = new CopiedBlock();
  block.open(source, target);
  const end = write(block, 10);
  assert.ok(target.subarray(0, 10).every((byte) => byte === 0x7e));
  assert.ok(target.subarray(end).every((byte) => byte === 0x7e));
  return Buffer.from(target.slice(10, end)).toString();
};

test('a number is written as JSON.stringify writes it', () => {
  const number = fc.oneof(
    fc.integer(),
    fc.maxSafeInteger(),
    fc.integer().map((cents) => cents / 100),
    fc.integer({ min: -10_000, max: 10_000 }).map((cents) => cents / 100),
    fc.integer().map((part) => part / 1000),
    fc.maxSafeInteger().map((cents) => cents / 100),
    fc.double({ noNaN: true, noDefaultInfinity: true }),
    fc.constantFrom(
      0,
      -0,
      0.5,
      -0.5,
      0.01,
      -0.01,
      0.1 + 0.2,
      1e21,
      1e-7,
      2 ** 31,
      -(2 ** 31),
      21_474_836.47,
      21_474_836.48,
    ),
  );
  fc.assert(
    fc.property(number, (value) => {
      assert.equal(
        written((block, at) => block.number(at, value)),
        JSON.stringify(value),
      );
    }),
    { numRuns: 5_000 },
  );
});

test('a text is written as UTF-8, and a span is copied, whatever their lengths', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 300, size: 'max' }), fc.nat(5), (text, skipped) => {
      const bytes = Buffer.from(text);
      assert.equal(
        written((block, at) => block.text(at, bytes.toString())),
        bytes.toString(),
      );
      const from = Math.min(skipped, bytes.length);
      const target = new Uint8Array(2_000);
      const block = new CopiedBlock();
      block.open(bytes, target);
      const end = block.copy(3, from, bytes.length);
      assert.deepEqual(Buffer.from(target.subarray(3, end)), bytes.subarray(from));
      assert.ok(target.subarray(end).every((byte) => byte === 0));
    }),
    { numRuns: 1_000 },
  );
});
