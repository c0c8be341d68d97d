/** PKCS#12 (RFC 7292) as Java, openssl and Windows write it. */
import { KeyObject, type X509Certificate } from 'node:crypto';
import { type DerElement, readElement, Tag } from '../asn1/der.js';
import { decryptByPassword } from '../crypto/password-encryption.js';
import { publicKeyOf } from '../crypto/private-keys.js';
import type { StoreError } from '../faults.js';
import { IssuerIndex } from '../issuers.js';
import type { Reading } from '../reading.js';
import type { Store, StoreEntry, StoreOptions } from '../store.js';
import { type Bags, type CertificateBag, collectBags, type KeyBag, onlyChild } from './pkcs12-bags.js';
import { isMacValid } from './pkcs12-mac.js';

const VERSION = 3;
const DATA = '1.2.840.113549.1.7.1';
const SIGNED_DATA = '1.2.840.113549.1.7.2';
const ENVELOPED_DATA = '1.2.840.113549.1.7.3';
const ENCRYPTED_DATA = '1.2.840.113549.1.7.6';

export function readPkcs12(reading: Reading, pfx: DerElement, options: StoreOptions): Store {
  const [version, authSafe, macData] = pfx.sequence('the outermost element');
  if (version?.integer('the version') !== VERSION)
    throw reading.damaged('the version is not that of PKCS#12');
  if (authSafe === undefined) throw reading.damaged('there are no contents');
  const contents = dataOf(reading, authSafe);
  const parts = readElement(contents, reading, 1).sequence('the contents');
  checkMac(reading, { macData, contents, parts, password: options.password });
  const bags: Bags = { certificates: [], keys: [] };
  for (const part of parts)
    collectBags(reading, openPart(reading, part, options.password), keyPasswords(options), bags);
  return { kind: 'pkcs12', file: reading.file, entries: entriesOf(bags), warnings: [] };
}

function keyPasswords({ password, keyPassword }: StoreOptions): string[] {
  return [...new Set([keyPassword, password].filter((text) => text !== undefined))];
}

/** The bytes of a ContentInfo that holds data. */
function dataOf(reading: Reading, contentInfo: DerElement): Buffer {
  const [oidElement, wrapped] = contentInfo.sequence('the contents');
  const oid = oidElement?.oid('the kind of the contents');
  if (oid === SIGNED_DATA)
    throw reading.unsupportedAlgorithm('is signed with a private key instead of a password');
  if (oid !== DATA || wrapped === undefined) throw reading.damaged('there are no contents');
  return onlyChild(reading, wrapped.expect(Tag.context0, 'the contents')).octets('the contents');
}

interface MacCheck {
  readonly macData: DerElement | undefined;
  readonly contents: Buffer;
  readonly parts: readonly DerElement[];
  readonly password: string | undefined;
}

/** Skips the check without a password or without a MAC, as Java does. */
function checkMac(reading: Reading, { macData, contents, parts, password }: MacCheck): void {
  if (macData === undefined || password === undefined || isMacValid(reading, macData, contents, password))
    return;
  if (opensAnything(reading, parts, password))
    throw reading.damaged(
      'the password is right, but the MAC does not match: the file was changed after it was written',
    );
  throw reading.wrongPassword('the password is wrong (or the file was changed: its MAC does not match)');
}

/**
 * Distinguishes a wrong password from a changed file: a part that decrypts to DER proves that the password is
 * right.
 */
function opensAnything(reading: Reading, parts: readonly DerElement[], password: string): boolean {
  return parts.some((part) => {
    try {
      const sealed = sealedPart(reading, part);
      return (
        sealed !== undefined &&
        decryptByPassword(reading, sealed.algorithm, sealed.ciphertext, password) !== undefined
      );
    } catch {
      // The part is damaged, or exceeds a limit: it does not prove that the password is right.
      return false;
    }
  });
}

function openPart(reading: Reading, part: DerElement, password: string | undefined): DerElement {
  const sealed = sealedPart(reading, part);
  if (sealed === undefined) return readElement(dataOf(reading, part), reading, 1);
  // Without a password the empty one is tried: a store protected by it opens in no other way.
  const plain = decryptByPassword(reading, sealed.algorithm, sealed.ciphertext, password ?? '');
  if (plain !== undefined) return readElement(plain, reading, 1);
  if (password !== undefined) throw reading.wrongPassword('the password is wrong');
  throw passwordMissing(reading);
}

function passwordMissing(reading: Reading): StoreError {
  return reading.passwordMissing(
    'its certificates are encrypted, and no password was given (Java would read it as empty)',
    'ssl.truststore.password or ssl.keystore.password',
  );
}

/** EncryptedData: its algorithm and ciphertext; undefined for a part that is not encrypted. */
function sealedPart(
  reading: Reading,
  part: DerElement,
): { algorithm: DerElement; ciphertext: Buffer } | undefined {
  const [oidElement, wrapped] = part.sequence('a part of the contents');
  const oid = oidElement?.oid('the kind of a part');
  if (oid === ENVELOPED_DATA)
    throw reading.unsupportedAlgorithm('is encrypted for a public key instead of a password');
  if (oid !== ENCRYPTED_DATA) return undefined;
  if (wrapped === undefined) throw reading.damaged('an encrypted part is empty');
  const [, info] = onlyChild(reading, wrapped.expect(Tag.context0, 'an encrypted part')).sequence(
    'an encrypted part',
  );
  const [, algorithm, ciphertext] = info?.sequence('an encrypted part') ?? [];
  if (algorithm === undefined || ciphertext === undefined)
    throw reading.damaged('an encrypted part is not complete');
  return { algorithm, ciphertext: ciphertext.octets('an encrypted part') };
}

/**
 * Builds the entries as Java does: keys with their chains, trusted certificates, and those that Java skips.
 */
function entriesOf({ certificates, keys }: Bags): StoreEntry[] {
  const issuers = new IssuerIndex(certificates.map((bag) => bag.certificate));
  const leafOf = leafFinder(certificates, keys.length === 1);
  // Compared by content: Java writes a certificate twice if two chains share it.
  const inChains = new Set<string>();
  let unnamed = 0;
  const nameOf = (alias: string | undefined): string => alias ?? `${(unnamed += 1)}`;
  const keyEntries = keys.map((bag): StoreEntry => {
    const leaf = leafOf(bag);
    const chain = leaf === undefined ? [] : issuers.chainFrom(leaf);
    for (const certificate of chain) inChains.add(certificate.fingerprint256);
    return { alias: nameOf(bag.alias), type: 'key', certificates: chain, key: bag.key };
  });
  const rest = certificates.flatMap((bag): StoreEntry[] => {
    if (!bag.trusted && inChains.has(bag.certificate.fingerprint256)) return [];
    return [
      {
        alias: nameOf(bag.alias),
        type: bag.trusted ? 'trusted' : 'certificate',
        certificates: [bag.certificate],
      },
    ];
  });
  return [...keyEntries, ...rest];
}

/**
 * Finds the certificate by the id that links it to the key; without one, by the key itself, or takes the
 * first one if there is only one key.
 */
function leafFinder(
  certificates: readonly CertificateBag[],
  isOnlyKey: boolean,
): (bag: KeyBag) => X509Certificate | undefined {
  const untrusted = certificates.filter((candidate) => !candidate.trusted);
  const byKeyId = new Map(
    untrusted.flatMap((candidate) =>
      candidate.keyId === undefined ? [] : [[candidate.keyId, candidate.certificate]],
    ),
  );
  let byPublicKey: Map<string, X509Certificate> | undefined;
  return ({ key, keyId }) => {
    const tied = keyId === undefined ? undefined : byKeyId.get(keyId);
    if (tied !== undefined) return tied;
    if (key instanceof KeyObject) {
      byPublicKey ??= new Map(
        untrusted.map(({ certificate }) => [publicKeyOf(certificate) ?? '', certificate]),
      );
      const fitting = byPublicKey.get(publicKeyOf(key) ?? 'none');
      if (fitting !== undefined) return fitting;
    }
    return isOnlyKey ? untrusted[0]?.certificate : undefined;
  };
}
