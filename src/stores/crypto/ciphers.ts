/**
 * Block ciphers by name, decryption only: OpenSSL's, and those that OpenSSL 3 dropped, built from ciphers
 * that it still has.
 */
import { createDecipheriv } from 'node:crypto';
import { decryptRc2Cbc } from './rc2.js';

export interface CipherShape {
  readonly name: string;
  readonly keyBytes: number;
  readonly ivBytes: number;
  /** RC2 only. */
  readonly effectiveBits?: number;
}

const cbc = (name: string, keyBytes: number, ivBytes = 16): CipherShape => ({ name, keyBytes, ivBytes });

export const Ciphers = {
  des: cbc('des-cbc', 8, 8),
  tripleDes: cbc('des-ede3-cbc', 24, 8),
  tripleDesTwoKeys: cbc('des-ede-cbc', 16, 8),
  rc2With40Bits: { name: 'rc2-cbc', keyBytes: 5, ivBytes: 8, effectiveBits: 40 },
  rc2With64Bits: { name: 'rc2-cbc', keyBytes: 8, ivBytes: 8, effectiveBits: 64 },
  rc2With128Bits: { name: 'rc2-cbc', keyBytes: 16, ivBytes: 8, effectiveBits: 128 },
  rc4With40Bits: { name: 'rc4', keyBytes: 5, ivBytes: 0 },
  rc4With128Bits: { name: 'rc4', keyBytes: 16, ivBytes: 0 },
  aes128: cbc('aes-128-cbc', 16),
  aes192: cbc('aes-192-cbc', 24),
  aes256: cbc('aes-256-cbc', 32),
  camellia128: cbc('camellia-128-cbc', 16),
  camellia192: cbc('camellia-192-cbc', 24),
  camellia256: cbc('camellia-256-cbc', 32),
  aria128: cbc('aria-128-cbc', 16),
  aria192: cbc('aria-192-cbc', 24),
  aria256: cbc('aria-256-cbc', 32),
} as const satisfies Record<string, CipherShape>;

/** The plain text, or undefined if the padding shows that the key is wrong. */
export function decrypt(
  cipher: CipherShape,
  keys: { readonly key: Buffer; readonly iv: Buffer },
  ciphertext: Buffer,
): Buffer | undefined {
  switch (cipher.name) {
    case 'rc2-cbc':
      return decryptRc2Cbc(
        { bytes: keys.key, effectiveBits: cipher.effectiveBits ?? 8 * cipher.keyBytes },
        keys.iv,
        ciphertext,
      );
    case 'rc4':
      return decryptRc4(keys.key, ciphertext);
    case 'des-cbc':
      // OpenSSL 3 dropped single DES; triple DES with the same key three times is equal to it.
      return decryptByOpenSsl(
        'des-ede3-cbc',
        { key: Buffer.concat([keys.key, keys.key, keys.key]), iv: keys.iv },
        ciphertext,
      );
    default:
      return decryptByOpenSsl(cipher.name, keys, ciphertext);
  }
}

function decryptByOpenSsl(
  name: string,
  keys: { readonly key: Buffer; readonly iv: Buffer },
  ciphertext: Buffer,
): Buffer | undefined {
  const decipher = createDecipheriv(name, keys.key, keys.iv);
  try {
    return Buffer.concat([decipher.update(ciphertext), decipher.final()]);
  } catch {
    return undefined;
  }
}

function decryptRc4(key: Buffer, ciphertext: Buffer): Buffer {
  const state = Uint8Array.from({ length: 256 }, (_, index) => index);
  const at = (index: number): number => state[index & 0xff] ?? 0;
  const swap = (one: number, other: number): void => {
    const kept = at(one);
    state[one & 0xff] = at(other);
    state[other & 0xff] = kept;
  };
  for (let index = 0, other = 0; index < 256; index += 1) {
    other = (other + at(index) + (key[index % key.length] ?? 0)) & 0xff;
    swap(index, other);
  }
  let other = 0;
  return Buffer.from(
    ciphertext.map((byte, position) => {
      const index = position + 1;
      other = (other + at(index)) & 0xff;
      swap(index, other);
      return byte ^ at(at(index) + at(other));
    }),
  );
}
