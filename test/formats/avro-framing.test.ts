import assert from 'node:assert/strict';
import { test } from 'node:test';
import { codecOf, decode, encode } from './support/avro.js';

const { decoder, encoder } = codecOf({
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'string' },
    { name: 'kind', type: { type: 'enum', name: 'Kind', symbols: ['A', 'B'] } },
  ],
});
const bare = Buffer.from(encode(encoder, { id: 'order-1', kind: 'B' }));
const framed = (head: string): Buffer => Buffer.concat([Buffer.from(head.replaceAll(' ', ''), 'hex'), bare]);
const messageOf = (bytes: Uint8Array): string => {
  try {
    decode(decoder, bytes);
  } catch (error) {
    assert.ok(error instanceof Error);
    return error.message;
  }
  return 'decoded';
};

test('a framed record is refused with the name of its framing and a remedy', () => {
  const uuid = '0123456789abcdef0123456789abcdef';
  for (const [head, name] of [
    ['00 0000002a', /Confluent Schema Registry's framing \(5 bytes, schema id 42\)/],
    [`03 00 ${uuid}`, /AWS Glue .*\(18 bytes, schema version 01234567-89ab-cdef-0123-456789abcdef\)/],
    [`03 05 ${uuid}`, /AWS Glue/],
    ['4f626a01 04', /an Avro object container file/],
    ['c301 0011223344556677', /single-object encoding/],
  ] as const) {
    assert.match(messageOf(framed(head)), name);
    assert.match(messageOf(framed(head)), /kd reads bare Avro/);
  }
});

test('a faulty record without a framing is not reported as framed', () => {
  for (const bytes of [bare.subarray(0, -1), Buffer.concat([bare, bare]), Buffer.alloc(12), Buffer.alloc(0)])
    assert.doesNotMatch(messageOf(bytes), /begins like|^decoded$/);
});
