/** Typed views over a block and the two conversions that 32-bit fields need. */

const TWO_32 = 4294967296;

/** Blocks start at multiples of 8 in their buffer, so that every field can be read through one Int32Array. */
export function int32ViewOf(bytes: Uint8Array): Int32Array {
  if ((bytes.byteOffset & 7) !== 0)
    throw new RangeError(`a block must start at a multiple of 8 in its buffer, not at ${bytes.byteOffset}`);
  return new Int32Array(bytes.buffer, bytes.byteOffset, bytes.byteLength >>> 2);
}

/** The same memory as a Buffer, whose text methods the codecs use. */
export function bufferViewOf(bytes: Uint8Array): Buffer {
  return Buffer.isBuffer(bytes) ? bytes : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}

/** An i64 as a number; exact below 2^53, which offsets and times always are. */
export function readInt64(cells: Int32Array, index: number): number {
  return (cells[index + 1] ?? 0) * TWO_32 + ((cells[index] ?? 0) >>> 0);
}

export function writeInt64(cells: Int32Array, index: number, value: number): void {
  cells[index] = value | 0;
  // The low word of a number above 2^32 is its value modulo 2^32, which `| 0` computes exactly for safe
  // integers.
  cells[index + 1] = Math.floor(value / TWO_32);
}

export function alignTo8(position: number): number {
  return (position + 7) & ~7;
}
