import avro, { type Type, type types } from 'avsc';
import {
  checkMeaning,
  checkNames,
  Incompatible,
  isPrimitive,
  isUnion,
  PROMOTIONS,
  type UnionType,
} from './compatible.js';
import { branchNameOf, nameOf } from './names.js';
import type { Branch, Node, ResolvedRecordNode } from './plan.js';
import type { Planner } from './plan-from-type.js';

/** A state of the resolution to which it can go back. */
interface Mark {
  readonly added: number;
  readonly warnings: number;
}

/**
 * Creates the plan for data that was written with one schema and is returned as another. Throws {@link
 * Incompatible} if no data could be read; data that only some records contain causes a warning, and its
 * records are rejected.
 */
export class SchemaResolver {
  /** One for each branch, symbol, or kind of item that the reader can't read. */
  readonly warnings: string[] = [];
  private readonly planner: Planner;
  private readonly records = new Map<Type, Map<Type, ResolvedRecordNode>>();
  /** The pairs in `records`, oldest first: a failed attempt removes everything that was created for it. */
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
      return { kind: 'array', items: this.orRefuse(reader.itemsType, writer.itemsType, `${path}[]`) };
    }
    if (reader instanceof avro.types.MapType && writer instanceof avro.types.MapType) {
      const [to, from] = [reader.valuesType as Type, writer.valuesType as Type];
      return { kind: 'map', values: this.orRefuse(to, from, `${path}{}`) };
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

  /**
   * The writer chose a branch. Branches that can't be read may never occur, but at least one must be
   * readable.
   */
  private fromUnion(reader: Type, writer: UnionType, path: string): Node {
    const branches = writer.types.map(
      (type): Branch => ({
        name: branchNameOf(type),
        node: this.orRefuse(reader, type, path),
      }),
    );
    const first = branches[0]?.node;
    if (first?.kind === 'refuse' && branches.every(({ node }) => node.kind === 'refuse'))
      throw new Incompatible(first.message);
    // The branches already return the reader's representation, wrapped if necessary.
    return { kind: 'union', branches, wrapped: false };
  }

  /** For a part that a record may lack: if it can't be read, only records with it are rejected. */
  private orRefuse(reader: Type, writer: Type, path: string): Node {
    const mark = this.mark();
    try {
      return this.resolve(reader, writer, path);
    } catch (cause) {
      if (!(cause instanceof Incompatible)) throw cause;
      this.takeBack(mark);
      this.warnings.push(cause.message);
      return { kind: 'refuse', message: cause.message };
    }
  }

  /**
   * The reader's branch of the same type, else the first that can read all data, else one that can read some.
   */
  private intoUnion(reader: UnionType, writer: Type, path: string): Node {
    const plan = this.planner.plan(reader);
    const wrapped = plan.kind === 'union' && plan.wrapped;
    const same = reader.types.filter((type) => type.branchName === writer.branchName);
    const ways = [
      ...same.map((type) => ({ type, whole: false })),
      ...reader.types.map((type) => ({ type, whole: true })),
      ...reader.types.map((type) => ({ type, whole: false })),
    ];
    for (const { type, whole } of ways) {
      const node = this.attempt({ reader: type, writer, path }, whole);
      if (node === undefined) continue;
      return wrapped && type.typeName !== 'null' ? { kind: 'wrap', name: branchNameOf(type), node } : node;
    }
    throw new Incompatible(
      `${path}: ${branchNameOf(writer)} can't be read as any branch of the reader's union`,
    );
  }

  /** Undefined if the pair does not fit; with `whole` also if only some data could not be read. */
  private attempt(
    { reader, writer, path }: { reader: Type; writer: Type; path: string },
    whole: boolean,
  ): Node | undefined {
    const mark = this.mark();
    try {
      const node = this.resolve(reader, writer, path);
      if (!whole || this.warnings.length === mark.warnings) return node;
    } catch (cause) {
      if (!(cause instanceof Incompatible)) throw cause;
    }
    this.takeBack(mark);
    return undefined;
  }

  private mark(): Mark {
    return { added: this.added.length, warnings: this.warnings.length };
  }

  private takeBack({ added, warnings }: Mark): void {
    for (const { reader, writer } of this.added.splice(added)) this.records.get(reader)?.delete(writer);
    this.warnings.length = warnings;
  }

  private record(reader: types.RecordType, writer: types.RecordType, path: string): ResolvedRecordNode {
    checkNames(reader, writer, path);
    const ofReader = this.records.get(reader) ?? new Map<Type, ResolvedRecordNode>();
    this.records.set(reader, ofReader);
    const known = ofReader.get(writer);
    if (known !== undefined) return known;
    const node: ResolvedRecordNode = { kind: 'resolved', name: nameOf(reader), steps: [], fields: [] };
    ofReader.set(writer, node);
    this.added.push({ reader, writer });
    this.fill(node, { reader, writer, path });
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
    // avsc's own look-up also finds `constructor` and other names of Object.prototype, so it is not used.
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
    const symbols = writer.symbols.map((symbol) =>
      reader.symbols.includes(symbol) ? symbol : typeof fallback === 'string' ? fallback : undefined,
    );
    if (symbols.every((symbol) => symbol === undefined))
      throw new Incompatible(
        `${path}: none of the writer's symbols is in the reader's enum, which has no default`,
      );
    const refusals = symbols.map((symbol, index) =>
      symbol === undefined
        ? `${path}: the symbol ${String(writer.symbols[index])} of the writer is not in the reader's enum, ` +
          `which has no default`
        : undefined,
    );
    this.warnings.push(...refusals.filter((refusal) => refusal !== undefined));
    return { kind: 'symbols', symbols, refusals };
  }
}
