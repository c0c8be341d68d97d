import fc from 'fast-check';

/** A schema of the writer, one of the reader, a value, and how the reader must see it. */
export interface Evolution {
  readonly writer: unknown;
  readonly reader: unknown;
  /** A value of the writer's schema in our representation. */
  readonly value: unknown;
  readonly seen: unknown;
}

type Make = fc.Arbitrary<Evolution>;

/** Every type is generated on its own; the names are made unique when they are put together. */
function renamed(one: Evolution, suffix: string): Evolution {
  const named = (schema: unknown): unknown =>
    JSON.parse(JSON.stringify(schema).replace(/\b([REFG]\d*x)/g, `$1${suffix}`)) as unknown;
  return { ...one, writer: named(one.writer), reader: named(one.reader) };
}

const same = (type: string, values: fc.Arbitrary<unknown>): Make =>
  values.map((value) => ({ writer: type, reader: type, value, seen: value }));

const int = fc.integer();
const long = fc.integer({ min: -(2 ** 51), max: 2 ** 51 });
const text = fc.string({ unit: 'grapheme', maxLength: 10 });
const bytes = fc.uint8Array({ maxLength: 10 }).map((array) => Buffer.from(array));

function widened(
  from: string,
  to: string,
  values: fc.Arbitrary<unknown>,
  convert: (value: never) => unknown,
): Make {
  return values.map((value) => ({ writer: from, reader: to, value, seen: convert(value as never) }));
}

const number = (value: number): number => value;
const primitive: Make = fc.oneof(
  same('null', fc.constant(null)),
  same('boolean', fc.boolean()),
  same('string', text),
  same('bytes', bytes),
  widened('int', 'int', int, number),
  widened('int', 'long', int, number),
  widened('int', 'float', int, Math.fround),
  widened('int', 'double', int, number),
  widened('long', 'float', long, Math.fround),
  widened('long', 'double', long, number),
  widened('float', 'double', fc.float(), number),
  widened('string', 'bytes', text, (value: string) => Buffer.from(value)),
  widened('bytes', 'string', text, (value: string) => value).map((one) => ({
    ...one,
    value: Buffer.from(String(one.value)),
  })),
);

/** The reader keeps some symbols, in another order, and shows the others as its default. */
const enumeration: Make = fc
  .tuple(fc.integer({ min: 1, max: 8 }), fc.nat(), fc.nat({ max: 255 }), fc.boolean())
  .map(([size, pick, keptBits, reversed]) => {
    const symbols = Array.from({ length: size }, (_, i) => `S${String(i)}`);
    const kept = symbols.filter((_, i) => ((keptBits >> i) & 1) === 1);
    const value = symbols[pick % size] ?? 'S0';
    const ordered = reversed ? [...kept].reverse() : kept;
    return {
      writer: { type: 'enum', name: 'Ex', symbols },
      reader: { type: 'enum', name: 'Ex', symbols: ['NONE', ...ordered], default: 'NONE' },
      value,
      seen: kept.includes(value) ? value : 'NONE',
    };
  });

const fixed: Make = fc.uint8Array({ maxLength: 6 }).map((array) => {
  const value = Buffer.from(array);
  return {
    writer: { type: 'fixed', name: 'old.Fx', size: value.length },
    reader: { type: 'fixed', name: 'Gx', aliases: ['old.Fx'], size: value.length },
    value,
    seen: value,
  };
});

/** Defaults of every type, as JSON and as the value that they stand for. */
const ADDED: readonly (readonly [type: unknown, json: unknown, seen: unknown])[] = [
  ['null', null, null],
  ['boolean', true, true],
  ['int', -5, -5],
  ['long', 2 ** 40, 2 ** 40],
  ['float', 0.5, 0.5],
  ['double', 'NaN', Number.NaN],
  ['bytes', '\u0000\u00ff', Buffer.of(0, 255)],
  ['string', 'ÿé', 'ÿé'],
  [{ type: 'fixed', name: 'Fx', size: 2 }, 'ab', Buffer.from('ab')],
  [{ type: 'enum', name: 'Ex', symbols: ['A', 'B'] }, 'B', 'B'],
  [{ type: 'array', items: ['null', 'int'] }, [null, 3], [null, 3]],
  [{ type: 'map', values: 'bytes' }, { k: '\u0080' }, { k: Buffer.of(128) }],
  [['null', 'string'], null, null],
  [['null', 'int', 'long'], 7, { int: 7 }],
  [{ type: 'record', name: 'Rx', fields: [{ name: 'in', type: 'int', default: 9 }] }, {}, { in: 9 }],
  [{ type: 'bytes', logicalType: 'decimal', precision: 4, scale: 1 }, '\u0019', '2.5'],
];

interface Field {
  readonly of: Evolution;
  readonly fate: 'kept' | 'renamed' | 'dropped';
  readonly order: number;
}

const fates = fc.constantFrom('kept' as const, 'renamed' as const, 'dropped' as const);

function recordOf(fields: readonly Field[], added: readonly { what: number; order: number }[]): Evolution {
  const old = fields.map((one, i) => {
    const of = renamed(one.of, String(i));
    const name = `f${String(i)}`;
    const isRenamed = one.fate === 'renamed';
    return { ...one, of, name, newName: isRenamed ? `g${String(i)}` : name, isRenamed };
  });
  const kept = old
    .filter(({ fate }) => fate !== 'dropped')
    .map(({ of, name, newName, isRenamed, order }) => ({
      order,
      field: { name: newName, type: of.reader, ...(isRenamed ? { aliases: ['nothing', name] } : {}) },
      seen: of.seen,
    }));
  const extra = added.map(({ what, order }, i) => {
    const [type, json, seen] = ADDED[what] ?? ['null', null, null];
    const own = renamed({ writer: type, reader: type, value: null, seen }, `a${String(i)}`);
    return { order, field: { name: `added${String(i)}`, type: own.reader, default: json }, seen };
  });
  const all = [...kept, ...extra].sort((a, b) => a.order - b.order);
  return {
    writer: {
      type: 'record',
      name: 'Rx',
      fields: old.map(({ name, of }) => ({ name, type: of.writer })),
    },
    reader: { type: 'record', name: 'Rx', fields: all.map(({ field }) => field) },
    value: Object.fromEntries(old.map(({ name, of }) => [name, of.value])),
    seen: Object.fromEntries(all.map(({ field, seen }) => [field.name, seen])),
  };
}

const order = fc.double({ min: 0, max: 1, noNaN: true });

const { any, record } = fc.letrec<{ any: Evolution; record: Evolution }>((tie) => ({
  any: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitive,
    enumeration,
    fixed,
    tie('any').chain((one) =>
      fc.nat({ max: 3 }).map((copies) => ({
        writer: { type: 'array', items: one.writer },
        reader: { type: 'array', items: one.reader },
        value: Array.from({ length: copies }, () => one.value),
        seen: Array.from({ length: copies }, () => one.seen),
      })),
    ),
    tie('any').map((one) => ({
      writer: { type: 'map', values: one.writer },
      reader: { type: 'map', values: one.reader },
      value: { 'a key': one.value, '': one.value },
      seen: { 'a key': one.seen, '': one.seen },
    })),
    tie('record'),
  ),
  record: fc
    .tuple(
      fc.array(fc.record({ of: tie('any'), fate: fates, order }), { maxLength: 5 }),
      fc.array(fc.record({ what: fc.nat({ max: ADDED.length - 1 }), order }), { maxLength: 4 }),
    )
    .map(([fields, added]) => recordOf(fields, added)),
}));

export const evolutionArbitrary: Make = record;
/** Of any type, without one that is null itself: for unions with null. */
export const anyEvolution: Make = any;
