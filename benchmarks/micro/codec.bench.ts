/** The packed batch: what reading and writing rows costs a worker. */
import type { Bench } from 'tinybench';
import { InputBatchReader } from '../../src/wire/input-reader.js';
import { InputBatchWriter } from '../../src/wire/input-writer.js';
import { OutputBatchWriter } from '../../src/wire/output-writer.js';

export const CODEC_ROWS = 4000;
const VALUE_BYTES = 98;
const BLOCK_BYTES = 1024 * 1024;

function packed(): Uint8Array {
  const block = new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
  const writer = new InputBatchWriter(block);
  const value = Buffer.alloc(VALUE_BYTES, 7);
  for (let row = 0; row < CODEC_ROWS; row++) {
    if (!writer.add(1, 1, { offset: row, timestamp: 1_700_000_000_000 + row, key: null, value })) {
      throw new Error('the benchmark batch does not fit its block');
    }
  }
  writer.close();
  return block;
}

export function addCodecTasks(bench: Bench): void {
  const input = packed();
  const reader = new InputBatchReader();
  const writer = new OutputBatchWriter();
  const output = new Uint8Array(new SharedArrayBuffer(BLOCK_BYTES));
  const value = Buffer.alloc(VALUE_BYTES, 7);
  let sum = 0;
  bench.add('wire: open a batch of 4000 and read every row', () => {
    reader.open(input);
    for (let row = 0; row < CODEC_ROWS; row++) {
      sum += reader.offset(row) + reader.timestamp(row) + reader.valueStart(row) + reader.valueLength(row);
    }
  });
  bench.add('wire: write 4000 rows with copied values', () => {
    writer.open(output, { firstSourceRow: 0, sourceRowsMax: CODEC_ROWS });
    for (let row = 0; row < CODEC_ROWS; row++) {
      writer.mark();
      writer.addRow(row, 0, 0);
      writer.copyValue(value);
    }
    writer.finish(CODEC_ROWS);
  });
  if (sum < 0) {
    throw new Error('unreachable: keeps the sums alive');
  }
}
