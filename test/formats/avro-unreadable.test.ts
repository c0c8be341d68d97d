import assert from 'node:assert/strict';
import { join } from 'node:path';
import { test } from 'node:test';
import fc from 'fast-check';
import { DispatcherError } from '../../src/core/errors.js';
import { FormatError, inspectSchema } from '../../src/formats/index.js';
import { codecOf, decode, encode, evolvedDecoder, withFiles } from './support/avro.js';

const enumeration = (...symbols: string[]): object => ({ type: 'enum', name: 'E', symbols });
const record = (type: unknown, name = 'R'): object => ({
  type: 'record',
  name,
  fields: [{ name: 'f', type }],
});

/** Schemas with which some data can be read and some can't, as Java's Avro 1.12 decides record by record. */
interface Pair {
  readonly what: string;
  readonly reader: unknown;
  readonly writer: unknown;
  /** Values of the writer, and what the reader reads. */
  readonly read: readonly (readonly [unknown, unknown])[];
  readonly refused: readonly unknown[];
  /** The place and the reason, in the record's error and in the warning at the start. */
  readonly reason: RegExp;
}

const same = (...values: unknown[]): [unknown, unknown][] => values.map((value) => [value, value]);

const recursive = (type: unknown): object => ({
  type: 'record',
  name: 'R',
  fields: [
    { name: 'next', type: ['null', 'R'] },
    { name: 'f', type },
  ],
});

const PAIRS: readonly Pair[] = [
  {
    what: 'a symbol',
    reader: enumeration('A', 'B'),
    writer: enumeration('A', 'C'),
    read: same('A'),
    refused: ['C'],
    reason: /^E: the symbol C of the writer is not in the reader's enum, which has no default/,
  },
  {
    what: 'a symbol of a field of a record inside a union',
    reader: record(['null', record(enumeration('A', 'B'), 'I')]),
    writer: record(['null', record(enumeration('A', 'C'), 'I')]),
    read: same({ f: null }, { f: { f: 'A' } }),
    refused: [{ f: { f: 'C' } }],
    reason: /^R\.f\.f: the symbol C/,
  },
  {
    what: 'a symbol for a reader with a union',
    reader: record(['null', enumeration('A', 'B')]),
    writer: record(enumeration('A', 'C')),
    read: same({ f: 'A' }),
    refused: [{ f: 'C' }],
    reason: /^R\.f: the symbol C/,
  },
  {
    what: 'a symbol in a list',
    reader: record({ type: 'array', items: enumeration('A', 'B') }),
    writer: record({ type: 'array', items: enumeration('A', 'C') }),
    read: same({ f: [] }, { f: ['A', 'A'] }),
    refused: [{ f: ['A', 'C'] }],
    reason: /^R\.f\[\]: the symbol C/,
  },
  {
    what: 'the null of an optional value',
    reader: 'string',
    writer: ['null', 'string'],
    read: same('x', ''),
    refused: [null],
    reason: /^value: null can't be read as string/,
  },
  {
    what: 'the null of a value of a map',
    reader: record({ type: 'map', values: 'long' }),
    writer: record({ type: 'map', values: ['null', 'int'] }),
    read: same({ f: {} }, { f: { a: 1 } }),
    refused: [{ f: { a: 1, b: null } }],
    reason: /^R\.f\{\}: null can't be read as long/,
  },
  {
    what: 'a branch that the reader does not have',
    reader: record(['null', 'string']),
    writer: record(['null', 'string', 'int']),
    read: same({ f: null }, { f: 'x' }),
    refused: [{ f: 5 }],
    reason: /^R\.f: int can't be read as any branch of the reader's union/,
  },
  {
    what: 'a record of a union whose field changed its type',
    reader: record(['null', record('int', 'I')]),
    writer: record(['null', record('string', 'I')]),
    read: same({ f: null }),
    refused: [{ f: { f: 'x' } }],
    reason: /^R\.f: I can't be read as any branch of the reader's union/,
  },
  {
    what: 'every item of a list',
    reader: record({ type: 'array', items: 'int' }),
    writer: record({ type: 'array', items: 'string' }),
    read: same({ f: [] }),
    refused: [{ f: ['x'] }],
    reason: /^R\.f\[\]: string can't be read as int/,
  },
  {
    what: 'every value of a map',
    reader: record({ type: 'map', values: enumeration('X') }),
    writer: record({ type: 'map', values: enumeration('A') }),
    read: same({ f: {} }),
    refused: [{ f: { a: 'A' } }],
    reason: /^R\.f\{\}: none of the writer's symbols is in the reader's enum/,
  },
  {
    what: 'a symbol deep in a record that holds itself',
    reader: recursive(enumeration('A', 'B')),
    writer: recursive(enumeration('A', 'C')),
    read: same({ next: { next: null, f: 'A' }, f: 'A' }),
    refused: [{ next: { next: null, f: 'C' }, f: 'A' }],
    reason: /^R\.f: the symbol C/,
  },
];

for (const { what, reader, writer, read, refused, reason } of PAIRS) {
  test(`where the reader can't read ${what}, only the records that contain it are refused`, () => {
    const decoder = evolvedDecoder(reader, writer);
    const { encoder } = codecOf(writer);
    for (const [value, seen] of read) assert.deepEqual(decode(decoder, encode(encoder, value)), seen);
    for (const value of refused)
      assert.throws(
        () => decode(decoder, encode(encoder, value)),
        (error) => error instanceof FormatError && error.code === 'UNREADABLE' && reason.test(error.message),
      );
    // A refused record leaves no state behind.
    for (const [value, seen] of read) assert.deepEqual(decode(decoder, encode(encoder, value)), seen);
  });

  test(`where the reader can't read ${what}, one warning names the place`, () => {
    const warnings = warningsOf(reader, writer);
    assert.equal(warnings.length, 1);
    assert.match(warnings[0] ?? '', reason);
  });
}

function warningsOf(reader: unknown, writer?: unknown): readonly string[] {
  return withFiles(
    { 'reader.avsc': JSON.stringify(reader), 'writer.avsc': JSON.stringify(writer ?? reader) },
    (folder) =>
      inspectSchema({
        format: 'avro',
        schema: {
          path: join(folder, 'reader.avsc'),
          references: [],
          ...(writer === undefined ? {} : { writerPath: join(folder, 'writer.avsc') }),
        },
        long: 'number',
      }),
  );
}

test('schemas with which all data can be read give no warning', () => {
  assert.deepEqual(warningsOf(record(enumeration('A'))), []);
  assert.deepEqual(warningsOf(record(['null', 'long']), record('int')), []);
  const defaulted = { ...enumeration('A', 'OTHER'), default: 'OTHER' };
  assert.deepEqual(warningsOf(record(defaulted), record(enumeration('A', 'B'))), []);
  // A field that the reader does not have is skipped, whatever it holds.
  assert.deepEqual(warningsOf({ type: 'record', name: 'R', fields: [] }, record(enumeration('A'))), []);
});

test('each symbol and each branch has a warning of its own', () => {
  const warnings = warningsOf(
    record(['string', enumeration('A')]),
    record(['null', 'string', enumeration('A', 'B', 'C'), 'int']),
  );
  const reasons = [/^R\.f: null /, /^R\.f: the symbol B /, /^R\.f: the symbol C /, /^R\.f: int /];
  assert.equal(warnings.length, reasons.length, warnings.join('\n'));
  for (const [i, reason] of reasons.entries()) assert.match(warnings[i] ?? '', reason);
});

test(
  'a branch of the reader that accepts all data is preferred to ' + 'one of another name that accepts some',
  () => {
    const inner = (name: string, symbols: string[]): object => ({
      ...record({ type: 'enum', name: `${name}E`, aliases: ['E'], symbols }, name),
      aliases: ['I'],
    });
    const reader = record(['null', inner('Some', ['A']), inner('All', ['A', 'C'])]);
    const writer = record(['null', record(enumeration('A', 'C'), 'I')]);
    assert.deepEqual(warningsOf(reader, writer), []);
    assert.deepEqual(
      decode(evolvedDecoder(reader, writer), encode(codecOf(writer).encoder, { f: { f: 'C' } })),
      { f: { All: { f: 'C' } } },
    );
  },
);

test('an enum or a union of which nothing can be read is refused when the decoder is created', () => {
  const cases: [unknown, unknown, RegExp][] = [
    [enumeration('X'), enumeration('A', 'B'), /E: none of the writer's symbols is in the reader's enum/],
    ['string', ['null', 'int'], /value: null can't be read as string/],
    [record(['null', 'string']), record(['boolean', 'int']), /R\.f: boolean can't be read as any branch/],
    [record(record('int', 'I')), record(record('string', 'I')), /R\.f\.f: string can't be read as int/],
  ];
  for (const [reader, writer, message] of cases)
    assert.throws(
      () => evolvedDecoder(reader, writer),
      (error) =>
        error instanceof DispatcherError && error.code === 'CONFIGURATION' && message.test(error.message),
      String(message),
    );
});

test('a record cut short inside an unreadable value is reported as truncated', () => {
  const reader = record(enumeration('A'));
  const writer = record(enumeration('A', 'B'));
  assert.throws(() => decode(evolvedDecoder(reader, writer), Buffer.alloc(0), Buffer.of(2)), {
    code: 'TRUNCATED',
  });
});

test('whatever bytes come, a decoder that refuses some data gives a value or a FormatError', () => {
  const decoders = PAIRS.map(({ reader, writer }) => evolvedDecoder(reader, writer));
  const bytes = fc.uint8Array({ maxLength: 12 });
  fc.assert(
    fc.property(fc.constantFrom(...decoders), bytes, bytes, (decoder, record, neighbour) => {
      try {
        decode(decoder, record, neighbour);
      } catch (error) {
        assert.ok(error instanceof FormatError, String(error));
      }
    }),
    { numRuns: 2000 },
  );
});
