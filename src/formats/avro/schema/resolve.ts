import avro, { type Type, type types } from 'avsc';
import type { Logical, Node, PrimitiveKind, PrimitiveNode, ResolvedRecordNode } from './plan.js';
import { nameOf, type Planner } from './plan-from-type.js';

/** Which primitives may be read as which others. */
const PROMOTIONS: Partial<Record<PrimitiveKind, readonly PrimitiveKind[]>> = {
  int: ['long', 'float', 'double'],
  long: ['float', 'double'],
  float: ['double'],
  string: ['bytes'],
  bytes: ['string'],
};

/** Says why data of the one schema can't be read as the other, and where. */
export class Incompatible extends Error {
  override readonly name = 'Incompatible';
}

type UnionType = types.UnwrappedUnionType | types.WrappedUnionType;

/**
 * Makes the plan for data written with one schema and delivered as another; throws {@link Incompatible} when
 * some data could not be.
 */
export class SchemaResolver {
  private readonly planner: Planner;
  private readonly records = new Map<Type, Map<Type, ResolvedRecordNode>>();
  /** The pairs in `records`, oldest first: a failed attempt takes back all that was made for it. */
  private readonly added: { reader: Type; writer: Type }[] = [];

  constructor(planner: Planner) {
    this.planner = planner;
  }

  resolve(reader: Type, writer: Type, path: string): Node {
    if (isUnion(writer)) return this.fromUnion(reader, writer, path);
    if (isUnion(reader)) return this.intoUnion(reader, writer, path);
    if (reader instanceof avro.types.RecordType && writer instanceof avro.types.RecordType)
      return this.record(reader, writer, path);
    if (reader instanceof avro.types.ArrayType && writer instanceof avro.types.ArrayType) {
      return { kind: 'array', items: this.resolve(reader.itemsType, writer.itemsType, `${path}[]`) };
    }
    if (reader instanceof avro.types.MapType && writer instanceof avro.types.MapType) {
      return {
        kind: 'map',
        values: this.resolve(reader.valuesType as Type, writer.valuesType as Type, `${path}{}`),
      };
    }
    if (reader instanceof avro.types.EnumType && writer instanceof avro.types.EnumType)
      return this.enumeration(reader, writer, path);
    return this.leaf(reader, writer, path);
  }

  private leaf(reader: Type, writer: Type, path: string): Node {
    const to = this.planner.plan(reader);
    const from = this.planner.plan(writer);
    if (to.kind === 'fixed' && from.kind === 'fixed') {
      checkNames(reader, writer, path);
      if (to.size !== from.size)
        throw new Incompatible(
          `${path}: fixed of ${String(from.size)} bytes can't be read as fixed of ${String(to.size)}`,
        );
      checkMeaning(to.logical, from.logical, path);
      return to;
    }
    if (isPrimitive(to) && isPrimitive(from)) {
      checkMeaning(to.logical, from.logical, path);
      if (to.kind === from.kind) return to;
      if (PROMOTIONS[from.kind]?.includes(to.kind) === true) return { kind: 'promote', from: from.kind, to };
    }
    throw new Incompatible(`${path}: ${from.kind} can't be read as ${to.kind}`);
  }

  /** The writer chose a branch: each of them must be readable, since each may come. */
  private fromUnion(reader: Type, writer: UnionType, path: string): Node {
    const branches = writer.types.map((type) => ({
      name: type.branchName ?? type.typeName,
      node: this.resolve(reader, type, path),
    }));
    // The branches already deliver the reader's representation, wrapped where it has to be.
    return { kind: 'union', branches, wrapped: false };
  }

  /** The reader's branch of the same type, else the first that can take the data. */
  private intoUnion(reader: UnionType, writer: Type, path: string): Node {
    const plan = this.planner.plan(reader);
    const wrapped = plan.kind === 'union' && plan.wrapped;
    const same = reader.types.filter((type) => type.branchName === writer.branchName);
    for (const type of [...same, ...reader.types]) {
      const node = this.attempt(type, writer, path);
      if (node === undefined) continue;
      return wrapped && type.typeName !== 'null'
        ? { kind: 'wrap', name: type.branchName ?? type.typeName, node }
        : node;
    }
    throw new Incompatible(
      `${path}: ${writer.branchName ?? writer.typeName} can't be read as any branch of the reader's union`,
    );
  }

  private attempt(reader: Type, writer: Type, path: string): Node | undefined {
    try {
      return this.resolve(reader, writer, path);
    } catch (cause) {
      if (cause instanceof Incompatible) return undefined;
      throw cause;
    }
  }

  private record(reader: types.RecordType, writer: types.RecordType, path: string): ResolvedRecordNode {
    checkNames(reader, writer, path);
    const ofReader = this.records.get(reader) ?? new Map<Type, ResolvedRecordNode>();
    this.records.set(reader, ofReader);
    const known = ofReader.get(writer);
    if (known !== undefined) return known;
    const node: ResolvedRecordNode = { kind: 'resolved', name: nameOf(reader), steps: [], fields: [] };
    ofReader.set(writer, node);
    const mark = this.added.push({ reader, writer }) - 1;
    try {
      this.fill(node, { reader, writer, path });
    } catch (cause) {
      for (const pair of this.added.splice(mark)) this.records.get(pair.reader)?.delete(pair.writer);
      throw cause;
    }
    return node;
  }

  private fill(
    node: ResolvedRecordNode,
    pair: { reader: types.RecordType; writer: types.RecordType; path: string },
  ): void {
    const { reader, writer, path } = pair;
    const plan = this.planner.plan(reader);
    const planned = plan.kind === 'record' ? plan.fields : [];
    const taken = new Map<string, number>();
    // Not avsc's own look-up: it finds `constructor` and its like on Object.prototype.
    const written = new Set(writer.fields.map(({ name }) => name));
    node.fields = reader.fields.map((field, index) => {
      const at = `${path}.${field.name}`;
      const names = [field.name, ...field.aliases].filter(
        (name, i, all) => all.indexOf(name) === i && written.has(name),
      );
      if (names.length > 1)
        throw new Incompatible(`${at}: the writer's schema has several fields for it: ${names.join(', ')}`);
      const match = names[0];
      const of = planned[index];
      if (of === undefined) throw new Incompatible(`${at}: unknown field`);
      if (match === undefined) {
        if (of.fallback === undefined)
          throw new Incompatible(`${at}: the writer's schema lacks this field and it has no default`);
        return of;
      }
      if (taken.has(match))
        throw new Incompatible(`${at}: the writer's field ${match} is claimed by two fields`);
      taken.set(match, index);
      return { ...of, fallback: undefined };
    });
    node.steps = writer.fields.map((field) => {
      const index = taken.get(field.name);
      const target = index === undefined ? undefined : reader.fields[index];
      if (index === undefined || target === undefined)
        return { node: this.planner.plan(field.type), field: -1 };
      return { node: this.resolve(target.type, field.type, `${path}.${target.name}`), field: index };
    });
  }

  private enumeration(reader: types.EnumType, writer: types.EnumType, path: string): Node {
    checkNames(reader, writer, path);
    const fallback: unknown = Reflect.get(reader, 'default');
    const symbols = writer.symbols.map((symbol) => {
      if (reader.symbols.includes(symbol)) return symbol;
      if (typeof fallback === 'string') return fallback;
      throw new Incompatible(`${path}: the reader's enum lacks the symbol ${symbol} and has no default`);
    });
    return { kind: 'enum', name: nameOf(reader), symbols };
  }
}

function isUnion(type: Type): type is UnionType {
  return type instanceof avro.types.UnwrappedUnionType || type instanceof avro.types.WrappedUnionType;
}

function isPrimitive(node: Node): node is PrimitiveNode {
  return 'logical' in node && node.kind !== 'fixed';
}

/** By unqualified name, as the specification says, or by an alias of the reader's. */
function checkNames(reader: Type, writer: Type, path: string): void {
  const wanted = [reader.name, ...(reader.aliases ?? [])].map((name) => unqualified(name));
  if (writer.name === undefined || wanted.includes(unqualified(writer.name))) return;
  throw new Incompatible(
    `${path}: ${writer.name} can't be read as ${reader.name ?? 'an unnamed type'}; names differ and no ` +
      `alias says they mean the same`,
  );
}

function unqualified(name: string | undefined): string | undefined {
  return name?.slice(name.lastIndexOf('.') + 1);
}

/**
 * The bytes would fit, but the number would mean something else: cents read as thousandths, milliseconds as
 * microseconds.
 */
function checkMeaning(reader: Logical | undefined, writer: Logical | undefined, path: string): void {
  if (reader === undefined || writer === undefined) return;
  const say = (logical: Logical): string => {
    switch (logical.kind) {
      case 'decimal':
        return `decimal of scale ${String(logical.scale)}`;
      case 'uuid':
        return 'uuid';
      default:
        return `${logical.kind} in ${logical.unit}`;
    }
  };
  if (say(reader) !== say(writer))
    throw new Incompatible(
      `${path}: ${say(writer)} can't be read as ${say(reader)}; the numbers would change their meaning`,
    );
}
