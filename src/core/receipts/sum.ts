/** Sums of record hashes, modulo 2^128: independent of the order in which records are added. */

export type HashSum = bigint;

const HEX_DIGITS = 32;

export const NOTHING: HashSum = 0n;

export function addSums(a: HashSum, b: HashSum): HashSum {
  return BigInt.asUintN(128, a + b);
}

/** As native code writes it: two little-endian words, the lower one first. */
export function sumAt(bytes: Uint8Array, position: number): HashSum {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return (view.getBigUint64(position + 8, true) << 64n) | view.getBigUint64(position, true);
}

export function sumText(sum: HashSum): string {
  return sum.toString(16).padStart(HEX_DIGITS, '0');
}

/** Undefined: not a sum. */
export function readSum(text: unknown): HashSum | undefined {
  return typeof text === 'string' && /^[0-9a-f]{32}$/.test(text) ? BigInt(`0x${text}`) : undefined;
}
