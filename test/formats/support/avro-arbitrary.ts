import avro from 'avsc';
import fc from 'fast-check';
import { oracleOf } from './avro.js';

/** A schema without names, which are assigned afterwards so that each is unique. */
type Shape =
  | { readonly kind: 'primitive'; readonly type: string }
  | { readonly kind: 'fixed'; readonly size: number }
  | { readonly kind: 'enum'; readonly size: number }
  | { readonly kind: 'array' | 'map'; readonly of: Shape }
  | { readonly kind: 'union'; readonly of: readonly Shape[] }
  | { readonly kind: 'record'; readonly of: readonly Shape[]; readonly recursive: boolean };

const primitive = fc.record({
  kind: fc.constant('primitive' as const),
  type: fc.constantFrom('null', 'boolean', 'int', 'long', 'float', 'double', 'bytes', 'string'),
});

const { shape } = fc.letrec<{ shape: Shape; record: Shape }>((tie) => ({
  shape: fc.oneof(
    { depthSize: 'small', withCrossShrink: true },
    primitive,
    fc.record({ kind: fc.constant('fixed' as const), size: fc.integer({ min: 0, max: 20 }) }),
    fc.record({ kind: fc.constant('enum' as const), size: fc.integer({ min: 1, max: 70 }) }),
    fc.record({ kind: fc.constantFrom('array' as const, 'map' as const), of: tie('shape') }),
    fc.record({
      kind: fc.constant('union' as const),
      of: fc.array(tie('shape'), { minLength: 1, maxLength: 5 }),
    }),
    tie('record'),
  ),
  record: fc.record({
    kind: fc.constant('record' as const),
    of: fc.array(tie('shape'), { maxLength: 6 }),
    recursive: fc.boolean(),
  }),
}));

class Namer {
  private counter = 0;

  name(shape: Shape): unknown {
    switch (shape.kind) {
      case 'primitive':
        return shape.type;
      case 'fixed':
        return { type: 'fixed', name: this.fresh('Fixed'), size: shape.size };
      case 'enum':
        return {
          type: 'enum',
          name: this.fresh('Enum'),
          symbols: Array.from({ length: shape.size }, (_, i) => `S${String(i)}`),
        };
      case 'array':
        return { type: 'array', items: this.name(shape.of) };
      case 'map':
        return { type: 'map', values: this.name(shape.of) };
      case 'union':
        return this.union(shape.of);
      case 'record': {
        const name = this.fresh('test.Record');
        const fields = shape.of.map((field, i) => ({ name: `f${String(i)}`, type: this.name(field) }));
        if (shape.recursive)
          fields.push(
            { name: 'next', type: ['null', name] },
            { name: 'others', type: { type: 'array', items: name } },
          );
        return { type: 'record', name, fields };
      }
    }
  }

  private fresh(prefix: string): string {
    this.counter += 1;
    return `${prefix}${String(this.counter)}`;
  }

  /** Unions contain no unions, and no unnamed type twice. */
  private union(shapes: readonly Shape[]): unknown {
    const seen = new Set<string>();
    const branches = shapes.filter((shape) => {
      if (shape.kind === 'union') return false;
      if (shape.kind === 'record' || shape.kind === 'fixed' || shape.kind === 'enum') return true;
      const key = shape.kind === 'primitive' ? shape.type : shape.kind;
      return seen.size < seen.add(key).size;
    });
    return branches.length === 0 ? 'null' : branches.map((shape) => this.name(shape));
  }
}

export const schemaArbitrary: fc.Arbitrary<unknown> = shape.map((one) => new Namer().name(one));

const text = fc.oneof(
  fc.string({ maxLength: 70, size: 'max' }),
  fc.string({ unit: 'binary', maxLength: 30, size: 'max' }),
  fc.string({ unit: 'binary-ascii', minLength: 50, maxLength: 300, size: 'max' }),
);
const bytes = fc.uint8Array({ maxLength: 40 }).map((array) => Buffer.from(array));
/** avsc itself is exact within this range. */
const AVSC_LONG_MAX = 2 ** 51;

/** Values in avsc's representation, which equals ours except for logical types. */
export function valueArbitrary(type: avro.Type, depth = 0): fc.Arbitrary<unknown> {
  if (type instanceof avro.types.FixedType)
    return fc.uint8Array({ minLength: type.size, maxLength: type.size }).map((array) => Buffer.from(array));
  if (type instanceof avro.types.EnumType) return fc.constantFrom(...type.symbols);
  if (type instanceof avro.types.ArrayType)
    return depth > 4
      ? fc.constant([])
      : fc.array(valueArbitrary(type.itemsType, depth + 1), { maxLength: 4 });
  if (type instanceof avro.types.MapType) {
    const keys = text.filter((key) => key !== '__proto__');
    return depth > 4
      ? fc.constant({})
      : fc.dictionary(keys, valueArbitrary(type.valuesType as avro.Type, depth + 1), {
          maxKeys: 4,
          noNullPrototype: true,
        });
  }
  if (type instanceof avro.types.UnwrappedUnionType) return branch(type.types, depth, false);
  if (type instanceof avro.types.WrappedUnionType) return branch(type.types, depth, true);
  if (type instanceof avro.types.RecordType)
    return fc.record(
      Object.fromEntries(type.fields.map((field) => [field.name, valueArbitrary(field.type, depth + 1)])),
      {
        noNullPrototype: true,
      },
    );
  return primitiveArbitrary(type.typeName);
}

function branch(types: readonly avro.Type[], depth: number, wrapped: boolean): fc.Arbitrary<unknown> {
  // At depth only branches that end the recursion: the first branch of a recursive union is null.
  const open =
    depth > 4 && types.some((type) => type.typeName === 'null')
      ? types.filter((type) => type.typeName === 'null')
      : types;
  return fc.oneof(
    ...open.map((type) => {
      const value = valueArbitrary(type, depth + 1);
      return wrapped && type.typeName !== 'null'
        ? value.map((inner) => ({ [type.branchName ?? '']: inner }))
        : value;
    }),
  );
}

function primitiveArbitrary(name: string): fc.Arbitrary<unknown> {
  switch (name) {
    case 'null':
      return fc.constant(null);
    case 'boolean':
      return fc.boolean();
    case 'int':
      return fc.integer();
    case 'long':
      return fc.oneof(
        fc.integer({ min: -200, max: 200 }),
        fc.integer(),
        fc.integer({ min: -AVSC_LONG_MAX, max: AVSC_LONG_MAX }),
      );
    case 'float':
      return fc.float();
    case 'double':
      return fc.double();
    case 'bytes':
      return bytes;
    case 'string':
      return text;
    default:
      throw new Error(`no values for ${name}`);
  }
}

/** A schema, avsc's type of it, and a value. */
export const sampleArbitrary = schemaArbitrary.chain((schema) => {
  const oracle = oracleOf(schema);
  return valueArbitrary(oracle).map((value) => ({ schema, oracle, value }));
});
