/** Reads the bags of a PKCS#12 file: certificates and keys with their attributes. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { type DerElement, Tag } from '../asn1/der.js';
import { certificateFrom } from '../certificates.js';
import { encryptedKeyFrom, keyFrom, orWhyNot } from '../crypto/private-keys.js';
import type { StoreError } from '../faults.js';
import { ALIAS_CHARACTERS_MAX, ENTRIES_MAX } from '../limits.js';
import type { Reading } from '../reading.js';

const BAG = '1.2.840.113549.1.12.10.1';
const KEY_BAG = `${BAG}.1`;
const SHROUDED_KEY_BAG = `${BAG}.2`;
const CERTIFICATE_BAG = `${BAG}.3`;
const NESTED_BAG = `${BAG}.6`;
const X509_CERTIFICATE = '1.2.840.113549.1.9.22.1';
const FRIENDLY_NAME = '1.2.840.113549.1.9.20';
const LOCAL_KEY_ID = '1.2.840.113549.1.9.21';
/** Java's own attribute: an entry with it is trusted. */
const TRUSTED_KEY_USAGE = '2.16.840.1.113894.746875.1.1';

interface Attributes {
  readonly alias: string | undefined;
  /** Links a key to its certificate; hexadecimal. */
  readonly keyId: string | undefined;
  readonly trusted: boolean;
}

export interface CertificateBag extends Attributes {
  readonly certificate: X509Certificate;
}

export interface KeyBag extends Attributes {
  readonly key: KeyObject | StoreError;
}

export interface Bags {
  readonly certificates: CertificateBag[];
  readonly keys: KeyBag[];
}

/** Adds the contents of a SafeContents. Skips other bags (revocation lists, secrets), as Java does. */
export function collectBags(
  reading: Reading,
  safeContents: DerElement,
  passwords: readonly string[],
  bags: Bags,
): void {
  for (const bag of safeContents.sequence('the contents')) {
    if (bags.certificates.length + bags.keys.length >= ENTRIES_MAX)
      throw reading.limit(`holds more than ${ENTRIES_MAX} entries`);
    const [oidElement, wrapped, attributesElement] = bag.sequence('an entry');
    if (oidElement === undefined || wrapped === undefined) throw reading.damaged('an entry is not complete');
    const oid = oidElement.oid('the kind of an entry');
    const value = onlyChild(reading, wrapped.expect(Tag.context0, 'an entry'));
    const attributes = attributesOf(attributesElement);
    switch (oid) {
      case CERTIFICATE_BAG: {
        const certificate = certificateIn(reading, value);
        if (certificate !== undefined) bags.certificates.push({ ...attributes, certificate });
        break;
      }
      case KEY_BAG:
        bags.keys.push({ ...attributes, key: orWhyNot(() => keyFrom(reading, value.raw, 'pkcs8')) });
        break;
      case SHROUDED_KEY_BAG:
        bags.keys.push({
          ...attributes,
          key: orWhyNot(() => encryptedKeyFrom(reading, value.raw, passwords)),
        });
        break;
      case NESTED_BAG:
        // The nesting limit of the DER reader bounds this recursion.
        collectBags(reading, value, passwords, bags);
        break;
      default:
    }
  }
}

export function onlyChild(reading: Reading, element: DerElement): DerElement {
  const [child] = element.children('an entry');
  if (child === undefined) throw reading.damaged('an entry is empty');
  return child;
}

function certificateIn(reading: Reading, bag: DerElement): X509Certificate | undefined {
  const [kind, wrapped] = bag.sequence('a certificate');
  // The other type of the standard, SDSI, is never used in practice.
  if (kind?.oid('the kind of a certificate') !== X509_CERTIFICATE || wrapped === undefined) return undefined;
  const der = onlyChild(reading, wrapped.expect(Tag.context0, 'a certificate')).octets('a certificate');
  return certificateFrom(reading, der, 'an entry');
}

function attributesOf(set: DerElement | undefined): Attributes {
  let alias: string | undefined;
  let keyId: string | undefined;
  let trusted = false;
  for (const attribute of set?.expect(Tag.set, 'the attributes of an entry').children('an attribute') ?? []) {
    const [oidElement, values] = attribute.sequence('an attribute');
    const value = values?.children('an attribute')[0];
    switch (oidElement?.oid('an attribute')) {
      case FRIENDLY_NAME:
        alias =
          value === undefined
            ? undefined
            : bmpText(value.expect(Tag.bmpString, 'the name of an entry').content);
        break;
      case LOCAL_KEY_ID:
        keyId = value?.octets('the id of a key').toString('hex');
        break;
      case TRUSTED_KEY_USAGE:
        trusted = true;
        break;
      default:
    }
  }
  return { alias, keyId, trusted };
}

function bmpText(bytes: Buffer): string {
  const even = bytes.subarray(0, 2 * Math.min(ALIAS_CHARACTERS_MAX, Math.floor(bytes.length / 2)));
  return Buffer.from(even).swap16().toString('utf16le');
}
