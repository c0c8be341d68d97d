import { FormatError } from '../../format.js';
import { DECIMAL_BYTES_MAX } from '../../limits.js';
import type { RawBuffer } from '../../memory.js';

/** Up to this many bytes a double holds the integer exactly. */
const EXACT_BYTES = 6;
const EXACT_DIGITS = 15;

/** The decimal text of a big-endian two's complement integer with `scale` digits after the decimal point. */
export function decimalText(bytes: Uint8Array, start: number, end: number, scale: number): string {
  const size = end - start;
  if (size === 0 || size > DECIMAL_BYTES_MAX) {
    throw new FormatError(
      'INVALID_DECIMAL',
      `a decimal takes 1 to ${String(DECIMAL_BYTES_MAX)} bytes, not ${String(size)}`,
    );
  }
  const negative = (bytes[start] ?? 0) > 127;
  let digits: string;
  if (size <= EXACT_BYTES) {
    let value = 0;
    for (let i = start; i < end; i++) value = value * 256 + (bytes[i] ?? 0);
    digits = String(negative ? 2 ** (8 * size) - value : value);
  } else {
    let value = 0n;
    for (let i = start; i < end; i++) value = (value << 8n) | BigInt(bytes[i] ?? 0);
    digits = String(negative ? (1n << BigInt(8 * size)) - value : value);
  }
  const sign = negative ? '-' : '';
  if (scale === 0) return sign + digits;
  const padded = digits.padStart(scale + 1, '0');
  return `${sign}${padded.slice(0, -scale)}.${padded.slice(-scale)}`;
}

const DECIMAL = /^([+-]?)(\d+)(?:\.(\d*))?(?:[eE]([+-]?\d{1,3}))?$/;

/** The shape of a decimal, and the number of bytes it must have (fixed), or 0 for as few as possible. */
export interface DecimalShape {
  readonly precision: number;
  readonly scale: number;
  readonly size: number;
}

/**
 * The bytes of a decimal given as text, number or BigInt; undefined if it is not a decimal, or has more
 * digits than its schema allows.
 */
export function decimalBytes(value: unknown, shape: DecimalShape): Uint8Array | undefined {
  if (typeof value !== 'string' && typeof value !== 'number' && typeof value !== 'bigint') return undefined;
  const match = DECIMAL.exec(String(value));
  if (match === null) return undefined;
  const fraction = match[3] ?? '';
  const shift = shape.scale - fraction.length + Number(match[4] ?? 0);
  let digits = `${match[2] ?? ''}${fraction}`;
  if (shift < 0) {
    if (/[^0]/.test(digits.slice(shift))) return undefined;
    digits = digits.slice(0, shift);
  } else digits += '0'.repeat(shift);
  digits = digits.replace(/^0+/, '');
  if (digits.length > shape.precision) return undefined;
  return twosComplement(digits, match[1] === '-', shape.size);
}

function twosComplement(digits: string, negative: boolean, size: number): Uint8Array {
  // Compares with the lowest value of each size: −2^(8n − 1) still fits into n bytes.
  let rest = digits.length <= EXACT_DIGITS ? BigInt(Number(digits)) : BigInt(digits);
  if (negative) rest = -rest;
  const bytes: number[] = [];
  do {
    bytes.push(Number(BigInt.asUintN(8, rest)));
    rest >>= 8n;
  } while (bytes.length < size || !(rest === (((bytes.at(-1) ?? 0) & 128) === 0 ? 0n : -1n)));
  return Uint8Array.from(bytes.reverse());
}

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/i;

export function uuidText(buffer: RawBuffer, start: number): string {
  const hex = buffer.hexSlice(start, start + 16);
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20)}`;
}

export function uuidBytes(value: unknown): Uint8Array | undefined {
  return typeof value === 'string' && UUID.test(value)
    ? Buffer.from(value.replaceAll('-', ''), 'hex')
    : undefined;
}

/** Up to here the number of microseconds is exact. */
const SAFE_MILLIS_MAX = Math.floor(Number.MAX_SAFE_INTEGER / 1_000);

/**
 * Converts a Date to the unit of its schema; other values are returned unchanged. An invalid Date becomes
 * NaN, which no schema accepts.
 */
export function fromDate(value: unknown, unit: 'day' | 'milli' | 'micro' | 'nano'): unknown {
  if (!(value instanceof Date)) return value;
  const millis = value.getTime();
  if (Number.isNaN(millis)) return millis;
  switch (unit) {
    case 'day':
      return Math.floor(millis / 86_400_000);
    case 'milli':
      return millis;
    case 'micro':
      return Math.abs(millis) <= SAFE_MILLIS_MAX ? millis * 1_000 : BigInt(millis) * 1_000n;
    case 'nano':
      return BigInt(millis) * 1_000_000n;
  }
}
