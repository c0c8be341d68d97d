import assert from 'node:assert/strict';
import { test } from 'node:test';
import fc from 'fast-check';
import { DispatcherError } from '../../src/core/errors.js';
import { codecOf, decode, encode, evolvedDecoder, oracleOf, plain } from './support/avro.js';
import { schemaArbitrary, valueArbitrary } from './support/avro-arbitrary.js';

const record = (fields: unknown[], more: object = {}): unknown => ({
  type: 'record',
  name: 'R',
  fields,
  ...more,
});
const field = (name: string, type: unknown, more: object = {}): unknown => ({ name, type, ...more });

function evolve(
  reader: unknown,
  writer: unknown,
  value: unknown,
  long: 'number' | 'bigint' = 'number',
): unknown {
  return decode(evolvedDecoder(reader, writer, long), encode(codecOf(writer).encoder, value));
}

test("a reader that drops, adds and reorders fields sees the writer's values and its own defaults", () => {
  const evolution = fc
    .array(fc.record({ type: schemaArbitrary, kept: fc.boolean(), order: fc.double({ noNaN: true }) }), {
      minLength: 1,
      maxLength: 6,
    })
    .map((fields) => {
      // Every type gets its own names, because each was generated separately.
      const named = fields.map((one, i) => ({
        ...one,
        type: JSON.parse(
          JSON.stringify(one.type).replace(/\b(test\.Record|Fixed|Enum)(\d+)/g, `$1${String(i)}x$2`),
        ) as unknown,
      }));
      const writer = record(named.map((one, i) => field(`f${String(i)}`, one.type)));
      const kept = named.map((one, i) => ({ ...one, name: `f${String(i)}` })).filter((one) => one.kept);
      kept.sort((a, b) => a.order - b.order);
      const added = [
        field('added', 'long', { default: 7 }),
        field('list', { type: 'array', items: 'string' }, { default: ['x'] }),
      ];
      return { writer, reader: record([...added, ...kept.map((one) => field(one.name, one.type))]) };
    })
    .chain(({ writer, reader }) =>
      valueArbitrary(oracleOf(writer)).map((value) => ({ writer, reader, value })),
    );
  fc.assert(
    fc.property(evolution, ({ writer, reader, value }) => {
      const bytes = oracleOf(writer).toBuffer(value);
      // avsc would read an int as the float of a union ["float", "int"]; we choose the same type if the
      // reader has it.
      const written = plain(oracleOf(writer).fromBuffer(bytes)) as Record<string, unknown>;
      const expected = Object.fromEntries(
        (reader as { fields: { name: string }[] }).fields.map(({ name }) => [name, written[name]]),
      );
      assert.deepEqual(decode(evolvedDecoder(reader, writer), bytes), {
        ...expected,
        added: 7,
        list: ['x'],
      });
    }),
    { numRuns: 200 },
  );
});

test('types are widened as the specification allows', () => {
  const widened: [string, string, unknown, unknown][] = [
    ['int', 'long', -5, -5],
    ['int', 'float', 16_777_217, 16_777_216],
    ['int', 'double', 5, 5],
    ['long', 'float', 5, 5],
    ['long', 'double', 2 ** 50, 2 ** 50],
    ['float', 'double', 1.5, 1.5],
    ['string', 'bytes', 'é', Buffer.from('é')],
    ['bytes', 'string', Buffer.from('é'), 'é'],
  ];
  for (const [from, to, value, expected] of widened) {
    assert.deepEqual(evolve(to, from, value), expected, `${from} as ${to}`);
    assert.deepEqual(evolve(['null', to], from, value), expected, `${from} as an optional ${to}`);
    assert.deepEqual(evolve({ type: 'array', items: to }, { type: 'array', items: from }, [value]), [
      expected,
    ]);
    assert.deepEqual(evolve({ type: 'map', values: to }, { type: 'map', values: from }, { a: value }), {
      a: expected,
    });
  }
  assert.equal(evolve('long', 'int', 5, 'bigint'), 5n);
  assert.throws(() => decode(evolvedDecoder('string', 'bytes'), Buffer.of(2, 0xff)), {
    code: 'INVALID_UTF8',
  });
});

test('unions are resolved against unions, single types and wrapped unions', () => {
  assert.equal(evolve(['string', 'null'], ['null', 'string'], 'x'), 'x');
  assert.equal(evolve('long', ['int', 'long'], { int: 3 }), 3);
  assert.deepEqual(evolve(['null', 'int', 'double'], 'int', 3), { int: 3 });
  assert.deepEqual(evolve(['null', 'float', 'double'], ['null', 'double'], 1.5), { double: 1.5 });
  assert.equal(evolve(['null', 'int', 'double'], 'null', null), null);
  assert.deepEqual(evolve(['null', 'int', 'double'], ['null', 'int'], null), null);
});

test('aliases, defaults of every kind, enum defaults and recursive records are resolved', () => {
  const writer = record(
    [
      field('old', 'int'),
      field('kind', { type: 'enum', name: 'K', symbols: ['A', 'B', 'C'] }),
      field('next', ['null', 'R']),
    ],
    { namespace: 'v1' },
  );
  const reader = {
    type: 'record',
    name: 'v2.R2',
    aliases: ['v1.R'],
    fields: [
      field('next', ['null', 'R2']),
      field('renamed', 'long', { aliases: ['old'] }),
      field('kind', { type: 'enum', name: 'K2', aliases: ['K'], symbols: ['A', 'OTHER'], default: 'OTHER' }),
      field('map', { type: 'map', values: 'int' }, { default: { a: 1 } }),
      field(
        'price',
        { type: 'bytes', logicalType: 'decimal', precision: 4, scale: 2 },
        { default: '\u00ff' },
      ),
      field('gone', ['null', 'string'], { default: null }),
    ],
  };
  const value = { old: 1, kind: 'B', next: { old: 2, kind: 'A', next: null } };
  const common = { map: { a: 1 }, price: '-0.01', gone: null };
  const decoder = evolvedDecoder(reader, writer);
  const bytes = encode(codecOf(writer).encoder, value);
  const expected = {
    next: { next: null, renamed: 2, kind: 'A', ...common },
    renamed: 1,
    kind: 'OTHER',
    ...common,
  };
  const first = decode(decoder, bytes) as { map: Record<string, number> };
  assert.deepEqual(first, expected);
  // A default belongs to its record: changing it must not affect the next one.
  first.map['a'] = 99;
  assert.deepEqual(decode(decoder, bytes), expected);
});

test(
  'records too wide for one function are read, skipped, filled with defaults and written like ' +
    'narrow ones',
  () => {
    const types = [
      ['null', 'string'],
      'long',
      { type: 'array', items: 'W' },
      { type: 'map', values: 'int' },
      'double',
    ];
    const fields = Array.from({ length: 200 }, (_, i) => field(`f${String(i)}`, types[i % types.length]));
    const wide = { type: 'record', name: 'W', fields };
    const make = (depth: number): Record<string, unknown> =>
      Object.fromEntries(
        fields.map((_, i) => [
          `f${String(i)}`,
          [
            i % 2 === 0 ? null : `é${String(i)}`,
            i * 1e9,
            depth > 0 && i === 2 ? [make(depth - 1), make(0)] : [],
            { a: i },
            i / 7,
          ][i % 5],
        ]),
      );
    const { decoder, encoder } = codecOf(wide);
    const bytes = encode(encoder, make(3));
    assert.deepEqual(bytes, oracleOf(wide).toBuffer(make(3)));
    assert.deepEqual(decode(decoder, bytes), make(3));
    for (let end = 0; end < bytes.length; end += 7)
      assert.throws(() => decode(decoder, bytes.subarray(0, end), bytes.subarray(end)), {
        name: 'FormatError',
      });
    // Every second field, in the opposite order, and 100 new ones with defaults.
    const fewer = [
      ...fields.filter((_, i) => i % 10 === 1 || i % 10 === 4).reverse(),
      ...Array.from({ length: 100 }, (_, i) => field(`n${String(i)}`, 'int', { default: i })),
    ];
    const evolved = decode(
      evolvedDecoder({ type: 'record', name: 'W', fields: fewer }, wide),
      bytes,
    ) as Record<string, unknown>;
    assert.deepEqual(
      Object.keys(evolved),
      (fewer as { name: string }[]).map(({ name }) => name),
    );
    for (const [name, value] of Object.entries(evolved))
      assert.equal(value, name.startsWith('n') ? Number(name.slice(1)) : make(0)[name]);
    const { encoder: defaulted, decoder: full } = codecOf({
      type: 'record',
      name: 'D',
      fields: fewer.slice(40),
    });
    assert.deepEqual(
      decode(full, encode(defaulted, {})),
      Object.fromEntries(Array.from({ length: 100 }, (_, i) => [`n${String(i)}`, i])),
    );
  },
);

test('a union of many large records is read and written', () => {
  const branches = Array.from({ length: 80 }, (_, i) =>
    record(
      Array.from({ length: 12 }, (_unused, j) => field(`f${String(j)}`, 'int')),
      { name: `B${String(i)}` },
    ),
  );
  const { decoder, encoder } = codecOf({ type: 'array', items: branches });
  const value = branches.map((_, i) => ({
    [`B${String(i)}`]: Object.fromEntries(
      Array.from({ length: 12 }, (_unused, j) => [`f${String(j)}`, i * j]),
    ),
  }));
  assert.deepEqual(decode(decoder, encode(encoder, value)), value);
});

test('a truncated record is refused with a resolver too', () => {
  const writer = record([
    field('skipped', { type: 'array', items: 'string' }),
    field('kept', 'double'),
    field('more', 'string'),
  ]);
  const decoder = evolvedDecoder(record([field('kept', 'double')]), writer);
  const bytes = encode(codecOf(writer).encoder, { skipped: ['a', 'bc'], kept: 1.5, more: 'x'.repeat(20) });
  assert.deepEqual(decode(decoder, bytes), { kept: 1.5 });
  for (let end = 0; end < bytes.length; end++) {
    assert.throws(() => decode(decoder, bytes.subarray(0, end), bytes.subarray(end)), {
      name: 'FormatError',
    });
  }
});

test('schemas with which no data can be read are refused at the start, with place and reason', () => {
  const cases: [unknown, unknown, RegExp][] = [
    ['int', 'long', /long can't be read as int/],
    [
      record([field('a', 'int')]),
      record([]),
      /R\.a: the writer's schema lacks this field and it has no default/,
    ],
    [
      record([field('a', record([field('b', 'int')], { name: 'I' }))]),
      record([field('a', record([field('b', 'string')], { name: 'I' }))]),
      /R\.a\.b: string can't be read as int/,
    ],
    [record([]), record([], { name: 'Other' }), /names differ/],
    ['string', ['null', 'int'], /null can't be read as string/],
    [
      { type: 'enum', name: 'E', symbols: ['A'] },
      { type: 'enum', name: 'E', symbols: ['B'] },
      /none of the writer's symbols is in the reader's enum/,
    ],
    [{ type: 'fixed', name: 'F', size: 1 }, { type: 'fixed', name: 'F', size: 2 }, /fixed of 2 bytes/],
    [
      { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 3 },
      { type: 'bytes', logicalType: 'decimal', precision: 9, scale: 2 },
      /decimal of scale 2 can't be read as decimal of scale 3/,
    ],
    [
      { type: 'long', logicalType: 'timestamp-micros' },
      { type: 'long', logicalType: 'timestamp-millis' },
      /instant in milli can't be read as instant in micro/,
    ],
  ];
  for (const [reader, writer, message] of cases) {
    assert.throws(
      () => evolvedDecoder(reader, writer),
      (error) =>
        error instanceof DispatcherError &&
        error.code === 'CONFIGURATION' &&
        message.test(error.message) &&
        error.remedy !== undefined,
      String(message),
    );
  }
});

test('an added field keeps its default whatever its name, even one from Object.prototype', () => {
  const names = ['constructor', 'toString', 'valueOf', 'hasOwnProperty'];
  const reader = record([
    field('a', 'int'),
    ...names.map((name) => field(name, 'string', { default: name })),
  ]);
  assert.deepEqual(
    plain(evolve(reader, record([field('a', 'int')]), { a: 1 })),
    plain({ a: 1, ...Object.fromEntries(names.map((name) => [name, name])) }),
  );
});
