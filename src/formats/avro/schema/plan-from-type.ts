import avro, { type Type, type types } from 'avsc';
import { DECIMAL_BYTES_MAX } from '../../limits.js';
import type { EncodedDefaults } from './defaults.js';
import { branchNameOf, nameOf } from './names.js';
import type { ParsedSchema } from './parse.js';
import type {
  Branch,
  Field,
  FieldDefault,
  Logical,
  Node,
  PrimitiveKind,
  RecordNode,
  UnionNode,
} from './plan.js';
import { property } from './schema-files.js';

const PRIMITIVE_KINDS: readonly PrimitiveKind[] = [
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
];

/** Creates the plan of an avsc type. */
export class Planner {
  private readonly attributes: ReadonlyMap<Type, object>;
  private readonly defaults: EncodedDefaults;
  private readonly records = new Map<Type, RecordNode>();

  constructor({ attributes, defaults }: Pick<ParsedSchema, 'attributes' | 'defaults'>) {
    this.attributes = attributes;
    this.defaults = defaults;
  }

  plan(type: Type): Node {
    const primitive = PRIMITIVE_KINDS.find((kind) => kind === type.typeName);
    if (primitive !== undefined) return { kind: primitive, logical: this.logicalOf(type) };
    if (type instanceof avro.types.FixedType)
      return { kind: 'fixed', name: nameOf(type), size: type.size, logical: this.logicalOf(type) };
    if (type instanceof avro.types.EnumType)
      return { kind: 'enum', name: nameOf(type), symbols: type.symbols };
    if (type instanceof avro.types.ArrayType) return { kind: 'array', items: this.plan(type.itemsType) };
    if (type instanceof avro.types.MapType)
      return { kind: 'map', values: this.plan(type.valuesType as Type) };
    if (type instanceof avro.types.UnwrappedUnionType || type instanceof avro.types.WrappedUnionType)
      return this.union(type.types);
    if (type instanceof avro.types.RecordType) return this.record(type);
    throw new Error(`unknown Avro type ${type.typeName}`);
  }

  private record(type: types.RecordType): RecordNode {
    const known = this.records.get(type);
    if (known !== undefined) return known;
    const node: RecordNode = { kind: 'record', name: nameOf(type), fields: [] };
    this.records.set(type, node);
    node.fields = type.fields.map(
      (field): Field => ({
        name: field.name,
        node: this.plan(field.type),
        fallback: this.fallbackOf(type, field),
      }),
    );
    return node;
  }

  private fallbackOf(type: Type, field: types.Field): FieldDefault | undefined {
    const bytes = this.defaults.get(type)?.get(field.name);
    return bytes === undefined ? undefined : { bytes };
  }

  private union(types: readonly Type[]): UnionNode {
    const branches = types.map((type): Branch => ({ name: branchNameOf(type), node: this.plan(type) }));
    const buckets = branches.map((branch) => bucketOf(branch.node));
    return { kind: 'union', branches, wrapped: new Set(buckets).size !== buckets.length };
  }

  private logicalOf(type: Type): Logical | undefined {
    const schema = this.attributes.get(type);
    return schema === undefined ? undefined : logicalFrom(schema, type);
  }
}

/** The kind of JavaScript value of a branch; a union with two branches of one kind must be wrapped. */
export type Bucket = 'null' | 'boolean' | 'number' | 'string' | 'bytes' | 'array' | 'object';

export function bucketOf(node: Node): Bucket {
  switch (node.kind) {
    case 'null':
    case 'boolean':
      return node.kind;
    case 'int':
    case 'long':
    case 'float':
    case 'double':
      return 'number';
    case 'string':
    case 'enum':
      return 'string';
    case 'bytes':
    case 'fixed':
      return node.logical === undefined ? 'bytes' : 'string';
    case 'array':
      return 'array';
    default:
      return 'object';
  }
}

/**
 * As the specification says, an unknown or invalid logical type is ignored, and the value is that of the
 * underlying type.
 */
function logicalFrom(schema: object, type: Type): Logical | undefined {
  const name = property(schema, 'logicalType');
  switch (`${String(name)} ${type.typeName}`) {
    case 'decimal bytes':
      return decimalFrom(schema, DECIMAL_BYTES_MAX);
    case 'decimal fixed':
      return type instanceof avro.types.FixedType ? decimalFrom(schema, type.size) : undefined;
    case 'uuid fixed':
      return type instanceof avro.types.FixedType && type.size === 16 ? { kind: 'uuid' } : undefined;
    case 'date int':
      return { kind: 'instant', unit: 'day' };
    case 'time-millis int':
      return { kind: 'time', unit: 'milli' };
    case 'time-micros long':
      return { kind: 'time', unit: 'micro' };
    case 'timestamp-millis long':
    case 'local-timestamp-millis long':
      return { kind: 'instant', unit: 'milli' };
    case 'timestamp-micros long':
    case 'local-timestamp-micros long':
      return { kind: 'instant', unit: 'micro' };
    case 'timestamp-nanos long':
    case 'local-timestamp-nanos long':
      return { kind: 'instant', unit: 'nano' };
    default:
      return undefined;
  }
}

function decimalFrom(schema: object, sizeBytes: number): Logical | undefined {
  const precision = property(schema, 'precision');
  const scale = property(schema, 'scale') ?? 0;
  if (typeof precision !== 'number' || !Number.isInteger(precision) || precision <= 0) return undefined;
  if (typeof scale !== 'number' || !Number.isInteger(scale) || scale < 0 || scale > precision)
    return undefined;
  // The number of digits that the bytes can hold in two's complement.
  const precisionMax = Math.floor(Math.log10(2) * (8 * sizeBytes - 1));
  return sizeBytes > DECIMAL_BYTES_MAX || precision > precisionMax
    ? undefined
    : { kind: 'decimal', precision, scale };
}
