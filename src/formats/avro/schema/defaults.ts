/** Converts the defaults of fields from the schema's JSON to Avro's binary encoding. */

import avro, { type Type } from 'avsc';
import { NESTING_DEPTH_MAX } from '../../limits.js';
import { branchNameOf, nameOf } from './names.js';
import { property } from './schema-files.js';

/** The default does not fit this type; another branch of a union may fit. */
class Misfit extends Error {
  override readonly name = 'Misfit';
}

/** The JSON defaults of the fields of each record. */
export type JsonDefaults = ReadonlyMap<Type, ReadonlyMap<string, unknown>>;

/** The defaults of the fields of each record, encoded. */
export type EncodedDefaults = ReadonlyMap<Type, ReadonlyMap<string, Uint8Array>>;

/** Throws an error that names the field and says why its default does not fit. */
export function encodeDefaults(defaults: JsonDefaults): EncodedDefaults {
  const encoder = new DefaultEncoder(defaults);
  const encoded = new Map<Type, ReadonlyMap<string, Uint8Array>>();
  for (const [type, ofType] of defaults) {
    if (!(type instanceof avro.types.RecordType)) continue;
    const fields = new Map<string, Uint8Array>();
    for (const field of type.fields) {
      if (!ofType.has(field.name)) continue;
      const json = ofType.get(field.name);
      try {
        fields.set(field.name, encoder.encode(field.type, json));
      } catch (cause) {
        const place = `the default ${JSON.stringify(json)} of ${nameOf(type)}.${field.name}`;
        throw new Error(`${place} ${cause instanceof Error ? cause.message : String(cause)}`, { cause });
      }
    }
    encoded.set(type, fields);
  }
  return encoded;
}

/** Texts that Java's Avro accepts as a number in a default. */
const NUMBER = /^[+-]?(?:NaN|Infinity|(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?)$/;

const HALF_A_PAIR = /\p{Surrogate}/u;

class DefaultEncoder {
  private readonly defaults: JsonDefaults;
  private out: number[] = [];

  constructor(defaults: JsonDefaults) {
    this.defaults = defaults;
  }

  encode(type: Type, json: unknown): Uint8Array {
    this.out = [];
    this.field(type, json, 0);
    return Uint8Array.from(this.out);
  }

  /** JSON has no NaN and no Infinity, so a field's own default may be such a number as text. */
  private field(type: Type, json: unknown, depth: number): void {
    const isNumber = type.typeName === 'float' || type.typeName === 'double';
    if (isNumber && typeof json === 'string' && NUMBER.test(json))
      this.number(type.typeName === 'float' ? 4 : 8, Number(json.replace(/^[+-](?=NaN)/, '')));
    else this.write(type, json, depth);
  }

  private write(type: Type, json: unknown, depth: number): void {
    if (depth > NESTING_DEPTH_MAX)
      throw new Error(`is nested deeper than ${NESTING_DEPTH_MAX} levels, or inside itself`);
    if (type instanceof avro.types.UnwrappedUnionType || type instanceof avro.types.WrappedUnionType)
      this.union(type.types, json, depth);
    else if (type instanceof avro.types.RecordType) this.record(type, json, depth);
    else if (type instanceof avro.types.ArrayType) this.array(type.itemsType, json, depth);
    else if (type instanceof avro.types.MapType) this.map(type.valuesType as Type, json, depth);
    else this.scalar(type, json);
  }

  /** The first branch that the default fits. */
  private union(branches: readonly Type[], json: unknown, depth: number): void {
    const start = this.out.length;
    for (const [index, branch] of branches.entries()) {
      this.out.length = start;
      try {
        this.long(index);
        this.write(branch, json, depth + 1);
        return;
      } catch (cause) {
        if (!(cause instanceof Misfit)) throw cause;
      }
    }
    throw new Misfit(`is of no branch of the union (${branches.map(branchNameOf).join(', ')})`);
  }

  private record(type: avro.types.RecordType, json: unknown, depth: number): void {
    if (!isObject(json)) throw new Misfit(`is not a record ${nameOf(type)}`);
    const defaults = this.defaults.get(type);
    for (const field of type.fields) {
      const given = property(json, field.name);
      if (given === undefined && defaults?.has(field.name) !== true)
        throw new Misfit(`lacks the field ${field.name} of ${nameOf(type)}, which has no default`);
      if (given === undefined) this.field(field.type, defaults?.get(field.name), depth + 1);
      else this.within(given, () => this.write(field.type, given, depth + 1));
    }
  }

  private array(items: Type, json: unknown, depth: number): void {
    if (!Array.isArray(json)) throw new Misfit('is not an array');
    if (json.length > 0) this.long(json.length);
    for (const item of json as unknown[]) this.within(item, () => this.write(items, item, depth + 1));
    this.out.push(0);
  }

  private map(values: Type, json: unknown, depth: number): void {
    if (!isObject(json)) throw new Misfit('is not a map');
    const entries = Object.entries(json);
    if (entries.length > 0) this.long(entries.length);
    for (const [key, value] of entries) {
      this.text(key);
      this.within(value, () => this.write(values, value, depth + 1));
    }
    this.out.push(0);
  }

  /** Adds the part of a default that does not fit to the error. */
  private within(part: unknown, write: () => void): void {
    try {
      write();
    } catch (cause) {
      if (!(cause instanceof Misfit) || cause.message.startsWith('does not fit')) throw cause;
      throw new Misfit(`does not fit: ${JSON.stringify(part)} ${cause.message}`, { cause });
    }
  }

  private scalar(type: Type, json: unknown): void {
    switch (type.typeName) {
      case 'null':
        return mustBe(json === null, 'is not null');
      case 'boolean':
        mustBe(typeof json === 'boolean', 'is not a boolean');
        this.out.push(json === true ? 1 : 0);
        return;
      case 'int':
        return this.integer(json, Number(json) === (Number(json) | 0), 'is not an int');
      case 'long':
        return this.integer(json, Number.isSafeInteger(json), 'is not a long (within ±(2^53 − 1))');
      case 'float':
        if (typeof json !== 'number') throw new Misfit('is not a float');
        return this.number(4, json);
      case 'double':
        if (typeof json !== 'number') throw new Misfit('is not a double');
        return this.number(8, json);
      case 'string':
        if (typeof json !== 'string') throw new Misfit('is not a string');
        return this.text(json);
      case 'bytes':
        if (!isLatin1(json)) throw new Misfit('is not bytes (text of the characters U+0000 to U+00FF)');
        return this.bytes(Buffer.from(json, 'latin1'));
      default:
        this.named(type, json);
    }
  }

  private named(type: Type, json: unknown): void {
    if (type instanceof avro.types.EnumType) {
      const index = typeof json === 'string' ? type.symbols.indexOf(json) : -1;
      mustBe(index >= 0, `is not a symbol of ${nameOf(type)}`);
      this.long(index);
    } else if (type instanceof avro.types.FixedType) {
      if (!isLatin1(json) || json.length !== type.size)
        throw new Misfit(`is not a fixed of ${type.size} bytes (text of the characters U+0000 to U+00FF)`);
      this.out.push(...Buffer.from(json, 'latin1'));
    } else throw new Error(`is of the unknown type ${type.typeName}`);
  }

  private integer(json: unknown, fits: boolean, otherwise: string): void {
    if (typeof json !== 'number' || !fits) throw new Misfit(otherwise);
    this.long(json);
  }

  private number(size: 4 | 8, value: number): void {
    const bytes = Buffer.alloc(size);
    if (size === 4) bytes.writeFloatLE(value);
    else bytes.writeDoubleLE(value);
    this.out.push(...bytes);
  }

  private text(text: string): void {
    mustBe(!HALF_A_PAIR.test(text), 'is not a string of UTF-8 (it holds half of a surrogate pair)');
    this.bytes(Buffer.from(text));
  }

  private bytes(bytes: Uint8Array): void {
    this.long(bytes.length);
    for (const byte of bytes) this.out.push(byte);
  }

  private long(value: number): void {
    let rest = BigInt(value) * 2n;
    if (rest < 0n) rest = -rest - 1n;
    for (; rest > 127n; rest >>= 7n) this.out.push(Number(rest & 127n) | 128);
    this.out.push(Number(rest));
  }
}

function mustBe(fits: boolean, otherwise: string): void {
  if (!fits) throw new Misfit(otherwise);
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null && !Array.isArray(json);
}

function isLatin1(json: unknown): json is string {
  return typeof json === 'string' && /^[\u0000-\u00ff]*$/.test(json);
}
