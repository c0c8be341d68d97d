import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import {
  createDecoder,
  createEncoder,
  type Decoder,
  type Encoder,
  type FormatSpec,
} from '../../../src/formats/index.js';

/**
 * Writes the schemas into a temporary folder, passes it to `use`, and removes it. The first file is the main
 * one.
 */
export function withFiles<T>(files: Readonly<Record<string, unknown>>, use: (folder: string) => T): T {
  const folder = mkdtempSync(join(tmpdir(), 'formats-test-'));
  try {
    for (const [name, content] of Object.entries(files))
      writeFileSync(join(folder, name), typeof content === 'string' ? content : JSON.stringify(content));
    return use(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

export interface Codec {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

export function codecOf(schema: unknown, long: FormatSpec['long'] = 'number'): Codec {
  return withFiles({ 'main.avsc': JSON.stringify(schema) }, (folder) => {
    const spec: FormatSpec = {
      format: 'avro',
      schema: { path: join(folder, 'main.avsc'), references: [] },
      long,
    };
    return { decoder: createDecoder(spec), encoder: createEncoder(spec) };
  });
}

/** A decoder of data written with one schema and read with another. */
export function evolvedDecoder(
  reader: unknown,
  writer: unknown,
  long: FormatSpec['long'] = 'number',
): Decoder {
  return withFiles(
    { 'reader.avsc': JSON.stringify(reader), 'writer.avsc': JSON.stringify(writer) },
    (folder) =>
      createDecoder({
        format: 'avro',
        schema: {
          path: join(folder, 'reader.avsc'),
          writerPath: join(folder, 'writer.avsc'),
          references: [],
        },
        long,
      }),
  );
}

/** avsc checks any schema; its types are narrower. */
export function oracleOf(schema: unknown): avro.Type {
  return avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0]);
}

/** The encoded bytes, written into shared memory between two guard areas that must not change. */
export function encode(encoder: Encoder, value: unknown, room = 1024): Buffer {
  const block = new Uint8Array(new SharedArrayBuffer(room + 32)).fill(0xee);
  const end = encoder.encode(value, block, 16, room + 16);
  for (let i = 0; i < 16; i++)
    if (block[i] !== 0xee || block[room + 16 + i] !== 0xee) throw new Error('a neighbour was overwritten');
  return end < 0 ? encode(encoder, value, -1 - end) : Buffer.from(block.slice(16, end));
}

/** Decodes from shared memory; the bytes on both sides would continue a truncated value. */
export function decode(decoder: Decoder, record: Uint8Array, neighbour: Uint8Array = record): unknown {
  const block = new Uint8Array(new SharedArrayBuffer(record.length + 2 * neighbour.length + 2));
  block.set(neighbour, 1);
  block.set(record, 1 + neighbour.length);
  block.set(neighbour, 1 + neighbour.length + record.length);
  const value = decoder.decode(block, 1 + neighbour.length, 1 + neighbour.length + record.length);
  // Later changes of the block must not affect the value.
  block.fill(0x58);
  return value;
}

/** avsc's records and branches are instances of generated classes; ours are plain objects. */
export function plain(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null || value instanceof Uint8Array) return value;
  return Object.fromEntries(Object.entries(value).map(([key, child]) => [key, plain(child)]));
}
