/** Reads private keys from DER, plain and encrypted. */
import { createPrivateKey, createPublicKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readElement } from '../asn1/der.js';
import { StoreError } from '../faults.js';
import type { Reading } from '../reading.js';
import { decryptByPassword } from './password-encryption.js';

export type KeyEncoding = 'pkcs8' | 'pkcs1' | 'sec1';

/** OpenSSL's own message is dropped: no text may contain anything near a key. */
export function keyFrom(reading: Reading, der: Buffer, encoding: KeyEncoding): KeyObject {
  try {
    return createPrivateKey({ key: der, format: 'der', type: encoding });
  } catch {
    throw reading.damaged('a private key is not valid');
  }
}

/** EncryptedPrivateKeyInfo of PKCS#8: tries the passwords in order. */
export function encryptedKeyFrom(reading: Reading, der: Buffer, passwords: readonly string[]): KeyObject {
  const [algorithm, ciphertext] = readElement(der, reading, 1).sequence('an encrypted key');
  if (algorithm === undefined || ciphertext === undefined)
    throw reading.damaged('an encrypted key is not complete');
  const bytes = ciphertext.octets('an encrypted key');
  for (const password of passwords) {
    const plain = decryptByPassword(reading, algorithm, bytes, password);
    if (plain !== undefined) return keyFrom(reading, plain, 'pkcs8');
  }
  throw keyLocked(reading, passwords);
}

export function keyLocked(reading: Reading, passwords: readonly string[]): StoreError {
  if (passwords.length === 0)
    return reading.passwordMissing(
      'has an encrypted private key, but no password was given',
      'ssl.key.password or ssl.keystore.password',
    );
  return reading.wrongPassword(
    "the private key can't be decrypted with this password",
    'check ssl.key.password; if it is not set, the password of the store is used',
  );
}

/**
 * A key that can't be opened is an error only for a keystore, not for a truststore that happens to contain
 * one.
 */
export function orWhyNot(open: () => KeyObject): KeyObject | StoreError {
  try {
    return open();
  } catch (error) {
    if (error instanceof StoreError && error.fault !== 'limit') return error;
    throw error;
  }
}

/** Equal for a key and the certificate issued for it; undefined if OpenSSL does not know the kind of key. */
export function publicKeyOf(from: KeyObject | X509Certificate): string | undefined {
  try {
    const key = from instanceof X509Certificate ? from.publicKey : createPublicKey(from);
    return key.export({ type: 'spki', format: 'der' }).toString('base64');
  } catch {
    return undefined;
  }
}
