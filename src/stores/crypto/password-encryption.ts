/**
 * Password-based encryption in PKCS#12 and PKCS#8: an algorithm with its parameters, a ciphertext, a
 * password.
 */
import { pbkdf2Sync, scryptSync } from 'node:crypto';
import { type DerElement, isWholeSequence, Tag } from '../asn1/der.js';
import { SCRYPT_MEMORY_BYTES_MAX } from '../limits.js';
import type { Reading } from '../reading.js';
import {
  CIPHERS,
  Hashes,
  HMAC_SHA1,
  HMACS,
  PBES1_SCHEMES,
  PBES2,
  PBKDF2,
  PKCS12_SCHEMES,
  RC2_CBC,
  SCRYPT,
} from './algorithms.js';
import { type CipherShape, Ciphers, decrypt } from './ciphers.js';
import { bmpPasswords, derivePbkdf1, derivePkcs12, type HashShape, Purpose } from './derivation.js';

const KEY_BYTES_MAX = 64;

/**
 * The plain text, which has to be one DER sequence; undefined when the password does not fit.
 * `algorithm` is the AlgorithmIdentifier as read from the file.
 */
export function decryptByPassword(
  reading: Reading,
  algorithm: DerElement,
  ciphertext: Buffer,
  password: string,
): Buffer | undefined {
  const [oidElement, parameters] = algorithm.sequence('an encryption algorithm');
  if (oidElement === undefined || parameters === undefined)
    throw reading.damaged('an encryption algorithm has no parameters');
  const oid = oidElement.oid('an encryption algorithm');
  const plain = decryptBy(oid, { reading, parameters, ciphertext, password });
  return plain !== undefined && isWholeSequence(plain) ? plain : undefined;
}

interface Job {
  readonly reading: Reading;
  readonly parameters: DerElement;
  readonly ciphertext: Buffer;
  readonly password: string;
}

function decryptBy(oid: string, job: Job): Buffer | undefined {
  if (oid === PBES2) return pbes2(job);
  const pkcs12 = PKCS12_SCHEMES.get(oid);
  if (pkcs12 !== undefined) return pkcs12Scheme(job, pkcs12);
  const pbes1 = PBES1_SCHEMES.get(oid);
  if (pbes1 !== undefined) return pbes1Scheme(job, pbes1);
  throw job.reading.unsupportedAlgorithm(`uses an unsupported encryption scheme (${oid})`);
}

function pkcs12Scheme(
  { reading, parameters, ciphertext, password }: Job,
  cipher: CipherShape,
): Buffer | undefined {
  const { salt, iterations } = saltAndIterations(reading, parameters);
  for (const encoded of bmpPasswords(password)) {
    const input = { hash: Hashes.sha1, password: encoded, salt, iterations };
    const key = derivePkcs12(reading, input, Purpose.key, cipher.keyBytes);
    const iv =
      cipher.ivBytes === 0 ? Buffer.alloc(0) : derivePkcs12(reading, input, Purpose.iv, cipher.ivBytes);
    const plain = decrypt(cipher, { key, iv }, ciphertext);
    if (plain !== undefined && isWholeSequence(plain)) return plain;
  }
  return undefined;
}

function pbes1Scheme(
  job: Job,
  scheme: { readonly hash: HashShape; readonly cipher: CipherShape },
): Buffer | undefined {
  const { salt, iterations } = saltAndIterations(job.reading, job.parameters);
  const input = { hash: scheme.hash, password: Buffer.from(job.password, 'utf8'), salt, iterations };
  const derived = derivePbkdf1(job.reading, input, 16);
  return decrypt(scheme.cipher, { key: derived.subarray(0, 8), iv: derived.subarray(8) }, job.ciphertext);
}

function saltAndIterations(reading: Reading, parameters: DerElement): { salt: Buffer; iterations: number } {
  const [salt, iterations] = parameters.sequence('the parameters of an encryption');
  if (salt === undefined || iterations === undefined)
    throw reading.damaged('the parameters of an encryption are not complete');
  return {
    salt: reading.checkSalt(salt.octets('a salt')),
    iterations: iterations.integer('a number of iterations'),
  };
}

function pbes2({ reading, parameters, ciphertext, password }: Job): Buffer | undefined {
  const [derivation, encryption] = parameters.sequence('the parameters of PBES2');
  if (derivation === undefined || encryption === undefined)
    throw reading.damaged('the parameters of PBES2 are not complete');
  const { cipher, iv } = cipherOf(reading, encryption);
  const key = deriveKey(reading, derivation, password, cipher.keyBytes);
  return decrypt(cipher, { key, iv }, ciphertext);
}

function cipherOf(reading: Reading, encryption: DerElement): { cipher: CipherShape; iv: Buffer } {
  const [oidElement, parameters] = encryption.sequence('a cipher');
  const oid = oidElement?.oid('a cipher') ?? '';
  const { cipher, iv } =
    oid === RC2_CBC ? rc2Of(reading, parameters) : { cipher: CIPHERS.get(oid), iv: parameters };
  if (cipher === undefined) throw reading.unsupportedAlgorithm(`uses an unsupported cipher (${oid})`);
  const bytes = iv?.octets('an initialization vector');
  if (bytes?.length !== cipher.ivBytes)
    throw reading.damaged('an initialization vector has the wrong length for its cipher');
  return { cipher, iv: bytes };
}

/** Its parameter encodes the effective key length by RFC 2268's own numbers. */
function rc2Of(
  reading: Reading,
  parameters: DerElement | undefined,
): { cipher: CipherShape; iv: DerElement | undefined } {
  const [version, iv] = parameters?.sequence('the parameters of RC2') ?? [];
  const known = new Map<number, CipherShape>([
    [160, Ciphers.rc2With40Bits],
    [120, Ciphers.rc2With64Bits],
    [58, Ciphers.rc2With128Bits],
  ]);
  const cipher = known.get(version?.integer('the version of RC2') ?? 0);
  if (cipher === undefined) throw reading.unsupportedAlgorithm('uses RC2 with an unsupported key length');
  return { cipher, iv };
}

/** PBKDF2 or scrypt; both take the password in UTF-8. */
export function deriveKey(
  reading: Reading,
  derivation: DerElement,
  password: string,
  keyBytes: number,
): Buffer {
  const [oidElement, parameters] = derivation.sequence('a key derivation');
  const oid = oidElement?.oid('a key derivation') ?? '';
  if (parameters === undefined) throw reading.damaged('a key derivation has no parameters');
  const parts = parameters.sequence('the parameters of a key derivation');
  if (oid === PBKDF2) return pbkdf2(reading, parts, password, keyBytes);
  if (oid === SCRYPT) return scrypt(reading, parts, password, keyBytes);
  throw reading.unsupportedAlgorithm(`uses an unsupported key derivation (${oid})`);
}

function pbkdf2(reading: Reading, parts: readonly DerElement[], password: string, keyBytes: number): Buffer {
  const [salt, iterationsElement, ...optional] = parts;
  if (salt === undefined || iterationsElement === undefined)
    throw reading.damaged('the parameters of PBKDF2 are not complete');
  const iterations = iterationsElement.integer('a number of iterations');
  const length = optional.find((element) => element.tag === Tag.integer)?.integer('a key length') ?? keyBytes;
  if (length > KEY_BYTES_MAX) throw reading.limit(`asks for a key of ${length} bytes`);
  const oid =
    optional
      .find((element) => element.tag === Tag.sequence)
      ?.children('an HMAC')[0]
      ?.oid('an HMAC') ?? HMAC_SHA1;
  const hmac = HMACS.get(oid);
  if (hmac === undefined)
    throw reading.unsupportedAlgorithm(`uses an unsupported key derivation function (${oid})`);
  reading.spendIterations(iterations, Math.ceil(keyBytes / hmac.bytes));
  return pbkdf2Sync(
    Buffer.from(password, 'utf8'),
    reading.checkSalt(salt.octets('a salt')),
    iterations,
    keyBytes,
    hmac.name,
  );
}

function scrypt(reading: Reading, parts: readonly DerElement[], password: string, keyBytes: number): Buffer {
  const [salt, cost, blockSize, parallel] = parts;
  if (salt === undefined) throw reading.damaged('the parameters of scrypt are not complete');
  const [N = 0, r = 0, p = 0] = [cost, blockSize, parallel].map((element) =>
    element?.integer('a parameter of scrypt'),
  );
  // The work is N · r · p blocks of 128 bytes; this is OpenSSL's limit, lowered.
  if (N < 2 || r < 1 || p < 1) throw reading.damaged('the parameters of scrypt are not valid');
  if (128 * N * r * p > SCRYPT_MEMORY_BYTES_MAX)
    throw reading.limit(`asks scrypt for ${Math.ceil((128 * N * r * p) / 2 ** 20)} MiB`);
  try {
    const options = { N, r, p, maxmem: 2 * SCRYPT_MEMORY_BYTES_MAX };
    return scryptSync(
      Buffer.from(password, 'utf8'),
      reading.checkSalt(salt.octets('a salt')),
      keyBytes,
      options,
    );
  } catch (error) {
    throw reading.damaged('the parameters of scrypt are not valid', error);
  }
}
