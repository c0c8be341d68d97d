/**
 * Derives keys from passwords: PKCS#12's own way (RFC 7292, appendix B), PBKDF1 (RFC 8018), and OpenSSL's old
 * PEM encryption.
 */
import { hash } from 'node:crypto';
import type { Reading } from '../reading.js';

/** The purpose of the derived bytes: the first input of PKCS#12's derivation. */
export const Purpose = { key: 1, iv: 2, mac: 3 } as const;
export type Purpose = (typeof Purpose)[keyof typeof Purpose];

export interface HashShape {
  readonly name: string;
  readonly bytes: number;
  readonly blockBytes: number;
}

export interface DerivationInput {
  readonly hash: HashShape;
  /** Encoded as the format requires: see `bmpPassword`. */
  readonly password: Buffer;
  readonly salt: Buffer;
  readonly iterations: number;
}

/**
 * UTF-16BE with two zero bytes at the end. OpenSSL and Java encode the empty password differently, see
 * `bmpPasswords`.
 */
export function bmpPassword(password: string): Buffer {
  return Buffer.from(`${password}\0`, 'utf16le').swap16();
}

/**
 * All encodings of a password to try: some programs encode an empty one as two zero bytes, others as nothing.
 */
export function bmpPasswords(password: string): Buffer[] {
  return password === '' ? [bmpPassword(''), Buffer.alloc(0)] : [bmpPassword(password)];
}

export function derivePkcs12(
  reading: Reading,
  input: DerivationInput,
  purpose: Purpose,
  bytes: number,
): Buffer {
  const { hash: shape, iterations } = input;
  const blocks = Math.ceil(bytes / shape.bytes);
  reading.spendIterations(iterations, blocks);
  const unit = shape.blockBytes;
  const diversifier = Buffer.alloc(unit, purpose);
  const mixed = Buffer.concat([repeatedTo(unit, input.salt), repeatedTo(unit, input.password)]);
  const derived: Buffer[] = [];
  for (let block = 0; block < blocks; block += 1) {
    let digest: Buffer = Buffer.concat([diversifier, mixed]);
    for (let round = 0; round < iterations; round += 1) digest = hash(shape.name, digest, 'buffer');
    derived.push(digest);
    addToEach(mixed, Buffer.alloc(unit, digest));
  }
  return Buffer.concat(derived).subarray(0, bytes);
}

/** The result can't be longer than one hash. */
export function derivePbkdf1(reading: Reading, input: DerivationInput, bytes: number): Buffer {
  reading.spendIterations(input.iterations, 1);
  let digest: Buffer = Buffer.concat([input.password, input.salt]);
  for (let round = 0; round < input.iterations; round += 1) digest = hash(input.hash.name, digest, 'buffer');
  return digest.subarray(0, bytes);
}

/** EVP_BytesToKey with MD5 and one iteration, the derivation that `DEK-Info` in a PEM key implies. */
export function deriveOpenSsl(password: Buffer, salt: Buffer, bytes: number): Buffer {
  let derived = Buffer.alloc(0);
  let last = Buffer.alloc(0);
  while (derived.length < bytes) {
    last = hash('md5', Buffer.concat([last, password, salt]), 'buffer');
    derived = Buffer.concat([derived, last]);
  }
  return derived.subarray(0, bytes);
}

/** Repeats the text until whole units are full; an empty text stays empty. */
function repeatedTo(unit: number, bytes: Buffer): Buffer {
  return bytes.length === 0 ? bytes : Buffer.alloc(unit * Math.ceil(bytes.length / unit), bytes);
}

/** Every unit of `numbers` is a big-endian number that grows by `addend` and one. */
function addToEach(numbers: Buffer, addend: Buffer): void {
  for (let start = 0; start < numbers.length; start += addend.length) {
    let carry = 1;
    for (let index = addend.length - 1; index >= 0; index -= 1) {
      const sum = (numbers[start + index] ?? 0) + (addend[index] ?? 0) + carry;
      numbers[start + index] = sum & 0xff;
      carry = sum >> 8;
    }
  }
}
