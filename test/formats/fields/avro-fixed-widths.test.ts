import assert from 'node:assert/strict';
import { test } from 'node:test';
import {
  type AvroSides,
  avroFields,
  bytesOf,
  declared,
  decodePlaced,
  placed,
  record,
  splice,
  withField,
} from './support.js';

const point = record(
  'Point',
  { name: 'id', type: 'long' },
  { name: 'hash', type: { type: 'fixed', name: 'Hash', size: 8 } },
  { name: 'x', type: 'double' },
  { name: 'label', type: 'string' },
);
const POINT = {
  id: 1_700_000_000_000,
  hash: Buffer.from('\x01\x02\x03\x04\x05\x06\x07\x08'),
  x: 0.1,
  label: 'p',
};
const ordered = (schema: typeof point, ...names: readonly string[]): typeof point => ({
  ...schema,
  fields: names.flatMap((name) => schema.fields.filter((field) => field.name === name)),
});

interface Placing {
  readonly of: string;
  readonly input: typeof point;
  readonly output: typeof point;
}

const PLACINGS: readonly Placing[] = [
  { of: 'where it was', input: point, output: point },
  { of: 'as the last field', input: point, output: ordered(point, 'id', 'hash', 'label', 'x') },
  {
    of: 'before the parts that it followed',
    input: point,
    output: ordered(point, 'x', 'label', 'hash', 'id'),
  },
  { of: 'between parts in turned order', input: point, output: ordered(point, 'label', 'x', 'hash', 'id') },
  {
    of: 'instead of another field of eight bytes',
    input: ordered(point, 'id', 'hash', 'label', 'x'),
    output: ordered(point, 'id', 'x', 'label'),
  },
  {
    of: 'between parts that had nothing between them',
    input: ordered(point, 'id', 'label', 'hash', 'x'),
    output: ordered(point, 'id', 'x', 'label', 'hash'),
  },
];

for (const { of, input, output } of PLACINGS)
  test(`a double is written ${of}, whatever the length of the rest`, async () => {
    const sides: AvroSides = { input, output, unknownFields: 'ignore' };
    const { decoder, encoder } = await avroFields(sides, declared(['x'], ['x']));
    for (const length of [0, 1, 3, 4, 7, 8, 63, 64, 150, 160, 161, 200, 3000]) {
      const value = { ...POINT, label: 'l'.repeat(length) };
      const source = placed(bytesOf(input, value));
      assert.deepEqual(decodePlaced(decoder, source), { x: 0.1 });
      const changed: Record<string, unknown> = { ...value, x: -2.5 };
      const kept = Object.fromEntries(output.fields.map(({ name }) => [name, changed[name]]));
      assert.deepEqual(splice(encoder, { x: -2.5 }, source), bytesOf(output, kept));
    }
  });

const FIXED_WIDTHS: readonly (readonly [type: unknown, before: unknown, after: unknown])[] = [
  ['float', 0.5, -2],
  ['boolean', false, true],
  [{ type: 'fixed', name: 'Code', size: 3 }, new Uint8Array([1, 2, 3]), new Uint8Array([4, 5, 6])],
  [{ type: 'fixed', name: 'Wide', size: 300 }, new Uint8Array(300).fill(1), new Uint8Array(300).fill(7)],
];
for (const [type, before, after] of FIXED_WIDTHS)
  test(`a changed ${JSON.stringify(type)} is written over a copy of its record, too`, async () => {
    const input = withField(point, { name: 'x', type });
    const { decoder, encoder } = await avroFields({ input }, declared(['x'], ['x']));
    for (const length of [0, 3, 64, 161, 3000]) {
      const value = { ...POINT, label: 'l'.repeat(length), x: before };
      const source = placed(bytesOf(input, value));
      decodePlaced(decoder, source);
      assert.deepEqual(splice(encoder, { x: after }, source), bytesOf(input, { ...value, x: after }));
    }
  });

test('a double that does not fit with the rest of its record is refused with the size it needs', async () => {
  const { decoder, encoder } = await avroFields({ input: point }, declared(['x'], ['x']));
  const source = placed(bytesOf(point, { ...POINT, label: 'label' }));
  decodePlaced(decoder, source);
  const expected = bytesOf(point, { ...POINT, label: 'label', x: 3 });
  for (let room = 0; room < expected.length; room++) {
    const block = new Uint8Array(room + 16).fill(0xee);
    encoder.from?.(source.bytes, source.start, source.end);
    assert.equal(encoder.encode({ x: 3 }, block, 8, room + 8), -1 - expected.length);
    assert.ok(block.subarray(0, 8).every((byte) => byte === 0xee));
    assert.ok(block.subarray(room + 8).every((byte) => byte === 0xee));
  }
});
