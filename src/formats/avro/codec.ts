import { type Decoder, type Encoder, FormatError, type FormatSpec } from '../format.js';
import { ENCODED_BYTES_MAX } from '../limits.js';
import { bufferOver } from '../memory.js';
import { framingHint } from './framing.js';
import type { MakeDefault } from './generate/decode-source.js';
import { type GeneratedDecoder, generateDecoder } from './generate/generate-decode.js';
import { type GeneratedEncoder, generateEncoder, OVERFLOW } from './generate/generate-encode.js';
import { Incompatible } from './schema/compatible.js';
import { type ParsedSchema, parseSchema } from './schema/parse.js';
import type { FieldDefault, Node } from './schema/plan.js';
import { Planner } from './schema/plan-from-type.js';
import { SchemaResolver } from './schema/resolve.js';
import { schemaError } from './schema/schema-error.js';
import type { SourceTexts } from './source-texts.js';

/** The first scratch buffer of an encoder, and the largest one that it keeps. */
const SCRATCH_BYTES = 64 * 1024;
const SCRATCH_KEPT_BYTES_MAX = 1024 * 1024;

export class AvroDecoder implements Decoder {
  private readonly generated: GeneratedDecoder;
  private readonly texts: SourceTexts | undefined;
  private bytes: Uint8Array | undefined;

  constructor(generated: GeneratedDecoder, texts?: SourceTexts) {
    this.generated = generated;
    this.texts = texts;
  }

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    if (bytes !== this.bytes) attach(this.generated, bytes);
    this.bytes = bytes;
    const recordEnd = Math.min(end, bytes.length);
    try {
      return this.generated.read(start, recordEnd);
    } catch (cause) {
      if (cause instanceof FormatError) cause.message += framingHint(bytes, start, recordEnd);
      throw cause;
    }
  }

  release(): void {
    this.bytes = undefined;
    this.texts?.clear();
  }
}

export class AvroEncoder implements Encoder {
  private readonly generated: GeneratedEncoder;
  private bytes: Uint8Array | undefined;
  private scratch: Uint8Array | undefined;

  constructor(generated: GeneratedEncoder) {
    this.generated = generated;
  }

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    if (bytes !== this.bytes) attach(this.generated, bytes);
    this.bytes = bytes;
    try {
      return this.generated.write(value, start, Math.min(limit, bytes.length));
    } catch (cause) {
      if (cause === OVERFLOW) return this.encodeApart(value, bytes, { start, limit });
      throw cause;
    }
  }

  /**
   * The generated code asks for the largest size that a value could have; here the real size is found. At
   * most once per block.
   */
  private encodeApart(value: unknown, bytes: Uint8Array, room: { start: number; limit: number }): number {
    for (
      let size = Math.max(SCRATCH_BYTES, this.scratch?.length ?? 0);
      size <= ENCODED_BYTES_MAX;
      size *= 2
    ) {
      const scratch = this.scratch?.length === size ? this.scratch : new Uint8Array(size);
      if (size <= SCRATCH_KEPT_BYTES_MAX) this.scratch = scratch;
      attach(this.generated, scratch);
      this.bytes = scratch;
      const end = writeOrOverflow(this.generated, value, size);
      if (end === undefined) continue;
      this.bytes = undefined;
      if (end > room.limit - room.start) return -1 - end;
      bytes.set(scratch.subarray(0, end), room.start);
      return room.start + end;
    }
    throw new FormatError('VALUE_TOO_LARGE', `the value takes more than ${String(ENCODED_BYTES_MAX)} bytes`);
  }
}

function writeOrOverflow(generated: GeneratedEncoder, value: unknown, limit: number): number | undefined {
  try {
    return generated.write(value, 0, limit);
  } catch (cause) {
    if (cause === OVERFLOW) return undefined;
    throw cause;
  }
}

export function attach(generated: GeneratedDecoder | GeneratedEncoder, bytes: Uint8Array): void {
  generated.attach(bytes, bufferOver(bytes), new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
}

export function createAvroDecoder(spec: FormatSpec, texts?: SourceTexts): Decoder {
  const makeDefault = defaultsFor(spec.long);
  const { node } = readingPlan(spec);
  return new AvroDecoder(generateDecoder(node, { long: spec.long, makeDefault }, texts), texts);
}

/** Warnings about data of the writer's schema that can't be read; throws like the decoder. */
export function avroWarnings(spec: FormatSpec): readonly string[] {
  return readingPlan(spec).warnings;
}

export function createAvroEncoder(spec: FormatSpec, texts?: SourceTexts): Encoder {
  return new AvroEncoder(
    generateEncoder(writingPlan(spec), {
      unknownFields: spec.unknownFields ?? 'reject',
      ...(texts === undefined ? {} : { texts }),
    }),
  );
}

/** How values are written. */
export function writingPlan(spec: FormatSpec): Node {
  const { path, references } = schemaOf(spec);
  const schema = parseSchema(path, references);
  return new Planner(schema).plan(schema.type);
}

export interface ReadingPlan {
  /** How values are read. */
  readonly node: Node;
  /** How they were written. */
  readonly wire: Node;
  readonly warnings: readonly string[];
}

export function readingPlan(spec: FormatSpec): ReadingPlan {
  const { path, writerPath, references } = schemaOf(spec);
  const reader = parseSchema(path, references);
  if (writerPath === undefined) {
    const node = new Planner(reader).plan(reader.type);
    return { node, wire: node, warnings: [] };
  }
  const writer = parseSchema(writerPath, references);
  // One planner for both schemas, so that it knows the logical types of both.
  const both = new Planner({
    attributes: new Map([...reader.attributes, ...writer.attributes]),
    defaults: reader.defaults,
  });
  return resolved(reader, writer, both);
}

function resolved(reader: ParsedSchema, writer: ParsedSchema, planner: Planner): ReadingPlan {
  const resolver = new SchemaResolver(planner);
  const root = reader.type.name?.split('.').at(-1) ?? 'value';
  try {
    const node = resolver.resolve(reader.type, writer.type, root);
    return { node, wire: planner.plan(writer.type), warnings: resolver.warnings };
  } catch (cause) {
    if (!(cause instanceof Incompatible)) throw cause;
    throw schemaError(
      `${reader.file}: data written with ${writer.file} can't be read with this schema: ${cause.message}`,
      'give added fields a default, keep names (or add aliases) and only widen types: int → long → float ' +
        '→ double, string ↔ bytes',
      cause,
    );
  }
}

function schemaOf(spec: FormatSpec): NonNullable<FormatSpec['schema']> {
  if (spec.schema !== undefined) return spec.schema;
  throw schemaError('format avro needs a schema', 'name the file: `schema: ./name.avsc`');
}

/** Immutable defaults are decoded once, mutable ones again for each record. */
export function defaultsFor(long: FormatSpec['long']): MakeDefault {
  const makeDefault = (node: Node, fallback: FieldDefault): { value: unknown } | { make: () => unknown } => {
    const generated = generateDecoder(node, { long, makeDefault });
    attach(generated, fallback.bytes);
    const make = (): unknown => generated.read(0, fallback.bytes.length);
    const value = make();
    return typeof value === 'object' && value !== null ? { make } : { value };
  };
  return makeDefault;
}
