import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { createAvroDecoder, createAvroEncoder } from '../../src/formats/avro/codec.js';
import { SourceTexts } from '../../src/formats/avro/source-texts.js';
import type { FormatSpec } from '../../src/formats/index.js';
import { type Codec, codecOf, encode, withFiles } from './support/avro.js';

const SCHEMA = {
  type: 'record',
  name: 'R',
  fields: [
    { name: 'name', type: 'string' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
    { name: 'map', type: { type: 'map', values: ['null', 'string'] } },
  ],
};

/** A decoder and an encoder that share the texts of the current record. */
function pair(): Codec {
  return withFiles({ 'main.avsc': SCHEMA }, (folder) => {
    const spec: FormatSpec = {
      format: 'avro',
      schema: { path: join(folder, 'main.avsc'), references: [] },
      long: 'number',
    };
    const texts = new SourceTexts();
    return { decoder: createAvroDecoder(spec, texts), encoder: createAvroEncoder(spec, texts) };
  });
}

const alone = codecOf(SCHEMA);
const text = fc.oneof(
  fc.constantFrom('', 'a', 'same text everywhere', 'ünïcödé'),
  fc.string({ maxLength: 300 }),
  fc.string({ unit: 'binary', maxLength: 80 }),
);
const record = fc.record(
  {
    name: text,
    tags: fc.array(text, { maxLength: 70 }),
    map: fc.dictionary(
      text.filter((key) => key !== '__proto__'),
      fc.option(text),
      { maxKeys: 4, noNullPrototype: true },
    ),
  },
  { noNullPrototype: true },
);

interface Row {
  readonly start: number;
  readonly end: number;
}

/** Values next to each other from the end of the block downwards, as the reader packs them. */
function packed(values: readonly unknown[]): { readonly block: Uint8Array; readonly rows: readonly Row[] } {
  const all = values.map((value) => encode(alone.encoder, value));
  const block = new Uint8Array(new SharedArrayBuffer(all.reduce((sum, bytes) => sum + bytes.length, 0)));
  let end = block.length;
  const rows = all.map((bytes) => {
    const start = end - bytes.length;
    block.set(bytes, start);
    const row = { start, end };
    end = start;
    return row;
  });
  return { block, rows };
}

test('whatever was decoded before, the encoder writes the same bytes as one without shared texts', () => {
  const { decoder, encoder } = pair();
  fc.assert(
    fc.property(fc.array(record, { minLength: 1, maxLength: 12 }), record, (values, other) => {
      const { block, rows } = packed(values);
      const decoded = rows.map(({ start, end }, i) => {
        const value = decoder.decode(block, start, end);
        assert.deepEqual(value, values[i]);
        const mixed = { ...(value as object), tags: ['new', ...other.tags], map: other.map };
        for (const one of [value, other, mixed])
          assert.deepEqual(encode(encoder, one), encode(alone.encoder, one));
        return value;
      });
      // Encoded after the next record was decoded, as with asynchronous transforms.
      for (const value of decoded) assert.deepEqual(encode(encoder, value), encode(alone.encoder, value));
      decoder.release?.();
    }),
  );
});

test(
  'after release, texts of the block are used neither for decoding again nor for encoding values ' +
    'that were read from it',
  () => {
    const { decoder, encoder } = pair();
    const before = { name: 'a text of the first batch', tags: ['one tag of it'], map: {} };
    const after = { name: 'THE BLOCK HOLDS A SECOND!', tags: ['ONE TAG OF IT'], map: {} };
    const { block, rows } = packed([before, before]);
    const [first = { start: 0, end: 0 }, second = first] = rows;
    const kept = decoder.decode(block, first.start, first.end);
    decoder.release?.();
    block.set(encode(alone.encoder, after), first.start);
    block.set(encode(alone.encoder, after), second.start);
    assert.deepEqual(encode(encoder, kept), encode(alone.encoder, before));
    assert.deepEqual(decoder.decode(block, second.start, second.end), after);
    assert.deepEqual(decoder.decode(block, first.start, first.end), after);
  },
);
