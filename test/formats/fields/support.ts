import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { DeclaredFields } from '../../../src/formats/fields/declared.js';
import type { Decoder, Encoder, FormatSpec } from '../../../src/formats/format.js';
import { type Codecs, loadCodecs } from '../../../src/formats/on-demand.js';
import { codecOf, encode } from '../support/avro.js';

export function declared(reads: readonly string[], writes: readonly string[]): DeclaredFields {
  return { reads: reads.map((path) => path.split('.')), writes: writes.map((path) => path.split('.')) };
}

export interface AvroSides {
  readonly input: unknown;
  /** Default: that of the input. */
  readonly output?: unknown;
  /** With which the input was written. Default: that of the input. */
  readonly writer?: unknown;
  readonly long?: FormatSpec['long'];
  readonly unknownFields?: 'reject' | 'ignore';
}

export async function avroFields(
  { input, output = input, writer, long = 'number', unknownFields = 'reject' }: AvroSides,
  fields: DeclaredFields | undefined,
): Promise<Codecs> {
  const folder = mkdtempSync(join(tmpdir(), 'fields-test-'));
  const file = (name: string, schema: unknown): string => {
    const path = join(folder, name);
    writeFileSync(path, JSON.stringify(schema));
    return path;
  };
  try {
    const writerPath = writer === undefined ? {} : { writerPath: file('writer.avsc', writer) };
    const sides = {
      input: {
        format: 'avro' as const,
        long,
        schema: { path: file('in.avsc', input), references: [], ...writerPath },
      },
      output: {
        format: 'avro' as const,
        long,
        unknownFields,
        schema: { path: file('out.avsc', output), references: [] },
      },
    };
    return await loadCodecs(sides, fields);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

/** A record in a block, with other bytes around it. */
export interface Placed {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
}

export function placed(record: Uint8Array): Placed {
  const bytes = new Uint8Array(new SharedArrayBuffer(record.length + 64)).fill(0x81);
  bytes.set(record, 32);
  return { bytes, start: 32, end: 32 + record.length };
}

export function decodePlaced(decoder: Decoder, { bytes, start, end }: Placed): unknown {
  return decoder.decode(bytes, start, end);
}

/** The spliced record, written between two guard areas that must not change. */
export function splice(
  encoder: Encoder,
  value: unknown,
  source: Placed & { readonly row?: number },
  room = 4096,
): Buffer {
  const block = new Uint8Array(new SharedArrayBuffer(room + 32)).fill(0xee);
  encoder.from?.(source.bytes, source.start, source.end, source.row);
  const end = encoder.encode(value, block, 16, room + 16);
  for (let i = 0; i < 16; i++)
    if (block[i] !== 0xee || block[room + 16 + i] !== 0xee) throw new Error('a neighbour was overwritten');
  return end < 0 ? splice(encoder, value, source, -1 - end) : Buffer.from(block.slice(16, end));
}

type Fields = Readonly<Record<string, unknown>>;

export function isFields(value: unknown): value is Fields {
  return (
    typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Uint8Array)
  );
}

/** The declared fields of a value, in the order of the paths. */
export function pick(value: unknown, paths: readonly (readonly string[])[]): Fields {
  const picked: Record<string, unknown> = {};
  for (const [name = ''] of paths) {
    const inside = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    const child = isFields(value) ? value[name] : undefined;
    picked[name] = inside.some((path) => path.length === 0) ? child : pick(child, inside);
  }
  return picked;
}

/** The value with the declared fields replaced; all others, and their order, stay. */
export function merge(value: unknown, changes: unknown, paths: readonly (readonly string[])[]): unknown {
  const merged: Record<string, unknown> = { ...asFields(value) };
  for (const [name = '', ...rest] of paths) {
    const change = isFields(changes) ? changes[name] : undefined;
    merged[name] = rest.length === 0 ? change : merge(merged[name], change, [rest]);
  }
  return merged;
}

function asFields(value: unknown): Fields {
  return isFields(value) ? value : {};
}

export interface Field {
  readonly name: string;
  readonly type: unknown;
  readonly default?: unknown;
  readonly aliases?: readonly string[];
}

export interface RecordSchema {
  readonly type: 'record';
  readonly name: string;
  readonly fields: readonly Field[];
}

export const record = (name: string, ...fields: readonly Field[]): RecordSchema => ({
  type: 'record',
  name,
  fields,
});

export const withField = (schema: RecordSchema, field: Field): RecordSchema => ({
  ...schema,
  fields: [...schema.fields.filter(({ name }) => name !== field.name), field],
});

export const bytesOf = (schema: unknown, value: unknown): Buffer => encode(codecOf(schema).encoder, value);
