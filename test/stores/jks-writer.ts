/** Writes JKS by hand, so that a test can put a wrong value into any field. */
import { createHash } from 'node:crypto';

export interface JksFields {
  readonly version?: number;
  /** What the header claims; the entries written are `certificates`. */
  readonly count?: number;
  readonly password?: string;
  readonly certificates: readonly Buffer[];
  readonly alias?: Buffer;
  readonly kind?: number;
  readonly type?: string;
  /** What each certificate claims as its length. */
  readonly length?: number;
}

export function writeJks(fields: JksFields): Buffer {
  const { version = 2, certificates } = fields;
  const entries = certificates.map((der) =>
    Buffer.concat([
      unsigned32(fields.kind ?? 2),
      withLength(fields.alias ?? Buffer.from('ca')),
      Buffer.alloc(8),
      version === 1 ? Buffer.alloc(0) : withLength(Buffer.from(fields.type ?? 'X.509')),
      unsigned32(fields.length ?? der.length),
      der,
    ]),
  );
  const body = Buffer.concat([
    unsigned32(0xfeedfeed),
    unsigned32(version),
    unsigned32(fields.count ?? certificates.length),
    ...entries,
  ]);
  const secret = Buffer.from(fields.password ?? 'store-password', 'utf16le').swap16();
  return Buffer.concat([
    body,
    createHash('sha1').update(secret).update('Mighty Aphrodite').update(body).digest(),
  ]);
}

function unsigned32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes.writeUInt32BE(value);
  return bytes;
}

function withLength(text: Buffer): Buffer {
  const length = Buffer.alloc(2);
  length.writeUInt16BE(text.length);
  return Buffer.concat([length, text]);
}
