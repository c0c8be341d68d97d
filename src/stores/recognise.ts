/** Kinds of files that kd can't read: each is named, with the command that converts it. */
import { type DerElement, Tag } from './asn1/der.js';
import type { StoreError } from './faults.js';
import type { Reading } from './reading.js';
import { shellWord } from './shell-word.js';

const JCEKS_MAGIC = 0xcececece;
const PKCS7_SIGNED_DATA = '1.2.840.113549.1.7.2';
/** The first characters of JKS and DER files still in base64, as in Kubernetes secrets. */
const BASE64_STARTS = /^\s*(?:\/u3\+7Q|MII)/;

export function foreignBinary(reading: Reading, bytes: Buffer): StoreError | undefined {
  if (bytes.length < 8) return undefined;
  if (bytes.readUInt32BE(0) === JCEKS_MAGIC)
    return reading.error(
      'unsupported-kind',
      'is a JCEKS store, which is not supported',
      importLine(reading, 'JCEKS'),
    );
  // BouncyCastle's BKS and UBER: a version, then the length of a salt of 20 bytes.
  if ([1, 2].includes(bytes.readUInt32BE(0)) && bytes.readUInt32BE(4) === 20)
    return reading.error(
      'unsupported-kind',
      'is a BKS store of BouncyCastle, which is not supported',
      bouncyCastleLine(reading, 'BKS'),
    );
  return undefined;
}

/** DER that is neither PKCS#12 nor a certificate. */
export function foreignDer(reading: Reading, outermost: DerElement): StoreError | undefined {
  const [first, second] = outermost.children('the outermost element');
  if (first?.tag === Tag.oid && first.oid('the kind of the contents') === PKCS7_SIGNED_DATA) {
    const remedy =
      `extract the certificates: openssl pkcs7 -inform DER -print_certs -in ` +
      `${shellWord(reading.file)} -out certificates.pem`;
    return reading.error('unsupported-kind', 'is a PKCS#7 bundle', remedy);
  }
  if (first?.tag === Tag.integer) return bareKey(reading);
  if (first?.tag !== Tag.sequence) return undefined;
  const [inner] = first.children('the first element');
  if (inner?.tag === Tag.oid && second?.tag === Tag.octetString) return bareKey(reading);
  // An encrypted object store: an algorithm with its ciphertext, then the integrity check.
  if (inner?.tag === Tag.sequence && inner.children('the first element')[0]?.tag === Tag.oid)
    return reading.error(
      'unsupported-kind',
      'is a BCFKS store of BouncyCastle, which is not supported',
      bouncyCastleLine(reading, 'BCFKS'),
    );
  return undefined;
}

export function foreignText(reading: Reading, text: string): StoreError {
  if (BASE64_STARTS.test(text)) {
    const remedy = `decode it: base64 -d ${shellWord(reading.file)} > store`;
    return reading.error('not-a-store', 'is still in base64', remedy);
  }
  return reading.error(
    'not-a-store',
    'is neither JKS, PKCS#12 nor PEM',
    'name the store itself; kd goes by its content, not by its name',
  );
}

function bareKey(reading: Reading): StoreError {
  const remedy =
    `combine key and certificates: openssl pkcs12 -export ` + `-inkey KEY.pem -in CHAIN.pem -out client.p12`;
  return reading.error('unsupported-kind', 'is a bare private key in DER, without a certificate', remedy);
}

function importLine(reading: Reading, kind: string, more = ''): string {
  return (
    `convert it: keytool -importkeystore -srckeystore ${shellWord(reading.file)} -srcstoretype ` +
    `${kind} -destkeystore new.p12 -deststoretype PKCS12${more}`
  );
}

function bouncyCastleLine(reading: Reading, kind: string): string {
  return importLine(
    reading,
    kind,
    ' -providerclass org.bouncycastle.jce.provider.BouncyCastleProvider -providerpath bcprov.jar',
  );
}
