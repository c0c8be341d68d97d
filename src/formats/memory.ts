import { isUtf8 } from 'node:buffer';
import { FormatError } from './format.js';

/**
 * Methods that every Buffer has but @types/node does not declare; they take positions, so no view is needed
 * for a slice.
 */
export interface RawBuffer extends Buffer {
  latin1Slice(start: number, end: number): string;
  hexSlice(start: number, end: number): string;
  utf8Slice(start: number, end: number): string;
  utf8Write(text: string, start: number, bytesMax: number): number;
}

/** A Buffer over the same memory, shared or not. */
export function bufferOver(bytes: Uint8Array): RawBuffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength) as RawBuffer;
}

/**
 * Keeps the Buffer of the last block: records come block by block, and creating a Buffer costs more than
 * decoding a small record.
 */
export class BufferCache {
  private bytes: Uint8Array | undefined;
  private buffer: RawBuffer | undefined;

  of(bytes: Uint8Array): RawBuffer {
    if (this.buffer === undefined || this.bytes !== bytes) {
      this.bytes = bytes;
      this.buffer = bufferOver(bytes);
    }
    return this.buffer;
  }
}

/**
 * The text of bytes[start, end), or INVALID_UTF8. V8 replaces malformed bytes with U+FFFD, so only a text
 * with that character is checked again; in a text of one-byte characters the search ends immediately.
 */
export function utf8Text(buffer: RawBuffer, start: number, end: number): string {
  const text = buffer.utf8Slice(start, end);
  if (text.includes('\ufffd') && !isUtf8(buffer.subarray(start, end))) {
    throw new FormatError('INVALID_UTF8', 'holds bytes that are not UTF-8');
  }
  return text;
}
