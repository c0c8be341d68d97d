/**
 * Sun's JKS: a plain list of entries, protected by a digest over the password and the entries; each key is
 * encrypted separately.
 */
import { createHash, type KeyObject, timingSafeEqual, type X509Certificate } from 'node:crypto';
import { ByteReader } from '../asn1/byte-reader.js';
import { certificateFrom } from '../certificates.js';
import { keyLocked, orWhyNot } from '../crypto/private-keys.js';
import type { StoreError } from '../faults.js';
import { CHAIN_CERTIFICATES_MAX, ENTRIES_MAX } from '../limits.js';
import { isSignedBy } from '../names.js';
import type { Reading } from '../reading.js';
import type { Store, StoreEntry, StoreOptions } from '../store.js';
import { unlockJksKey } from './jks-key.js';
import { jksPassword } from './jks-password.js';

export const JKS_MAGIC = 0xfeedfeed;

const KEY_ENTRY = 1;
const TRUSTED_ENTRY = 2;
const DIGEST_BYTES = 20;
/** Sun's salt for the digest. */
const DIGEST_SALT = 'Mighty Aphrodite';

export function readJks(reading: Reading, bytes: Buffer, options: StoreOptions): Store {
  const reader = new ByteReader(bytes, reading);
  reader.unsigned32('the magic number');
  const version = reader.unsigned32('the version');
  if (version !== 1 && version !== 2) throw reading.damaged(`version ${version} of JKS does not exist`);
  const count = reader.unsigned32('the number of entries');
  if (count > ENTRIES_MAX) throw reading.limit(`claims ${count} entries (at most ${ENTRIES_MAX})`);
  const sealed: SealedEntry[] = [];
  for (let index = 0; index < count; index += 1) sealed.push(readEntry(reader, reading, version));
  const end = reader.position;
  const digest = reader.take(DIGEST_BYTES, 'the digest');
  const passwords = [
    ...new Set([options.keyPassword, options.password].filter((text) => text !== undefined)),
  ];
  if (options.password !== undefined)
    checkDigest({ reading, body: bytes.subarray(0, end), digest, sealed }, options.password);
  return {
    kind: 'jks',
    file: reading.file,
    entries: sealed.map((entry) => opened(reading, entry, passwords)),
    warnings: [],
  };
}

interface SealedEntry {
  readonly alias: string;
  readonly certificates: readonly X509Certificate[];
  /** An EncryptedPrivateKeyInfo; only key entries have one. */
  readonly sealedKey: Buffer | undefined;
}

function readEntry(reader: ByteReader, reading: Reading, version: number): SealedEntry {
  const tag = reader.unsigned32('the kind of an entry');
  const alias = reader.modifiedUtf8('an alias');
  reader.take(8, 'the time of an entry');
  if (tag === TRUSTED_ENTRY)
    return { alias, certificates: [readCertificate(reader, reading, version)], sealedKey: undefined };
  if (tag !== KEY_ENTRY) throw reading.damaged(`an entry is of kind ${tag}, which does not exist`);
  const sealedKey = reader.take(reader.unsigned32('the length of a key'), 'a key');
  const chainLength = reader.unsigned32('the length of a chain');
  if (chainLength > CHAIN_CERTIFICATES_MAX)
    throw reading.limit(`claims a chain of ${chainLength} certificates (at most ${CHAIN_CERTIFICATES_MAX})`);
  const certificates: X509Certificate[] = [];
  for (let index = 0; index < chainLength; index += 1)
    certificates.push(readCertificate(reader, reading, version));
  return { alias, certificates, sealedKey };
}

function readCertificate(reader: ByteReader, reading: Reading, version: number): X509Certificate {
  // Version 1 supported only X.509, and does not name the type.
  const type = version === 1 ? 'X.509' : reader.modifiedUtf8('the type of a certificate');
  if (type !== 'X.509') throw reading.damaged('a certificate is of a type that does not exist');
  return certificateFrom(
    reading,
    reader.take(reader.unsigned32('the length of a certificate'), 'a certificate'),
    'a certificate',
  );
}

function opened(
  reading: Reading,
  { alias, certificates, sealedKey }: SealedEntry,
  passwords: readonly string[],
): StoreEntry {
  if (sealedKey === undefined) return { alias, type: 'trusted', certificates };
  return { alias, type: 'key', certificates, key: orWhyNot(() => unlock(reading, sealedKey, passwords)) };
}

function unlock(reading: Reading, sealedKey: Buffer, passwords: readonly string[]): KeyObject {
  for (const password of passwords) {
    const key = unlockJksKey(reading, sealedKey, password);
    if (key !== undefined) return key;
  }
  throw keyLocked(reading, passwords);
}

interface Sealed {
  readonly reading: Reading;
  readonly body: Buffer;
  readonly digest: Buffer;
  readonly sealed: readonly SealedEntry[];
}

function checkDigest({ reading, body, digest, sealed }: Sealed, password: string): void {
  const computed = createHash('sha1')
    .update(jksPassword(password))
    .update(DIGEST_SALT, 'utf8')
    .update(body)
    .digest();
  if (timingSafeEqual(computed, digest)) return;
  if (isAltered(reading, sealed, password))
    throw reading.damaged('its digest does not match: the file was changed after it was written');
  throw reading.wrongPassword('the password is wrong (or the file was changed: the digest does not match)');
}

/**
 * Distinguishes a changed file from a wrong password: the password opens a key, or a root's own signature is
 * broken.
 */
function isAltered(reading: Reading, sealed: readonly SealedEntry[], password: string): boolean {
  return sealed.some(({ certificates, sealedKey }) => {
    if (
      certificates.some(
        (certificate) => certificate.subject === certificate.issuer && !isSignedBy(certificate, certificate),
      )
    )
      return true;
    return sealedKey !== undefined && isOpen(orWhyNot(() => unlock(reading, sealedKey, [password])));
  });
}

function isOpen(key: KeyObject | StoreError): boolean {
  return !(key instanceof Error);
}
