import { type Decoder, type Encoder, FormatError } from './format.js';
import { BufferCache } from './memory.js';

/** Bytes unchanged; the value is its own Buffer. */
export class RawDecoder implements Decoder {
  private readonly buffers = new BufferCache();

  decode(bytes: Uint8Array, start: number, end: number): Buffer {
    const copy = Buffer.allocUnsafe(end - start);
    this.buffers.of(bytes).copy(copy, 0, start, end);
    return copy;
  }
}

/** Accepts a Buffer, any Uint8Array, or a string, which is written as UTF-8. */
export class RawEncoder implements Encoder {
  private readonly buffers = new BufferCache();

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    if (typeof value === 'string') return writeText(value, this.buffers.of(bytes), start, limit);
    if (!(value instanceof Uint8Array)) {
      throw new FormatError(
        'NOT_BYTES',
        `expected a Buffer, a Uint8Array or a string, got ${value === null ? 'null' : typeof value}; ` +
          `encode the value or choose output.format json or avro`,
      );
    }
    if (value.length > limit - start) return -1 - value.length;
    bytes.set(value, start);
    return start + value.length;
  }
}

/** Writes UTF-8 in place. The length is counted first only if the text might not fit. */
export function writeText(
  text: string,
  buffer: Buffer & { utf8Write(text: string, start: number, bytesMax: number): number },
  start: number,
  limit: number,
): number {
  const room = limit - start;
  if (text.length * 3 > room) {
    const needed = Buffer.byteLength(text);
    if (needed > room) return -1 - needed;
  }
  return start + buffer.utf8Write(text, start, room);
}
