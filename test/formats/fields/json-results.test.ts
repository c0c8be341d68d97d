/** Results and declarations that the fields of a JSON record can't be taken from. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { DispatcherError } from '../../../src/core/errors.js';
import { FormatError } from '../../../src/formats/format.js';
import { decodeRow, jsonFields, rowsOf } from './json-rows.js';
import { splice } from './support.js';

const RECORD = '{"a":1,"u":{"a":2,"b":3}}';

class Order {
  readonly a = 5;
}

/** Each of them has no member `a`, which would remove the field from the record. */
const CONTAINERS: Readonly<Record<string, object>> = {
  Map: new Map([['a', 1]]),
  Set: new Set(['a']),
  Date: new Date(0),
  Promise: Promise.resolve({ a: 1 }),
  Error: new Error('a'),
  RegExp: /a/,
  Number: Object(1) as object,
  Uint8Array: new Uint8Array(0),
  Array: [],
};

async function written(writes: string, result: unknown): Promise<string> {
  const codecs = await jsonFields([], [writes]);
  const [row] = rowsOf([RECORD]);
  assert.ok(row !== undefined);
  decodeRow(codecs, row);
  return splice(codecs.encoder, result, row).toString();
}

for (const [kind, value] of Object.entries(CONTAINERS)) {
  test(`a result of type ${kind} is refused, it does not remove the written fields`, async () => {
    for (const [writes, result] of [
      ['a', value],
      ['u.a', { u: value }],
    ] as const)
      await assert.rejects(written(writes, result), (error) => {
        assert.ok(error instanceof FormatError && error.code === 'INVALID_VALUE');
        assert.match(error.message, kind === 'Array' ? /got a list/ : new RegExp(`of type ${kind}`));
        return true;
      });
  });
}

test('an object of a class, and one without a prototype, has its fields', async () => {
  for (const result of [new Order(), Object.assign(Object.create(null) as object, { a: 5 })]) {
    assert.equal(await written('a', result), '{"a":5,"u":{"a":2,"b":3}}');
    assert.equal(await written('u.a', { u: result }), '{"a":1,"u":{"a":5,"b":3}}');
  }
});

test('more fields or longer names than the scanner takes are refused at the start', async () => {
  const many = Array.from({ length: 257 }, (_, i) => `f${i}`);
  const deep = Array.from({ length: 200 }, (_, i) => `f${i}${'.x'.repeat(10)}`);
  for (const reads of [many, deep, ['x'.repeat(342)], ['\u{20000}'.repeat(171)]])
    await assert.rejects(jsonFields(reads, []), (error) => {
      assert.ok(error instanceof DispatcherError && error.code === 'CONFIGURATION');
      assert.match(error.message, /^these fields can't be declared: /);
      return true;
    });
});
