/** JSON records as a worker meets them: row by row in blocks, read, changed, written. */
import type { Bench } from 'tinybench';
import type { Decoder, Encoder } from '../../src/formats/format.js';
import { createJsonRowCodecs } from '../../src/formats/json/row-codecs.js';
import { JsonScanner } from '../../src/formats/json/scanner.js';
import { JsonDecoder } from '../../src/formats/json-decode.js';
import { JsonEncoder } from '../../src/formats/json-encode.js';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import type { Order } from '../transforms/order.js';

export const JSON_ROWS = 4000;
const BLOCK_BYTES = 1024 * 1024;
const TAX = 1.19;

function orders(): InputBatchReader {
  const block = new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
  const writer = new InputBatchWriter(block);
  for (let id = 0; id < JSON_ROWS; id++) {
    const order: Order = {
      id,
      time: 1_700_000_000_000_000 + id,
      amount: (id * 37) / 100,
      name: `customer-${String(id)}`,
      tags: [`alpha-tag-${String(id)}`, 'beta-tag-value', `gamma-${String(id)}xyz-12345`],
    };
    const value = Buffer.from(JSON.stringify(order));
    if (!writer.add(1, 1, { offset: id, timestamp: 0, key: null, value }))
      throw new Error('the benchmark batch does not fit its block');
  }
  writer.close();
  const reader = new InputBatchReader();
  reader.open(block);
  return reader;
}

export function addJsonTasks(bench: Bench): void {
  const reader = orders();
  const output = new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
  const known = createJsonRowCodecs();
  const plain = { decoder: new JsonDecoder(), encoder: new JsonEncoder() };
  const scanner = new JsonScanner([['amount']]);
  bench.add('json: scan for one field', () => {
    for (let row = 0; row < JSON_ROWS; ) row += scanner.scan(reader.bytes, row, JSON_ROWS);
  });
  bench.add('json: read, as a worker does', () => readAll(reader, known.decoder));
  bench.add('json: read, one record alone', () => readAll(reader, plain.decoder));
  bench.add('json: read, change a field and write, as a worker does', () => changeAll(reader, known, output));
  bench.add('json: read, change a field and write, one record alone', () => changeAll(reader, plain, output));
}

function readAll(reader: InputBatchReader, decoder: Decoder): void {
  for (let row = 0; row < JSON_ROWS; row++) read(reader, decoder, row);
  decoder.release?.();
}

function read(reader: InputBatchReader, decoder: Decoder, row: number): unknown {
  const start = reader.valueStart(row);
  return decoder.decode(reader.bytes, start, start + reader.valueLength(row), row);
}

interface Codecs {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
}

function changeAll(reader: InputBatchReader, { decoder, encoder }: Codecs, output: Uint8Array): void {
  let end = 0;
  for (let row = 0; row < JSON_ROWS; row++) {
    const order = read(reader, decoder, row) as Order;
    order.amount = Math.round(order.amount * TAX * 100) / 100;
    end = encoder.encode(order, output, end, output.length);
  }
  decoder.release?.();
}
