/** A store used as a keystore: the private key with its chain, as librdkafka takes them. */
import { KeyObject, type X509Certificate } from 'node:crypto';
import { StoreError } from './faults.js';
import { IssuerIndex } from './issuers.js';
import { CHAIN_CERTIFICATES_MAX } from './limits.js';
import { printable, shortNameOf } from './names.js';
import { shellWord } from './shell-word.js';
import type { Store, StoreEntry } from './store.js';

export interface KeyMaterial {
  /** The key's own certificate first, each followed by its issuer. */
  readonly chain: readonly X509Certificate[];
  readonly key: KeyObject;
  readonly warnings: readonly string[];
}

/**
 * Throws if the store has no key, more than one, a key that can't be opened, or a key that matches none of
 * its certificates.
 */
export function keyMaterial(store: Store): KeyMaterial {
  const entry = onlyKey(store);
  const key = entry.key;
  if (key instanceof StoreError) throw key;
  if (!(key instanceof KeyObject)) throw noKey(store);
  if (entry.certificates.length > CHAIN_CERTIFICATES_MAX)
    throw new StoreError(
      'limit',
      store.file,
      `holds ${entry.certificates.length} certificates besides its key (at most ${CHAIN_CERTIFICATES_MAX})`,
      {
        remedy:
          'keep only the certificates of the chain in a keystore; trusted CA certificates belong ' +
          'into the truststore',
      },
    );
  const leaf = entry.certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (leaf === undefined) throw noLeaf(store, entry);
  const chain = new IssuerIndex(entry.certificates).chainFrom(leaf);
  return {
    chain,
    key,
    warnings: [...store.warnings, ...aboutOrder(store, entry, chain), ...aboutUnused(store, entry, chain)],
  };
}

/**
 * A certificate and its key in two files, as librdkafka takes them; the first of each is used. Throws if the
 * two do not match, or if the key can't be opened.
 */
export function checkPair(certificateStore: Store, keyStore: Store): void {
  const certificates = certificateStore.entries
    .filter(({ type }) => type !== 'key')
    .flatMap((entry) => entry.certificates);
  const [leaf] = certificates;
  const key = keyStore.entries.find(({ type }) => type === 'key')?.key;
  if (key instanceof StoreError) throw key;
  if (leaf === undefined || !(key instanceof KeyObject) || leaf.checkPrivateKey(key)) return;
  const own = certificates.find((certificate) => certificate.checkPrivateKey(key));
  if (own !== undefined)
    throw new StoreError(
      'key-mismatch',
      certificateStore.file,
      `the certificate of the private key, ${names([own])}, is not first in the file`,
      {
        remedy: 'put it before the CA certificates that signed it',
      },
    );
  throw new StoreError(
    'key-mismatch',
    keyStore.file,
    `the private key does not belong to ${names([leaf])} in ${certificateStore.file}`,
    {
      remedy: MISMATCH_REMEDY,
    },
  );
}

const MISMATCH_REMEDY = 'use the key with the certificate that was issued for it; a renewal changes both';

function onlyKey(store: Store): StoreEntry {
  const [first, ...others] = store.entries.filter((entry) => entry.type === 'key');
  if (first === undefined) throw noKey(store);
  if (others.length === 0) return first;
  const aliases = [first, ...others].map((entry) => `"${printable(entry.alias)}"`).join(', ');
  throw new StoreError(
    'several-keys',
    store.file,
    `holds ${others.length + 1} private keys (${aliases}); kd can't tell which one to present to the brokers`,
    {
      remedy:
        store.kind === 'pem'
          ? 'leave one private key in the file'
          : 'copy the entry you want into a store of its own: keytool -importkeystore -srckeystore ' +
            `${shellWord(store.file)} -srcalias ALIAS -destkeystore client.p12 -deststoretype ` +
            'PKCS12',
    },
  );
}

function noKey(store: Store): StoreError {
  return new StoreError(
    'no-key',
    store.file,
    `holds no private key (${count(store.entries.length, 'certificate')})`,
    {
      remedy:
        'a keystore holds the private key of this client; if the brokers ask for no client certificate, ' +
        'leave ssl.keystore.* out',
    },
  );
}

function noLeaf(store: Store, entry: StoreEntry): StoreError {
  const name = store.kind === 'pem' ? 'the private key' : `the private key "${printable(entry.alias)}"`;
  if (entry.certificates.length === 0)
    return new StoreError('no-certificates', store.file, `${name} has no certificate`, {
      remedy: 'add its certificate and those of the authorities between it and the root',
    });
  return new StoreError(
    'key-mismatch',
    store.file,
    `${name} does not belong to ${names(entry.certificates)}`,
    {
      remedy: MISMATCH_REMEDY,
    },
  );
}

function aboutOrder(store: Store, entry: StoreEntry, chain: readonly X509Certificate[]): string[] {
  const inOrder = chain.every(
    (certificate, index) => certificate.fingerprint256 === entry.certificates[index]?.fingerprint256,
  );
  return inOrder
    ? []
    : [
        `${store.file}: the certificate chain is out of order; it is sent leaf first, each ` +
          `followed by its issuer`,
      ];
}

function aboutUnused(store: Store, entry: StoreEntry, chain: readonly X509Certificate[]): string[] {
  const sent = new Set(chain.map((certificate) => certificate.fingerprint256));
  const unused = entry.certificates.filter((certificate) => !sent.has(certificate.fingerprint256));
  if (unused.length === 0) return [];
  return [
    `${store.file}: ${names(unused)} ` +
      `${unused.length === 1 ? 'is' : 'are'} not part of the key's chain and not sent`,
  ];
}

function names(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => `"${shortNameOf(certificate)}"`).join(', ');
}

function count(number: number, noun: string): string {
  return `${number} ${noun}${number === 1 ? '' : 's'}`;
}
