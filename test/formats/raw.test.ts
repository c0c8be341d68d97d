import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { createDecoder, createEncoder, FormatError, toDisplay } from '../../src/formats/index.js';
import { decode, encode } from './support/avro.js';

const decoder = createDecoder({ format: 'raw', long: 'number' });
const encoder = createEncoder({ format: 'raw', long: 'number' });

test('raw bytes arrive in their own Buffer and are written unchanged', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 3_000 }), (bytes) => {
      const value = decode(decoder, bytes);
      assert.ok(Buffer.isBuffer(value));
      assert.deepEqual(value, Buffer.from(bytes));
      assert.deepEqual(encode(encoder, bytes), Buffer.from(bytes));
    }),
  );
  assert.deepEqual(encode(encoder, 'é'), Buffer.from('é'));
  for (const value of [null, undefined, 5, {}, [1]]) assert.throws(() => encode(encoder, value), FormatError);
  assert.equal(encoder.encode(Buffer.alloc(5), new Uint8Array(8), 4, 8), -6);
  assert.equal(encoder.encode('ééé', new Uint8Array(8), 4, 8), -7);
});

test("a view that does not start at its buffer's beginning is read and written at the right position", () => {
  const shared = new SharedArrayBuffer(64);
  const view = new Uint8Array(shared, 8, 40);
  for (const format of ['raw', 'json'] as const) {
    const end = createEncoder({ format, long: 'number' }).encode('abc', view, 2, 40);
    assert.ok(
      Buffer.from(new Uint8Array(shared).slice(10, 8 + end))
        .toString()
        .includes('abc'),
    );
    assert.ok(String(createDecoder({ format, long: 'number' }).decode(view, 2, end)).includes('abc'));
  }
});

test('decoded values are shown as readable JSON', () => {
  const value = {
    big: 9007199254740993n,
    text: Buffer.from('héllo\n'),
    binary: Buffer.of(0, 255),
    list: [NaN, undefined, null, 1.5],
    date: new Date(0),
    nested: { a: true },
  };
  assert.deepEqual(JSON.parse(JSON.stringify(toDisplay(value))), {
    big: '9007199254740993',
    text: 'héllo\n',
    binary: 'base64:AP8=',
    list: ['NaN', 'undefined', null, 1.5],
    date: '1970-01-01T00:00:00.000Z',
    nested: { a: true },
  });
  assert.equal(toDisplay(new Uint8Array(new SharedArrayBuffer(2)).fill(65)), 'AA');
});
