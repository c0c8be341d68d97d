/** A store used as a truststore: the certificates that it trusts by Java's rules. */
import type { X509Certificate } from 'node:crypto';
import { StoreError } from './faults.js';
import { IssuerIndex } from './issuers.js';
import { issuerOf, printable, shortNameOf } from './names.js';
import { shellWord } from './shell-word.js';
import type { Store, StoreEntry } from './store.js';

export interface TrustAnchors {
  readonly certificates: readonly X509Certificate[];
  readonly warnings: readonly string[];
}

/** Warnings about single certificates are listed up to this number, the rest is counted. */
const NAMED_MAX = 5;

/**
 * The certificates Java would trust, plus those it would silently skip, with a warning.
 * Throws if none is left: an empty set would mean "the system's authorities" to librdkafka.
 */
export function trustAnchors(store: Store): TrustAnchors {
  // In PEM the certificates of a key are separate entries.
  const trusting = store.entries.filter((entry) => store.kind !== 'pem' || entry.type !== 'key');
  const anchors = trusting.flatMap((entry) => entry.certificates.slice(0, 1));
  if (anchors.length === 0) throw noAnchors(store);
  const certificates = distinct(anchors);
  const warnings = [
    ...store.warnings,
    ...aboutSilence(store),
    ...aboutKeys(store),
    ...aboutIntermediates(store, certificates),
  ];
  return { certificates, warnings };
}

function noAnchors(store: Store): StoreError {
  const what = store.entries.some((entry) => entry.type === 'key')
    ? 'contains a private key but no certificate'
    : 'contains no certificate, so no broker could be trusted';
  return new StoreError('no-certificates', store.file, what, {
    remedy:
      `add the CA certificate: keytool -importcert -alias ca -file ca.pem -keystore ` +
      `${shellWord(store.file)}`,
  });
}

function aboutSilence(store: Store): string[] {
  const silent = store.entries.filter((entry) => entry.type === 'certificate');
  if (silent.length === 0) return [];
  return [
    `${store.file}: Java would silently ignore ${listed(silent)}: not marked as trusted, as in stores ` +
      `that openssl makes. kd uses them all the same; ` +
      'for a store that Java also accepts, use keytool -importcert',
  ];
}

function aboutKeys(store: Store): string[] {
  const keys = store.entries.filter((entry) => entry.type === 'key' && entry.certificates.length > 0);
  if (keys.length === 0 || store.kind === 'pem') return [];
  return [
    `${store.file}: ${listed(keys)} ${keys.length === 1 ? 'is a private key' : 'are private keys'} in a ` +
      `truststore. As in Java its own certificate is trusted, ` +
      'not the authorities of its chain; a truststore should hold certificates only',
  ];
}

/**
 * OpenSSL does the handshake, and requires that a chain ends in a self-signed certificate; Java stops at any
 * certificate it trusts.
 */
function aboutIntermediates(store: Store, certificates: readonly X509Certificate[]): string[] {
  const issuers = new IssuerIndex(certificates);
  const open = certificates.filter((certificate) => !issuers.reachesRoot(certificate));
  const warnings = open
    .slice(0, NAMED_MAX)
    .map(
      (certificate) =>
        `${store.file}: "${shortNameOf(certificate)}" is not self-signed, and ` +
        `"${issuerOf(certificate)}", which signed it, is not in the store. ` +
        'Java would trust it, librdkafka (OpenSSL) does not: add the root certificate of its chain',
    );
  const more = open.length - warnings.length;
  return more > 0 ? [...warnings, `${store.file}: ${more} more certificates like that`] : warnings;
}

function listed(entries: readonly StoreEntry[]): string {
  const names = entries.slice(0, NAMED_MAX).map((entry) => `"${printable(entry.alias)}"`);
  const more = entries.length - names.length;
  return `${names.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

function distinct(certificates: readonly X509Certificate[]): X509Certificate[] {
  return [...new Map(certificates.map((certificate) => [certificate.fingerprint256, certificate])).values()];
}
