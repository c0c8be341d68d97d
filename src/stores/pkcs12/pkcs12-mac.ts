/** The MAC over the contents of a PKCS#12 file: verifies the password and that nothing was changed. */
import { createHmac, timingSafeEqual } from 'node:crypto';
import type { DerElement } from '../asn1/der.js';
import { DIGESTS, HMACS, PBMAC1 } from '../crypto/algorithms.js';
import { bmpPasswords, derivePkcs12, Purpose } from '../crypto/derivation.js';
import { deriveKey } from '../crypto/password-encryption.js';
import type { Reading } from '../reading.js';

/** `macData` is the element after the contents, `contents` the bytes that it covers. */
export function isMacValid(
  reading: Reading,
  macData: DerElement,
  contents: Buffer,
  password: string,
): boolean {
  const [digestInfo, saltElement, iterationsElement] = macData.sequence('the MAC');
  const [algorithm, expected] = digestInfo?.sequence('the MAC') ?? [];
  const [oidElement, parameters] = algorithm?.sequence('the algorithm of the MAC') ?? [];
  if (oidElement === undefined || expected === undefined || saltElement === undefined)
    throw reading.damaged('the MAC is not complete');
  const oid = oidElement.oid('the algorithm of the MAC');
  const mac = expected.octets('the MAC');
  if (oid === PBMAC1) return isPbmac1Valid(reading, parameters, { contents, password, mac });
  const hash = DIGESTS.get(oid);
  if (hash === undefined)
    throw reading.unsupportedAlgorithm(`has a MAC with an unsupported function (${oid})`);
  const salt = reading.checkSalt(saltElement.octets('the salt of the MAC'));
  const iterations = iterationsElement?.integer('the iterations of the MAC') ?? 1;
  return bmpPasswords(password).some((encoded) => {
    const key = derivePkcs12(reading, { hash, password: encoded, salt, iterations }, Purpose.mac, hash.bytes);
    return isSame(createHmac(hash.name, key).update(contents).digest(), mac);
  });
}

/** RFC 9579: a PBKDF2 key, then an HMAC; openssl 3.4 and JDK 24 can write it. */
function isPbmac1Valid(
  reading: Reading,
  parameters: DerElement | undefined,
  { contents, password, mac }: { contents: Buffer; password: string; mac: Buffer },
): boolean {
  const [derivation, scheme] = parameters?.sequence('the parameters of PBMAC1') ?? [];
  if (derivation === undefined || scheme === undefined)
    throw reading.damaged('the parameters of PBMAC1 are not complete');
  const oid = scheme.sequence('the HMAC of PBMAC1')[0]?.oid('the HMAC of PBMAC1') ?? '';
  const hash = HMACS.get(oid);
  if (hash === undefined)
    throw reading.unsupportedAlgorithm(`has a MAC with an unsupported function (${oid})`);
  const key = deriveKey(reading, derivation, password, hash.bytes);
  return isSame(createHmac(hash.name, key).update(contents).digest(), mac);
}

function isSame(one: Buffer, other: Buffer): boolean {
  return one.length === other.length && timingSafeEqual(one, other);
}
