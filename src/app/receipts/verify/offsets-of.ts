import { InputBatchReader } from '../../../wire/input-reader.js';

const rows = new InputBatchReader();

/** Offsets of rows of an input block. */
export function offsetsOf(block: Uint8Array, firstRow: number, rowCount: number): Float64Array {
  rows.open(block);
  return Float64Array.from({ length: rowCount }, (_, row) => rows.offset(firstRow + row));
}
