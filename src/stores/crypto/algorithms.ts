/** The object identifiers of password-based encryption, and the algorithm of each. */

import { type CipherShape, Ciphers } from './ciphers.js';
import type { HashShape } from './derivation.js';

const SHORT_BLOCK_BYTES = 64;
const LONG_BLOCK_BYTES = 128;

const short = (name: string, bytes: number): HashShape => ({ name, bytes, blockBytes: SHORT_BLOCK_BYTES });
const long = (name: string, bytes: number): HashShape => ({ name, bytes, blockBytes: LONG_BLOCK_BYTES });

export const Hashes = {
  md5: short('md5', 16),
  sha1: short('sha1', 20),
  sha224: short('sha224', 28),
  sha256: short('sha256', 32),
  sha384: long('sha384', 48),
  sha512: long('sha512', 64),
  sha512To224: long('sha512-224', 28),
  sha512To256: long('sha512-256', 32),
} as const satisfies Record<string, HashShape>;

/** Digests for MACs in PKCS#12, by object identifier. */
export const DIGESTS: ReadonlyMap<string, HashShape> = new Map([
  ['1.2.840.113549.2.5', Hashes.md5],
  ['1.3.14.3.2.26', Hashes.sha1],
  ['2.16.840.1.101.3.4.2.4', Hashes.sha224],
  ['2.16.840.1.101.3.4.2.1', Hashes.sha256],
  ['2.16.840.1.101.3.4.2.2', Hashes.sha384],
  ['2.16.840.1.101.3.4.2.3', Hashes.sha512],
  ['2.16.840.1.101.3.4.2.5', Hashes.sha512To224],
  ['2.16.840.1.101.3.4.2.6', Hashes.sha512To256],
]);

/** HMACs by the names of PBKDF2 and PBMAC1; the value is the underlying hash. */
export const HMACS: ReadonlyMap<string, HashShape> = new Map([
  ['1.2.840.113549.2.6', Hashes.md5],
  ['1.2.840.113549.2.7', Hashes.sha1],
  ['1.2.840.113549.2.8', Hashes.sha224],
  ['1.2.840.113549.2.9', Hashes.sha256],
  ['1.2.840.113549.2.10', Hashes.sha384],
  ['1.2.840.113549.2.11', Hashes.sha512],
  ['1.2.840.113549.2.12', Hashes.sha512To224],
  ['1.2.840.113549.2.13', Hashes.sha512To256],
  ['2.16.840.1.101.3.4.2.13', short('sha3-224', 28)],
  ['2.16.840.1.101.3.4.2.14', short('sha3-256', 32)],
  ['2.16.840.1.101.3.4.2.15', short('sha3-384', 48)],
  ['2.16.840.1.101.3.4.2.16', short('sha3-512', 64)],
]);

export const HMAC_SHA1 = '1.2.840.113549.2.7';
export const PBES2 = '1.2.840.113549.1.5.13';
export const PBKDF2 = '1.2.840.113549.1.5.12';
export const PBMAC1 = '1.2.840.113549.1.5.14';
export const SCRYPT = '1.3.6.1.4.1.11591.4.11';
export const RC2_CBC = '1.2.840.113549.3.2';

/** Ciphers of PBES2 whose parameter is the IV alone. */
export const CIPHERS: ReadonlyMap<string, CipherShape> = new Map<string, CipherShape>([
  ['1.3.14.3.2.7', Ciphers.des],
  ['1.2.840.113549.3.7', Ciphers.tripleDes],
  ['2.16.840.1.101.3.4.1.2', Ciphers.aes128],
  ['2.16.840.1.101.3.4.1.22', Ciphers.aes192],
  ['2.16.840.1.101.3.4.1.42', Ciphers.aes256],
  ['1.2.392.200011.61.1.1.1.2', Ciphers.camellia128],
  ['1.2.392.200011.61.1.1.1.3', Ciphers.camellia192],
  ['1.2.392.200011.61.1.1.1.4', Ciphers.camellia256],
  ['1.2.410.200046.1.1.2', Ciphers.aria128],
  ['1.2.410.200046.1.1.7', Ciphers.aria192],
  ['1.2.410.200046.1.1.12', Ciphers.aria256],
]);

/** PKCS#12's own schemes: SHA-1, with its own derivation of key and IV. */
export const PKCS12_SCHEMES: ReadonlyMap<string, CipherShape> = new Map<string, CipherShape>([
  ['1.2.840.113549.1.12.1.1', Ciphers.rc4With128Bits],
  ['1.2.840.113549.1.12.1.2', Ciphers.rc4With40Bits],
  ['1.2.840.113549.1.12.1.3', Ciphers.tripleDes],
  ['1.2.840.113549.1.12.1.4', Ciphers.tripleDesTwoKeys],
  ['1.2.840.113549.1.12.1.5', Ciphers.rc2With128Bits],
  ['1.2.840.113549.1.12.1.6', Ciphers.rc2With40Bits],
]);

/** PKCS#5 version 1.5: sixteen derived bytes, of which half are the key. */
export const PBES1_SCHEMES: ReadonlyMap<string, { readonly hash: HashShape; readonly cipher: CipherShape }> =
  new Map([
    ['1.2.840.113549.1.5.3', { hash: Hashes.md5, cipher: Ciphers.des }],
    ['1.2.840.113549.1.5.6', { hash: Hashes.md5, cipher: Ciphers.rc2With64Bits }],
    ['1.2.840.113549.1.5.10', { hash: Hashes.sha1, cipher: Ciphers.des }],
    ['1.2.840.113549.1.5.11', { hash: Hashes.sha1, cipher: Ciphers.rc2With64Bits }],
  ]);

/** `DEK-Info` of a PEM key, by OpenSSL's names. */
export const DEK_CIPHERS: ReadonlyMap<string, CipherShape> = new Map<string, CipherShape>(
  [Ciphers.des, Ciphers.tripleDes, Ciphers.rc2With128Bits, Ciphers.aes128, Ciphers.aes192, Ciphers.aes256]
    .concat([
      Ciphers.camellia128,
      Ciphers.camellia192,
      Ciphers.camellia256,
      Ciphers.aria128,
      Ciphers.aria192,
      Ciphers.aria256,
    ])
    .map((cipher) => [cipher.name.toUpperCase(), cipher]),
);
