import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../src/formats/index.js';
import { codecOf, decode, encode, oracleOf, plain } from './support/avro.js';
import { sampleArbitrary } from './support/avro-arbitrary.js';

const RUNS = 250;

test("any value of any schema is encoded to avsc's bytes, and decoded to avsc's value", () => {
  fc.assert(
    fc.property(sampleArbitrary, ({ schema, oracle, value }) => {
      const { decoder, encoder } = codecOf(schema);
      const expected = oracle.toBuffer(value);
      assert.deepEqual(encode(encoder, value), expected);
      assert.deepEqual(decode(decoder, expected), plain(oracle.fromBuffer(expected)));
    }),
    { numRuns: RUNS },
  );
});

test(
  'a value that does not fit reports the bytes it needs, fits into exactly that many, and never ' +
    'writes outside its room',
  () => {
    fc.assert(
      fc.property(sampleArbitrary, fc.nat({ max: 200 }), ({ schema, oracle, value }, room) => {
        const { encoder } = codecOf(schema);
        const needed = oracle.toBuffer(value).length;
        const block = new Uint8Array(new SharedArrayBuffer(room + needed + 20)).fill(0xee);
        const end = encoder.encode(value, block, 10, 10 + room);
        assert.equal(end, needed <= room ? 10 + needed : -1 - needed);
        assert.ok(block.subarray(0, 10).every((byte) => byte === 0xee));
        assert.ok(block.subarray(10 + room).every((byte) => byte === 0xee));
        assert.equal(encoder.encode(value, block, 10, 10 + needed), 10 + needed);
        assert.deepEqual(Buffer.from(block.slice(10, 10 + needed)), oracle.toBuffer(value));
        assert.ok(block.subarray(10 + Math.max(room, needed)).every((byte) => byte === 0xee));
      }),
      { numRuns: RUNS },
    );
  },
);

test(
  'a record cut short anywhere is refused as truncated, even if ' + 'the bytes after it would continue it',
  () => {
    fc.assert(
      fc.property(sampleArbitrary, ({ schema, oracle, value }) => {
        const { decoder } = codecOf(schema);
        const bytes = oracle.toBuffer(value);
        for (let end = 0; end < bytes.length; end++) {
          const rest = bytes.subarray(end);
          assert.throws(
            () => decode(decoder, bytes.subarray(0, end), rest),
            (error) =>
              error instanceof FormatError &&
              ['TRUNCATED', 'INVALID_LENGTH', 'INVALID_COUNT'].includes(error.code),
          );
        }
        assert.throws(() => decode(decoder, Buffer.concat([bytes, Buffer.of(0)])), {
          code: 'TRAILING_BYTES',
        });
      }),
      { numRuns: RUNS / 2 },
    );
  },
);

test(
  'a flipped bit gives a value or a FormatError, and a value is ' + 'encoded to bytes with the same meaning',
  () => {
    fc.assert(
      fc.property(sampleArbitrary, ({ schema, oracle, value }) => {
        const { decoder, encoder } = codecOf(schema, 'bigint');
        const bytes = oracle.toBuffer(value);
        // At most 120 bits per value, spread evenly.
        const stride = Math.max(1, Math.floor((bytes.length * 8) / 120));
        for (let bit = 0; bit < bytes.length * 8; bit += stride) {
          const flipped = Buffer.from(bytes);
          flipped[bit >> 3] = (flipped[bit >> 3] ?? 0) ^ (1 << (bit & 7));
          let decoded: unknown;
          try {
            decoded = decode(decoder, flipped);
          } catch (error) {
            assert.ok(error instanceof FormatError, String(error));
            assert.match(error.code, /^[A-Z][A-Z0-9_]*$/);
            continue;
          }
          assert.deepEqual(decode(decoder, encode(encoder, decoded)), decoded);
        }
      }),
      { numRuns: RUNS / 2 },
    );
  },
);

test('random bytes give a value or a FormatError', () => {
  fc.assert(
    fc.property(
      sampleArbitrary,
      fc.array(fc.uint8Array({ maxLength: 64 }), { maxLength: 20 }),
      ({ schema }, inputs) => {
        const { decoder } = codecOf(schema);
        for (const input of inputs) {
          try {
            decode(decoder, input);
          } catch (error) {
            assert.ok(error instanceof FormatError, String(error));
          }
        }
      },
    ),
    { numRuns: RUNS / 2 },
  );
});

test('arrays and maps in several blocks, with and without sizes, are read as one', () => {
  const { decoder } = codecOf({ type: 'array', items: 'long' });
  // A block of 2, a block of −1 with its size, a block of 1, the end.
  assert.deepEqual(decode(decoder, Buffer.from([4, 2, 4, 1, 2, 6, 2, 8, 0])), [1, 2, 3, 4]);
  const map = codecOf({ type: 'map', values: 'int' });
  assert.deepEqual(decode(map.decoder, Buffer.from([1, 6, 2, 0x61, 2, 2, 2, 0x62, 4, 0])), { a: 1, b: 2 });
  assert.throws(() => decode(decoder, Buffer.from([1, 4, 6, 0])), { code: 'INVALID_COUNT' });
  assert.deepEqual(
    plain(oracleOf({ type: 'array', items: 'long' }).fromBuffer(Buffer.from([4, 2, 4, 1, 2, 6, 2, 8, 0]))),
    [1, 2, 3, 4],
  );
});
