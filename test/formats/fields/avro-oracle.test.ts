/** Declared fields of Avro records against decoding, changing and encoding the whole record. */
import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { FormatError } from '../../../src/formats/format.js';
import { codecOf, decode, encode, oracleOf } from '../support/avro.js';
import { schemaArbitrary, valueArbitrary } from '../support/avro-arbitrary.js';
import { avroFields, decodePlaced, isFields, merge, pick, placed, splice } from './support.js';

const RUNS = 300;

interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly { readonly name: string; readonly type: unknown }[];
}

function isRecord(schema: unknown): schema is RecordSchema {
  return isFields(schema) && schema['type'] === 'record';
}

/** Fields of the record and of the records directly inside it. */
function pathsOf(schema: RecordSchema, within: readonly string[] = []): (readonly string[])[] {
  return schema.fields.flatMap(({ name, type }) => {
    const path = [...within, name];
    return isRecord(type) ? [path, ...pathsOf(type, path)] : [path];
  });
}

function withoutOverlap(paths: readonly (readonly string[])[]): readonly (readonly string[])[] {
  return paths.filter((path) =>
    paths.every((other) => other === path || !other.every((name, at) => path[at] === name)),
  );
}

const sample = schemaArbitrary.filter(isRecord).chain((schema) => {
  const oracle = oracleOf(schema);
  const paths = pathsOf(schema);
  const some = fc.subarray(paths).map(withoutOverlap);
  return fc.record({
    schema: fc.constant(schema),
    value: valueArbitrary(oracle),
    other: valueArbitrary(oracle),
    reads: some,
    writes: some,
  });
});

test('declared fields give the same bytes as decoding, changing and encoding whole records', async () => {
  await fc.assert(
    fc.asyncProperty(sample, async ({ schema, value, other, reads, writes }) => {
      const whole = codecOf(schema);
      const { decoder, encoder } = await avroFields({ input: schema }, { reads, writes });
      const bytes = encode(whole.encoder, value);
      const source = placed(bytes);
      const read = decodePlaced(decoder, source);
      const full = decode(whole.decoder, bytes);
      assert.deepEqual(read, pick(full, reads));
      const given = decode(whole.decoder, encode(whole.encoder, other));
      const expected = encode(whole.encoder, merge(full, given, writes));
      assert.deepEqual(splice(encoder, pick(given, writes), source), expected);
    }),
    { numRuns: RUNS },
  );
});

test('a result that comes after other records were decoded is put into its own record', async () => {
  await fc.assert(
    fc.asyncProperty(sample, async ({ schema, value, other, reads, writes }) => {
      const whole = codecOf(schema);
      const { decoder, encoder } = await avroFields({ input: schema }, { reads, writes });
      const [first, second] = [value, other].map((one) => placed(encode(whole.encoder, one)));
      assert.ok(first !== undefined && second !== undefined);
      decodePlaced(decoder, first);
      decodePlaced(decoder, second);
      const given = decode(whole.decoder, encode(whole.encoder, other));
      const full = decode(whole.decoder, encode(whole.encoder, value));
      const expected = encode(whole.encoder, merge(full, given, writes));
      assert.deepEqual(splice(encoder, pick(given, writes), first), expected);
      decoder.release?.();
      assert.deepEqual(splice(encoder, pick(given, writes), first), expected);
    }),
    { numRuns: RUNS / 3 },
  );
});

/** Bytes that are changed, cut or added. */
function damaged(bytes: Buffer, at: number, kind: number, byte: number): Buffer {
  const place = bytes.length === 0 ? 0 : at % bytes.length;
  if (kind === 0) return bytes.subarray(0, place);
  if (kind === 1) return Buffer.concat([bytes, Buffer.from([byte])]);
  const copy = Buffer.from(bytes);
  if (copy.length > 0) copy[place] = byte;
  return copy;
}

function codeOf(action: () => unknown): string {
  try {
    action();
    return 'accepted';
  } catch (error) {
    if (error instanceof FormatError) return error.code;
    throw error;
  }
}

test('damaged bytes are refused wherever they are, as if the whole record was decoded', async () => {
  const damage = fc.record({
    at: fc.nat(),
    kind: fc.integer({ min: 0, max: 4 }),
    byte: fc.integer({ min: 0, max: 255 }),
  });
  await fc.assert(
    fc.asyncProperty(sample, fc.array(damage, { minLength: 5, maxLength: 5 }), async (given, damages) => {
      const { schema, value, reads, writes } = given;
      // A BigInt holds every long: a field that is only copied may hold any.
      const whole = codecOf(schema, 'bigint');
      const { decoder } = await avroFields({ input: schema, long: 'bigint' }, { reads, writes });
      const bytes = encode(codecOf(schema).encoder, value);
      for (const { at, kind, byte } of damages) {
        const hostile = damaged(bytes, at, kind, byte);
        const expected = codeOf(() => decode(whole.decoder, hostile, Buffer.alloc(64, 0x81)));
        assert.equal(
          codeOf(() => decodePlaced(decoder, placed(hostile))),
          expected,
          hostile.toString('hex'),
        );
      }
    }),
    { numRuns: RUNS },
  );
});
