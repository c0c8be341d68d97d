/** Like Java's DataInputStream over a buffer, with every length checked before it is used. */
import { ALIAS_CHARACTERS_MAX } from '../limits.js';
import type { Reading } from '../reading.js';

export class ByteReader {
  readonly #bytes: Buffer;
  readonly #reading: Reading;
  #position = 0;

  constructor(bytes: Buffer, reading: Reading) {
    this.#bytes = bytes;
    this.#reading = reading;
  }

  get position(): number {
    return this.#position;
  }

  take(length: number, what: string): Buffer {
    // Java's lengths are signed, and no Java array is longer.
    if (length > 0x7fff_ffff) throw this.#reading.damaged(`${what} has a negative length`);
    const end = this.#position + length;
    if (end > this.#bytes.length) throw this.#reading.truncated(what);
    const taken = this.#bytes.subarray(this.#position, end);
    this.#position = end;
    return taken;
  }

  unsigned16(what: string): number {
    return this.take(2, what).readUInt16BE(0);
  }

  unsigned32(what: string): number {
    return this.take(4, what).readUInt32BE(0);
  }

  /** Modified UTF-8: each UTF-16 unit is encoded alone, and NUL takes two bytes. */
  modifiedUtf8(what: string): string {
    const bytes = this.take(this.unsigned16(`the length of ${what}`), what);
    const units: number[] = [];
    for (let at = 0; at < bytes.length && units.length < ALIAS_CHARACTERS_MAX; ) {
      const [first = 0, second = 0, third = 0] = bytes.subarray(at, at + 3);
      const length = first < 0x80 ? 1 : first >> 5 === 0b110 ? 2 : first >> 4 === 0b1110 ? 3 : 0;
      if (length === 0 || at + length > bytes.length) throw this.#reading.damaged(`${what} is not text`);
      if (length === 1) units.push(first);
      else if (length === 2) units.push(((first & 0x1f) << 6) | (second & 0x3f));
      else units.push(((first & 0x0f) << 12) | ((second & 0x3f) << 6) | (third & 0x3f));
      at += length;
    }
    return String.fromCharCode(...units);
  }
}
