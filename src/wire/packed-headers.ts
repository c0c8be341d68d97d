/**
 * Packed headers (docs/WIRE.md): for each header `u32 nameLength, i32 valueLength, name, value`, unaligned.
 * Names and values are bytes to Kafka. Names are decoded as UTF-8 here; headers that nobody reads are passed
 * on byte for byte.
 */

export type HeaderValue = Uint8Array | string | null;
export type HeaderEntry = readonly [name: string, value: Buffer | null];

const FIELD_BYTES = 8;

/**
 * Copies all headers out of `bytes[start, end)`; the result shares no memory with the block. Stops at the
 * first entry that would reach past `end`.
 */
export function unpackHeaders(bytes: Buffer, start: number, end: number): HeaderEntry[] {
  const headers: HeaderEntry[] = [];
  let at = start;
  while (at + FIELD_BYTES <= end) {
    const nameLength = bytes.readUInt32LE(at);
    const valueLength = bytes.readInt32LE(at + 4);
    const valueStart = at + FIELD_BYTES + nameLength;
    const next = valueStart + Math.max(valueLength, 0);
    if (next > end) break;
    const name = bytes.toString('utf8', at + FIELD_BYTES, valueStart);
    headers.push([name, valueLength < 0 ? null : copyOf(bytes, valueStart, next)]);
    at = next;
  }
  return headers;
}

/** The value of the last header of that name; undefined if there is none. */
export function lastHeaderNamed(
  bytes: Buffer,
  range: { readonly start: number; readonly end: number },
  name: string,
): Buffer | null | undefined {
  const wanted = Buffer.from(name);
  let found: Buffer | null | undefined;
  let at = range.start;
  while (at + FIELD_BYTES <= range.end) {
    const nameLength = bytes.readUInt32LE(at);
    const valueLength = bytes.readInt32LE(at + 4);
    const valueStart = at + FIELD_BYTES + nameLength;
    const next = valueStart + Math.max(valueLength, 0);
    if (next > range.end) break;
    if (
      nameLength === wanted.length &&
      bytes.compare(wanted, 0, nameLength, at + FIELD_BYTES, valueStart) === 0
    ) {
      found = valueLength < 0 ? null : copyOf(bytes, valueStart, next);
    }
    at = next;
  }
  return found;
}

export function packedHeadersBytes(headers: Iterable<readonly [name: string, value: HeaderValue]>): number {
  let total = 0;
  for (const [name, value] of headers) total += FIELD_BYTES + Buffer.byteLength(name) + valueBytes(value);
  return total;
}

/** Writes at `start`; the caller has reserved {@link packedHeadersBytes}. Returns the end position. */
export function packHeaders(
  headers: Iterable<readonly [name: string, value: HeaderValue]>,
  bytes: Buffer,
  start: number,
): number {
  let at = start;
  for (const [name, value] of headers) {
    const nameLength = bytes.write(name, at + FIELD_BYTES, 'utf8');
    const valueStart = at + FIELD_BYTES + nameLength;
    let valueLength = -1;
    if (typeof value === 'string') valueLength = bytes.write(value, valueStart, 'utf8');
    else if (value !== null) {
      bytes.set(value, valueStart);
      valueLength = value.length;
    }
    bytes.writeUInt32LE(nameLength, at);
    bytes.writeInt32LE(valueLength, at + 4);
    at = valueStart + Math.max(valueLength, 0);
  }
  return at;
}

/**
 * A copy in its own memory. `Buffer.from(view)` of shared memory copies too, but may use Node's shared slab.
 */
export function copyOf(bytes: Uint8Array, start: number, end: number): Buffer {
  const copy = Buffer.allocUnsafeSlow(end - start);
  copy.set(bytes.subarray(start, end));
  return copy;
}

function valueBytes(value: HeaderValue): number {
  if (value === null) return 0;
  return typeof value === 'string' ? Buffer.byteLength(value) : value.length;
}
