/** The hashes of records, for receipts and their verification. */
import { loadNative } from '../../kafka/native.js';

/** The sum of the rows' hashes, then a byte of each. */
export function hashMarks(block: Uint8Array, firstRow: number, rowCount: number): Uint8Array {
  return loadNative().hashRows(block, firstRow, rowCount, 1);
}

/** The sum of the rows' hashes. */
export function hashSum(block: Uint8Array, firstRow: number, rowCount: number): Uint8Array {
  return loadNative().hashRows(block, firstRow, rowCount, 0);
}

/** The hash of each row, 16 bytes. */
export function hashEach(block: Uint8Array, firstRow: number, rowCount: number): Uint8Array {
  return loadNative().hashRows(block, firstRow, rowCount, 2);
}

/** A number for each row, equal for records that differ in nothing but their time. */
export function hashTwins(block: Uint8Array, firstRow: number, rowCount: number): Float64Array {
  const twins = loadNative().hashRows(block, firstRow, rowCount, 3);
  return new Float64Array(twins.buffer, twins.byteOffset, rowCount);
}
