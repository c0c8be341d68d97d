/**
 * DER, element by element and without copies. Of BER only the parts that old PKCS#12 writers used: indefinite
 * lengths and strings in pieces.
 */
import { DER_DEPTH_MAX } from '../limits.js';
import type { Reading } from '../reading.js';

export const Tag = {
  integer: 0x02,
  octetString: 0x04,
  null: 0x05,
  oid: 0x06,
  bmpString: 0x1e,
  sequence: 0x30,
  set: 0x31,
  /** Context-specific and constructed: [0]. */
  context0: 0xa0,
  /** [0] implicit over a primitive string. */
  context0Primitive: 0x80,
} as const;

const CONSTRUCTED = 0x20;
const LENGTH_BYTES_MAX = 4;
const OID_BYTES_MAX = 64;
const INTEGER_BYTES_MAX = 6;

export class DerElement {
  readonly tag: number;
  readonly content: Buffer;
  /** The element with its header. */
  readonly raw: Buffer;
  readonly #reading: Reading;
  readonly #depth: number;

  constructor(parts: { tag: number; content: Buffer; raw: Buffer }, reading: Reading, depth: number) {
    this.tag = parts.tag;
    this.content = parts.content;
    this.raw = parts.raw;
    this.#reading = reading;
    this.#depth = depth;
  }

  /** The elements inside a constructed one. */
  children(what: string): DerElement[] {
    if ((this.tag & CONSTRUCTED) === 0) throw this.#reading.damaged(`${what} is missing or misplaced`);
    const children: DerElement[] = [];
    for (let at = 0; at < this.content.length; ) {
      const child = readElement(this.content.subarray(at), this.#reading, this.#depth + 1);
      children.push(child);
      at += child.raw.length;
    }
    return children;
  }

  sequence(what: string): DerElement[] {
    return this.expect(Tag.sequence, what).children(what);
  }

  expect(tag: number, what: string): this {
    if (this.tag !== tag) throw this.#reading.damaged(`${what} is missing or misplaced`);
    return this;
  }

  oid(what: string): string {
    const bytes = this.expect(Tag.oid, what).content;
    if (bytes.length === 0 || bytes.length > OID_BYTES_MAX)
      throw this.#reading.damaged(`${what} is not an object identifier`);
    const arcs: number[] = [];
    let arc = 0;
    for (const byte of bytes) {
      // No known identifier has such large numbers; the text then simply matches nothing.
      arc = arc * 128 + (byte & 0x7f);
      if ((byte & 0x80) !== 0) continue;
      if (arcs.length === 0) {
        const first = Math.min(2, Math.floor(arc / 40));
        arcs.push(first, arc - first * 40);
      } else arcs.push(arc);
      arc = 0;
    }
    return arcs.join('.');
  }

  /** A small, non-negative number. */
  integer(what: string): number {
    const bytes = this.expect(Tag.integer, what).content;
    const first = bytes[0];
    if (first === undefined) throw this.#reading.damaged(`${what} is not a number`);
    if (first >= 0x80) throw this.#reading.damaged(`${what} is negative`);
    const digits = first === 0 ? bytes.subarray(1) : bytes;
    if (digits.length > INTEGER_BYTES_MAX)
      throw this.#reading.limit(`has a number of ${digits.length} bytes for ${what}`);
    return digits.length === 0 ? 0 : digits.readUIntBE(0, digits.length);
  }

  /** An octet string, in one piece or in several; also if its tag was replaced by [0]. */
  octets(what: string): Buffer {
    if (this.tag === Tag.octetString || this.tag === Tag.context0Primitive) return this.content;
    if (this.tag !== (Tag.octetString | CONSTRUCTED) && this.tag !== Tag.context0)
      throw this.#reading.damaged(`${what} is missing or misplaced`);
    return Buffer.concat(this.children(what).map((piece) => piece.octets(what)));
  }
}

/** The element at the start of `bytes`; the caller handles what follows it. */
export function readElement(bytes: Buffer, reading: Reading, depth = 0): DerElement {
  reading.countElement();
  if (depth > DER_DEPTH_MAX) throw reading.limit(`nests DER elements more than ${DER_DEPTH_MAX} deep`);
  const { tag, header, length } = readHeader(bytes, reading, depth);
  if (length === undefined) return indefinite(bytes, { tag, header }, reading, depth);
  const end = header + length;
  if (end > bytes.length) throw overrun(reading, depth);
  return new DerElement(
    { tag, content: bytes.subarray(header, end), raw: bytes.subarray(0, end) },
    reading,
    depth,
  );
}

/** Whether the bytes are exactly one SEQUENCE. Text decrypted with a wrong key is not. */
export function isWholeSequence(bytes: Buffer): boolean {
  if (bytes[0] !== Tag.sequence) return false;
  const first = bytes[1];
  if (first === undefined) return false;
  if (first < 0x80) return bytes.length === 2 + first;
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0) return bytes.length >= 4 && bytes.readUInt16BE(bytes.length - 2) === 0;
  if (lengthBytes > LENGTH_BYTES_MAX || bytes.length < 2 + lengthBytes) return false;
  return bytes.length === 2 + lengthBytes + bytes.readUIntBE(2, lengthBytes);
}

function readHeader(
  bytes: Buffer,
  reading: Reading,
  depth: number,
): { tag: number; header: number; length: number | undefined } {
  const [tag, first] = bytes;
  if (tag === undefined || first === undefined) throw overrun(reading, depth);
  if ((tag & 0x1f) === 0x1f) throw reading.damaged('a DER tag is of a kind that no store uses');
  if (first < 0x80) return { tag, header: 2, length: first };
  const lengthBytes = first & 0x7f;
  if (lengthBytes === 0 && (tag & CONSTRUCTED) !== 0) return { tag, header: 2, length: undefined };
  if (lengthBytes === 0 || lengthBytes > LENGTH_BYTES_MAX) throw reading.damaged('a DER length is not valid');
  if (bytes.length < 2 + lengthBytes) throw overrun(reading, depth);
  return { tag, header: 2 + lengthBytes, length: bytes.readUIntBE(2, lengthBytes) };
}

/** An element of indefinite length: two zero bytes end it. */
function indefinite(
  bytes: Buffer,
  head: { tag: number; header: number },
  reading: Reading,
  depth: number,
): DerElement {
  let at = head.header;
  for (;;) {
    if (at + 2 > bytes.length) throw overrun(reading, depth);
    if (bytes[at] === 0 && bytes[at + 1] === 0) break;
    at += readElement(bytes.subarray(at), reading, depth + 1).raw.length;
  }
  return new DerElement(
    { tag: head.tag, content: bytes.subarray(head.header, at), raw: bytes.subarray(0, at + 2) },
    reading,
    depth,
  );
}

/** At the outermost level the file is truncated; further in, a length is wrong. */
function overrun(reading: Reading, depth: number): Error {
  return depth === 0
    ? reading.truncated('its DER')
    : reading.damaged('a DER length exceeds its enclosing element');
}
