import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../../src/formats/index.js';
import { JsonRowDecoder } from '../../../src/formats/json/row-decoder.js';
import { SourceRecord } from '../../../src/formats/json/source-record.js';
import { JsonDecoder } from '../../../src/formats/json-decode.js';
import { blockOf, changedText, hostileText, jsonText, plainText, startOf } from './support.js';

const plain = new JsonDecoder();

/** Values with the order of their keys, or the refusal. */
function outcome(read: () => unknown): unknown {
  try {
    return inOrder(read());
  } catch (error) {
    if (error instanceof FormatError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

function inOrder(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return Object.is(value, -0) ? '-0' : value;
  if (Array.isArray(value)) return value.map(inOrder);
  assert.equal(Object.getPrototypeOf(value), Object.prototype);
  return { members: Object.entries(value).map(([key, member]) => [key, inOrder(member)]) };
}

function sameAsPlain(decoder: JsonRowDecoder, values: readonly Uint8Array[]): void {
  const block = blockOf(values);
  for (const [row, value] of values.entries()) {
    const start = startOf(block, row);
    assert.deepEqual(
      outcome(() => decoder.decode(block, start, start + value.length, row)),
      outcome(() => plain.decode(value, 0, value.length)),
    );
  }
  decoder.release();
}

test('a row is read as its bytes alone are: the same value, the same refusal', () => {
  const decoder = new JsonRowDecoder(new SourceRecord());
  const text = fc.oneof(jsonText, changedText, hostileText, plainText);
  fc.assert(
    fc.property(fc.array(text, { minLength: 1, maxLength: 8 }), (values) => sameAsPlain(decoder, values)),
    { numRuns: 1_000 },
  );
});

test('rows are read in any order, and again', () => {
  const values = Array.from({ length: 200 }, (_, i) => Buffer.from(`{"n":${i}}`));
  const block = blockOf(values);
  const decoder = new JsonRowDecoder(new SourceRecord());
  for (const row of [0, 1, 199, 63, 64, 65, 64, 0, 130]) {
    const start = startOf(block, row);
    assert.deepEqual(decoder.decode(block, start, start + 8, row), { n: row });
  }
});

test('bytes that belong to no row are read, too', () => {
  assert.deepEqual(new JsonRowDecoder(new SourceRecord()).decode(Buffer.from('[1]x'), 0, 3), [1]);
});

test('after a release the block is read again', () => {
  const block = blockOf([Buffer.from('{"n":1}')]);
  const start = startOf(block, 0);
  const decoder = new JsonRowDecoder(new SourceRecord());
  assert.deepEqual(decoder.decode(block, start, start + 7, 0), { n: 1 });
  block.set(Buffer.from('[1,2,3]'), start);
  decoder.release();
  assert.deepEqual(decoder.decode(block, start, start + 7, 0), [1, 2, 3]);
});

test('keys of any length and script are read', () => {
  const decoder = new JsonRowDecoder(new SourceRecord());
  for (const letter of ['a', 'ü', '\u0950', '\u{20000}'])
    for (const length of [170, 171, 300, 301, 341, 342, 400]) {
      const text = JSON.stringify({ [letter.repeat(length)]: 1, b: { [letter.repeat(length)]: 'x' } });
      // So many that the decoder looks for another shape.
      sameAsPlain(decoder, Array(300).fill(Buffer.from(text)) as Buffer[]);
    }
});
