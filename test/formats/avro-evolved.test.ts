import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../src/formats/index.js';
import { codecOf, decode, encode, evolvedDecoder } from './support/avro.js';
import { anyEvolution, type Evolution, evolutionArbitrary } from './support/evolution.js';

const bytesOf = ({ writer, value }: Evolution): Buffer => encode(codecOf(writer).encoder, value);

test('evolved records are seen as the specification predicts: widened, renamed, reordered, filled', () => {
  fc.assert(
    fc.property(evolutionArbitrary, (evolution) => {
      const decoder = evolvedDecoder(evolution.reader, evolution.writer);
      const bytes = bytesOf(evolution);
      assert.deepEqual(decode(decoder, bytes), evolution.seen);
      assert.deepEqual(decode(decoder, bytes), evolution.seen, 'a second record is independent of the first');
    }),
    { numRuns: 90 },
  );
});

test('what an evolved reader sees can be written with its own schema and read again', () => {
  fc.assert(
    fc.property(evolutionArbitrary, (evolution) => {
      const seen = decode(evolvedDecoder(evolution.reader, evolution.writer), bytesOf(evolution));
      const own = codecOf(evolution.reader);
      assert.deepEqual(decode(own.decoder, encode(own.encoder, seen)), evolution.seen);
    }),
    { numRuns: 90 },
  );
});

test('a value that becomes optional or required is seen the same; a null is refused if required', () => {
  fc.assert(
    fc.property(anyEvolution, (one) => {
      fc.pre(one.writer !== 'null');
      const bytes = bytesOf(one);
      const optional = (type: unknown): unknown => ['null', type];
      const intoOptional = evolvedDecoder(optional(one.reader), one.writer);
      assert.deepEqual(decode(intoOptional, bytes), one.seen);
      const chosen = Buffer.concat([Buffer.of(2), bytes]);
      assert.deepEqual(decode(evolvedDecoder(optional(one.reader), optional(one.writer)), chosen), one.seen);
      const required = evolvedDecoder(one.reader, optional(one.writer));
      assert.deepEqual(decode(required, chosen), one.seen);
      assert.throws(() => decode(required, Buffer.of(0)), FormatError);
    }),
    { numRuns: 90 },
  );
});

test('an evolved record that is cut short is refused, also within fields that are skipped', () => {
  fc.assert(
    fc.property(evolutionArbitrary, (evolution) => {
      const decoder = evolvedDecoder(evolution.reader, evolution.writer);
      const bytes = bytesOf(evolution);
      for (let end = 0; end < bytes.length; end++)
        assert.throws(() => decode(decoder, bytes.subarray(0, end), bytes.subarray(end)), FormatError);
      assert.throws(() => decode(decoder, Buffer.concat([bytes, Buffer.of(0)])), { code: 'TRAILING_BYTES' });
    }),
    { numRuns: 50 },
  );
});

test('with a flipped bit an evolved reader refuses at least what a reader of the same schema refuses', () => {
  fc.assert(
    fc.property(evolutionArbitrary, fc.nat(), (evolution, pick) => {
      const bytes = bytesOf(evolution);
      fc.pre(bytes.length > 0);
      const bit = pick % (bytes.length * 8);
      bytes[bit >> 3] = (bytes[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      const evolved = decodeOrRefuse(() => decode(evolvedDecoder(evolution.reader, evolution.writer), bytes));
      if (evolved === undefined) return;
      // What was accepted has the reader's type: its own encoder takes it.
      const own = codecOf(evolution.reader);
      assert.deepEqual(decode(own.decoder, encode(own.encoder, evolved.value)), evolved.value);
    }),
    { numRuns: 90 },
  );
});

function decodeOrRefuse(read: () => unknown): { readonly value: unknown } | undefined {
  try {
    return { value: read() };
  } catch (error) {
    assert.ok(error instanceof FormatError, String(error));
    return undefined;
  }
}
