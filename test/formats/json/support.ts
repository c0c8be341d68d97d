import assert from 'node:assert/strict';
import fc from 'fast-check';
import { InputBatchWriter } from '../../../src/wire/input-writer.js';

/** An input block with these values, as the reader packs it. */
export function blockOf(values: readonly (Uint8Array | string | null)[]): Uint8Array {
  const bytes = values.map((value) => (typeof value === 'string' ? Buffer.from(value) : value));
  const payload = bytes.reduce((sum, value) => sum + (value?.length ?? 0), 0);
  const size = (256 + values.length * 32 + payload + 7) & ~7;
  const block = new Uint8Array(new SharedArrayBuffer(size));
  const writer = new InputBatchWriter(block);
  for (const [offset, value] of bytes.entries())
    assert.ok(writer.add(0, 1, { offset, timestamp: offset, key: null, value }));
  writer.close();
  return block;
}

const KEYS = ['a', 'b', 'c', '__proto__', 'toString', 'ü', '\ud800', '', 'a"b', 'name'];
const LITERALS = [
  '0',
  '-0',
  '1e400',
  '9007199254740993',
  '9007199254740991',
  '0.1234567890123456789',
  '1e-7',
  '1.50',
  '-1.7976931348623157e308',
  '5e-324',
  '0e5',
  '1E+2',
  '123456789012345.6',
  '1e23',
  '100000000000000000000',
];
const blanks = fc.constantFrom('', '', '', ' ', '\n\t\r ');

const word = fc.oneof(
  fc.constantFrom('', 'x', 'Jörg', '😀', '\u2028', '\ud800', 'a:b', '12345678901234567890', ':{}[],'),
  fc.string({ unit: 'binary', maxLength: 20 }),
);

/** A string literal; some characters are escaped although they need not be. */
const stringLiteral = fc
  .tuple(word, fc.integer({ min: 0, max: 4 }))
  .map(([text, every]) =>
    every === 0 || text.length < every
      ? JSON.stringify(text)
      : `"${[...text]
          .map((character, i) =>
            i % every === 0 && character.length === 1
              ? `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`
              : JSON.stringify(character).slice(1, -1),
          )
          .join('')}"`,
  );

const keyLiteral = fc.oneof(
  fc.constantFrom(...KEYS).map((key) => JSON.stringify(key)),
  fc.constantFrom('"\\u0061"', '"\\u005f_proto__"', '"n\\u0061me"'),
  stringLiteral,
);

const numberLiteral = fc.oneof(
  fc.constantFrom(...LITERALS),
  fc.double({ noNaN: true, noDefaultInfinity: true }).map(String),
  fc.integer().map(String),
  fc.stringMatching(/^-?(0|[1-9]\d{0,17})(\.\d{1,18})?([eE][+-]?\d{1,3})?$/),
);

const { text } = fc.letrec<{ text: string; list: string; object: string; leaf: string }>((tie) => ({
  leaf: fc.oneof(numberLiteral, stringLiteral, fc.constantFrom('true', 'false', 'null', '[]', '{}')),
  list: fc
    .tuple(fc.array(tie('text'), { maxLength: 4 }), blanks)
    .map(([items, blank]) => `[${blank}${items.join(`${blank},`)}${blank}]`),
  object: fc
    .tuple(fc.array(fc.tuple(keyLiteral, tie('text')), { maxLength: 5 }), blanks)
    .map(([members, blank]) => {
      const texts = members.map(([key, value]) => `${blank}${key}${blank}:${blank}${value}`);
      return `{${texts.join(',')}${blank}}`;
    }),
  text: fc.oneof(
    { maxDepth: 4, withCrossShrink: true },
    tie('leaf'),
    tie('object'),
    tie('list'),
    tie('object'),
  ),
}));

/** The bytes of valid JSON texts, harmless and otherwise. */
export const jsonText = fc
  .tuple(fc.constantFrom('', '', '', '\ufeff'), blanks, text)
  .map(([mark, blank, value]) => Buffer.from(`${mark}${blank}${value}${blank}`));

const change = fc.tuple(fc.nat(1_000), fc.constantFrom('cut', 'remove', 'insert', 'replace'), fc.nat(255));

/** Such texts with a few bytes changed. */
export const changedText = fc
  .tuple(jsonText, fc.array(change, { minLength: 1, maxLength: 3 }))
  .map(([bytes, changes]) => changes.reduce(changed, bytes));

function changed(bytes: Buffer, [where, kind, byte]: readonly [number, string, number]): Buffer {
  const at = where % (bytes.length + 1);
  const before = bytes.subarray(0, at);
  const rest = bytes.subarray(kind === 'insert' ? at : at + 1);
  if (kind === 'cut') return Buffer.from(before);
  return Buffer.concat(kind === 'remove' ? [before, rest] : [before, Buffer.of(byte), rest]);
}

/** Bytes and characters that matter to JSON, in any order. */
export const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom(
        '{',
        '}',
        '[',
        ']',
        '"',
        ':',
        ',',
        '\\',
        '\\u',
        '\\"',
        '-',
        '.',
        'e',
        '0',
        '1',
        'true',
        'null',
      ),
      fc.constantFrom('"a":', '"b":{', ' ', '\n', '\ufeff', 'ü', '\u0000'),
    ),
    { maxLength: 12 },
  )
  .map((parts) => Buffer.from(parts.join('')))
  .chain((bytes) =>
    fc
      .array(fc.constantFrom(0x80, 0xbf, 0xc0, 0xc3, 0xe2, 0xed, 0xa0, 0xf0, 0xf4, 0x90, 0xff), {
        maxLength: 3,
      })
      .map((more) => Buffer.concat([bytes, Buffer.from(more)])),
  );

/** Records with the same keys in the same order, as most topics have them; now and then one differs. */
export const plainText = fc
  .record({
    id: fc.nat(),
    name: fc.oneof({ weight: 6, arbitrary: fc.constantFrom('Jörg', 'Anna', '') }, word),
    price: fc.oneof(
      { weight: 6, arbitrary: fc.integer().map((cents) => cents / 100) },
      fc.double({ noNaN: true, noDefaultInfinity: true }),
    ),
    isOpen: fc.oneof(fc.boolean(), fc.constant(null)),
    address: fc.oneof(
      fc.record({ city: fc.constantFrom('Ulm', 'Köln', 'a"b'), zip: fc.nat() }),
      fc.constant(null),
    ),
    tags: fc.array(fc.oneof(fc.constantFrom('x', 'y', 1, null), word), { maxLength: 3 }),
  })
  .map((record) => Buffer.from(JSON.stringify(record)));

/** Where the value of a row begins. */
export function startOf(block: Uint8Array, row: number): number {
  return new DataView(block.buffer).getUint32(64 + 32 * row + 16, true);
}
