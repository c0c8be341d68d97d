/**
 * Avro per record, avsc against the generated codec: `node build/benchmarks/micro/avro.bench.js`. The record
 * is the one of the project's main benchmark (2 longs, a double, a string, an array of 3 strings; 98 bytes),
 * 2,000 of them in one shared block, as a worker sees them.
 */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import avro from 'avsc';
import { createDecoder, createEncoder } from '../../src/formats/index.js';

const RECORDS = 2_000;
const ROUNDS_WARM = 40;
const ROUNDS = 100;

const schema: Parameters<typeof avro.Type.forSchema>[0] = {
  type: 'record',
  name: 'Order',
  fields: [
    { name: 'id', type: 'long' },
    { name: 'time', type: 'long' },
    { name: 'price', type: 'double' },
    { name: 'customer', type: 'string' },
    { name: 'tags', type: { type: 'array', items: 'string' } },
  ],
};

interface Order {
  id: number;
  time: number;
  price: number;
  customer: string;
  tags: string[];
}

function order(i: number, prefix: string): Order {
  return {
    id: i * 1_000_003,
    time: 1_700_000_000_000 + i * 997,
    price: i * 1.37,
    customer: `${prefix}customer-name-${String(i)}-abcdefghij`,
    tags: [`alpha-tag-${String(i)}`, 'beta-tag-value', `gamma-${String(i)}xyz-12345`],
  };
}

interface Packed {
  readonly bytes: Uint8Array;
  readonly buffer: Buffer;
  readonly starts: readonly number[];
  readonly ends: readonly number[];
}

function pack(type: avro.Type, prefix: string): Packed {
  const shared = new SharedArrayBuffer(1024 * 1024);
  const bytes = new Uint8Array(shared);
  const starts: number[] = [];
  const ends: number[] = [];
  let position = 0;
  for (let i = 0; i < RECORDS; i++) {
    const one = type.toBuffer(order(i, prefix));
    bytes.set(one, position);
    starts.push(position);
    position += one.length;
    ends.push(position);
  }
  process.stdout.write(
    `${prefix === '' ? 'ASCII' : 'not ASCII'}: ${(position / RECORDS).toFixed(1)} bytes a record\n`,
  );
  return { bytes, buffer: Buffer.from(shared), starts, ends };
}

/** Nanoseconds per record: median and best of the rounds. */
function measure(name: string, round: () => void): void {
  for (let i = 0; i < ROUNDS_WARM; i++) round();
  const times: number[] = [];
  for (let i = 0; i < ROUNDS; i++) {
    const before = process.hrtime.bigint();
    round();
    times.push(Number(process.hrtime.bigint() - before) / RECORDS);
  }
  times.sort((a, b) => a - b);
  process.stdout.write(
    `  ${name.padEnd(44)} median ${(times[ROUNDS / 2] ?? 0).toFixed(0).padStart(5)} ns   best ` +
      `${(times[0] ?? 0).toFixed(0).padStart(5)} ns\n`,
  );
}

function run(folder: string, prefix: string): void {
  const type = avro.Type.forSchema(schema);
  const path = join(folder, 'order.avsc');
  writeFileSync(path, JSON.stringify(schema));
  const spec = { format: 'avro', schema: { path, references: [] }, long: 'number' } as const;
  const [decoder, encoder] = [createDecoder(spec), createEncoder(spec)];
  const { bytes, buffer, starts, ends } = pack(type, prefix);
  const output = new Uint8Array(new SharedArrayBuffer(1024 * 1024));
  const outputBuffer = Buffer.from(output.buffer);
  const sinks: unknown[] = [undefined];
  const each = (visit: (start: number, end: number) => void): void => {
    for (let i = 0; i < RECORDS; i++) visit(starts[i] ?? 0, ends[i] ?? 0);
  };
  const decoded = starts.map((start, i) => decoder.decode(bytes, start, ends[i] ?? 0));

  measure('avsc: decode', () => {
    each((start) => {
      sinks[0] = type.decode(buffer, start).value;
    });
  });
  measure('generated: decode', () => {
    each((start, end) => {
      sinks[0] = decoder.decode(bytes, start, end);
    });
  });
  measure('avsc: encode', () => {
    let position = 0;
    for (const value of decoded) position = type.encode(value, outputBuffer, position);
  });
  measure('generated: encode', () => {
    let position = 0;
    for (const value of decoded) position = encoder.encode(value, output, position, output.length);
  });
  measure('avsc: decode, change a field, encode', () => {
    let position = 0;
    each((start) => {
      const value = type.decode(buffer, start).value as Order;
      value.price += 1;
      position = type.encode(value, outputBuffer, position);
    });
  });
  measure('generated: decode, change a field, encode', () => {
    let position = 0;
    each((start, end) => {
      const value = decoder.decode(bytes, start, end) as Order;
      value.price += 1;
      position = encoder.encode(value, output, position, output.length);
    });
  });
}

const folder = mkdtempSync(join(tmpdir(), 'avro-bench-'));
try {
  run(folder, '');
  run(folder, 'é');
} finally {
  rmSync(folder, { recursive: true });
}
