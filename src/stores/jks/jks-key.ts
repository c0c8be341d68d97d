/**
 * Sun's key protector: the key XORed with a stream of SHA-1 digests, followed by a digest that verifies the
 * password.
 */
import { createHash, type KeyObject, timingSafeEqual } from 'node:crypto';
import { readElement } from '../asn1/der.js';
import { keyFrom } from '../crypto/private-keys.js';
import type { Reading } from '../reading.js';
import { jksPassword } from './jks-password.js';

const KEY_PROTECTOR = '1.3.6.1.4.1.42.2.17.1.1';
const DIGEST_BYTES = 20;

/** Undefined when the password is wrong. */
export function unlockJksKey(reading: Reading, sealedKey: Buffer, password: string): KeyObject | undefined {
  const [algorithm, sealed] = readElement(sealedKey, reading, 1).sequence('an encrypted key');
  const oid = algorithm?.sequence('the algorithm of a key')[0]?.oid('the algorithm of a key');
  if (oid !== KEY_PROTECTOR)
    throw reading.unsupportedAlgorithm(`has a key with an unsupported encryption scheme (${oid ?? 'none'})`);
  const bytes = sealed?.octets('an encrypted key') ?? Buffer.alloc(0);
  if (bytes.length <= 2 * DIGEST_BYTES) throw reading.damaged('an encrypted key is too short');
  const salt = bytes.subarray(0, DIGEST_BYTES);
  const encrypted = bytes.subarray(DIGEST_BYTES, -DIGEST_BYTES);
  const secret = jksPassword(password);
  const plain = Buffer.from(encrypted);
  for (let at = 0, digest = salt; at < plain.length; at += DIGEST_BYTES) {
    digest = createHash('sha1').update(secret).update(digest).digest();
    const end = Math.min(DIGEST_BYTES, plain.length - at);
    for (let index = 0; index < end; index += 1)
      plain[at + index] = (plain[at + index] ?? 0) ^ (digest[index] ?? 0);
  }
  const check = createHash('sha1').update(secret).update(plain).digest();
  return timingSafeEqual(check, bytes.subarray(-DIGEST_BYTES)) ? keyFrom(reading, plain, 'pkcs8') : undefined;
}
