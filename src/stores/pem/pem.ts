/**
 * PEM: every certificate is trusted (as in Kafka's own PEM stores), and a private key makes the file a
 * keystore as well.
 */
import type { KeyObject, X509Certificate } from 'node:crypto';
import { isWholeSequence, readElement } from '../asn1/der.js';
import { certificateFrom } from '../certificates.js';
import { DEK_CIPHERS } from '../crypto/algorithms.js';
import { decrypt } from '../crypto/ciphers.js';
import { deriveOpenSsl } from '../crypto/derivation.js';
import { encryptedKeyFrom, type KeyEncoding, keyFrom, keyLocked, orWhyNot } from '../crypto/private-keys.js';
import type { StoreError } from '../faults.js';
import type { Reading } from '../reading.js';
import { shellWord } from '../shell-word.js';
import type { Store, StoreEntry, StoreOptions } from '../store.js';
import { type PemBlock, readPemBlocks } from './pem-blocks.js';

const CERTIFICATE_LABELS = new Set(['CERTIFICATE', 'X509 CERTIFICATE']);
/** OpenSSL's own form: a certificate followed by its trusted uses. */
const TRUSTED_LABEL = 'TRUSTED CERTIFICATE';
const ENCRYPTED_KEY_LABEL = 'ENCRYPTED PRIVATE KEY';
const KEY_ENCODINGS: ReadonlyMap<string, KeyEncoding> = new Map([
  ['PRIVATE KEY', 'pkcs8'],
  ['RSA PRIVATE KEY', 'pkcs1'],
  ['EC PRIVATE KEY', 'sec1'],
]);
const PKCS7_LABELS = new Set(['PKCS7', 'CMS', 'PKCS #7 SIGNED DATA']);

export function readPem(reading: Reading, text: string, options: StoreOptions): Store {
  const blocks = readPemBlocks(text, reading);
  if (blocks.length === 0)
    throw reading.error('not-a-store', 'contains no PEM block', 'name a JKS, PKCS#12 or PEM file');
  const certificates: X509Certificate[] = [];
  const keys: (KeyObject | StoreError)[] = [];
  for (const block of blocks) {
    const certificate = certificateIn(block, reading, certificates.length + 1);
    if (certificate !== undefined) certificates.push(certificate);
    else if (isKey(block.label)) keys.push(orWhyNot(() => keyIn(block, reading, options)));
    else refuseForeign(block.label, reading);
  }
  const entries = certificates.map(
    (certificate, index): StoreEntry => ({
      alias: `certificate-${index + 1}`,
      type: 'trusted',
      certificates: [certificate],
    }),
  );
  const keyEntries = keys.map(
    (key, index): StoreEntry => ({ alias: `key-${index + 1}`, type: 'key', certificates, key }),
  );
  return { kind: 'pem', file: reading.file, entries: [...keyEntries, ...entries], warnings: [] };
}

function certificateIn(block: PemBlock, reading: Reading, number: number): X509Certificate | undefined {
  const where = `certificate ${number}`;
  if (CERTIFICATE_LABELS.has(block.label)) return certificateFrom(reading, block.bytes, where);
  if (block.label === TRUSTED_LABEL)
    return certificateFrom(reading, readElement(block.bytes, reading, 1).raw, where);
  return undefined;
}

function isKey(label: string): boolean {
  return label === ENCRYPTED_KEY_LABEL || KEY_ENCODINGS.has(label);
}

function keyIn(block: PemBlock, reading: Reading, options: StoreOptions): KeyObject {
  const passwords = [
    ...new Set([options.keyPassword, options.password].filter((text) => text !== undefined)),
  ];
  if (block.label === ENCRYPTED_KEY_LABEL) return encryptedKeyFrom(reading, block.bytes, passwords);
  const encoding = KEY_ENCODINGS.get(block.label) ?? 'pkcs8';
  const info = block.headers.get('dek-info');
  if (info === undefined) return keyFrom(reading, block.bytes, encoding);
  for (const password of passwords) {
    const plain = decryptTraditional(reading, info, block.bytes, password);
    if (plain !== undefined && isWholeSequence(plain)) return keyFrom(reading, plain, encoding);
  }
  throw keyLocked(reading, passwords);
}

/** `DEK-Info: AES-256-CBC,0123…`: the IV in hex, its first eight bytes the salt. */
function decryptTraditional(
  reading: Reading,
  info: string,
  bytes: Buffer,
  password: string,
): Buffer | undefined {
  const [name = '', hex = ''] = info.split(',', 2).map((part) => part.trim());
  const cipher = DEK_CIPHERS.get(name.toUpperCase());
  if (cipher === undefined)
    throw reading.error(
      'unsupported-algorithm',
      'has a key with an unsupported cipher',
      `convert the key: openssl pkcs8 -topk8 -in ${shellWord(reading.file)} -out new.pem`,
    );
  const iv = Buffer.from(hex, 'hex');
  if (iv.length !== cipher.ivBytes) throw reading.damaged('the DEK-Info of a key is not valid');
  const key = deriveOpenSsl(Buffer.from(password, 'utf8'), iv.subarray(0, 8), cipher.keyBytes);
  return decrypt(cipher, { key, iv }, bytes);
}

/**
 * Skips requests, public keys, parameters and revocation lists; reports a block that may hold the missing
 * certificates.
 */
function refuseForeign(label: string, reading: Reading): void {
  if (PKCS7_LABELS.has(label)) {
    const remedy =
      `extract the certificates: openssl pkcs7 -print_certs -in ${shellWord(reading.file)} ` +
      `-out certificates.pem`;
    throw reading.error('unsupported-kind', 'is a PKCS#7 bundle', remedy);
  }
  if (label === 'OPENSSH PRIVATE KEY') {
    throw reading.error(
      'unsupported-kind',
      'contains an SSH key',
      `convert a copy: ssh-keygen -p -m PKCS8 -f ${shellWord(reading.file)}`,
    );
  }
}
