/** The cluster's TLS material in the form of node:tls, and its faults before anything is sent. */
import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { closeSync, fstatSync, openSync, readdirSync, readFileSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { rootCertificates, type SecureContextOptions } from 'node:tls';
import { systemTrust } from '../stores/index.js';
import { ProbeLimits } from './limits.js';
import type { DiagnosedCluster, Fault } from './types.js';

export interface MaterialFault {
  readonly fault: Extract<Fault, 'tls-material' | 'key-mismatch'>;
  readonly what: string;
  /** The librdkafka property at fault. */
  readonly property: string;
}

export interface TlsMaterial {
  readonly options: SecureContextOptions;
  readonly ownCertificate: X509Certificate | undefined;
  readonly hasCertificate: boolean;
  /** The first fault that makes it unusable. */
  readonly fault: MaterialFault | undefined;
  /** The origin of the CA certificates. */
  readonly caProperty: string;
}

const DIRECTORY_FILES_MAX = 500;

class Unusable extends Error {
  readonly fault: MaterialFault;
  constructor(fault: MaterialFault) {
    super(fault.what);
    this.fault = fault;
  }
}

export function tlsMaterial({ properties }: Pick<DiagnosedCluster, 'properties'>): TlsMaterial {
  const caProperty = properties.has('ssl.ca.pem') ? 'ssl.ca.pem' : 'ssl.ca.location';
  const hasCertificate = ['ssl.certificate.pem', 'ssl.certificate.location', 'ssl.keystore.location'].some(
    (name) => properties.has(name),
  );
  try {
    const ca = caOf(properties);
    const own = ownMaterial(properties);
    const ciphers = properties.get('ssl.cipher.suites');
    const options: SecureContextOptions = {
      ca,
      ...own.options,
      ...(ciphers === undefined ? {} : { ciphers }),
    };
    return { options, ownCertificate: own.certificate, hasCertificate, fault: undefined, caProperty };
  } catch (error) {
    if (!(error instanceof Unusable)) throw error;
    return { options: {}, ownCertificate: undefined, hasCertificate, fault: error.fault, caProperty };
  }
}

type Properties = DiagnosedCluster['properties'];

function caOf(properties: Properties): readonly string[] & string[] {
  const pem = properties.get('ssl.ca.pem');
  if (pem !== undefined) return certificatesIn(pem, 'ssl.ca.pem');
  const given = properties.get('ssl.ca.location') ?? '';
  const location = given === '' || given === 'probe' ? systemTrust() : given;
  // Refused with the configuration, unless OpenSSL's own variables name a list.
  if (location === undefined) return [...rootCertificates];
  return isDirectory(location)
    ? directoryOf(location)
    : certificatesIn(read(location, 'ssl.ca.location'), 'ssl.ca.location');
}

function directoryOf(path: string): string[] {
  const files = readdirSync(path).sort().slice(0, DIRECTORY_FILES_MAX);
  return files
    .map((name) => join(path, name))
    .filter(isFile)
    .flatMap((file) => pemBlocks(read(file, 'ssl.ca.location')));
}

function certificatesIn(text: string, property: string): string[] {
  const blocks = pemBlocks(text);
  if (blocks.length === 0)
    throw new Unusable({ fault: 'tls-material', what: `${property} holds no PEM certificate`, property });
  // OpenSSL's "TRUSTED CERTIFICATE" form is left to OpenSSL.
  for (const block of blocks) if (!block.startsWith('-----BEGIN TRUSTED')) parsed(block, property);
  return blocks;
}

function pemBlocks(text: string): string[] {
  return (
    text.match(
      /-----BEGIN (?:TRUSTED |X509 )?CERTIFICATE-----[^-]+-----END (?:TRUSTED |X509 )?CERTIFICATE-----/g,
    ) ?? []
  );
}

function parsed(pem: string, property: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch {
    throw new Unusable({
      fault: 'tls-material',
      what: `${property} holds a certificate that can't be read`,
      property,
    });
  }
}

interface OwnMaterial {
  readonly options: SecureContextOptions;
  readonly certificate?: X509Certificate;
}

function ownMaterial(properties: Properties): OwnMaterial {
  const passphrase = properties.get('ssl.key.password');
  const certificate = pemOf(properties, 'ssl.certificate');
  const key = pemOf(properties, 'ssl.key');
  if (certificate !== undefined && key !== undefined) return pairOf(certificate, key, passphrase);
  const store = properties.get('ssl.keystore.location');
  if (store === undefined) return { options: {} };
  const storePassword = properties.get('ssl.keystore.password');
  return {
    options: {
      pfx: readBytes(store, 'ssl.keystore.location'),
      ...(storePassword === undefined ? {} : { passphrase: storePassword }),
    },
  };
}

interface NamedPem {
  readonly text: string;
  readonly property: string;
}

function pemOf(properties: Properties, name: 'ssl.certificate' | 'ssl.key'): NamedPem | undefined {
  const inPlace = properties.get(`${name}.pem`);
  if (inPlace !== undefined) return { text: inPlace, property: `${name}.pem` };
  const location = properties.get(`${name}.location`);
  return location === undefined
    ? undefined
    : { text: read(location, `${name}.location`), property: `${name}.location` };
}

function pairOf(certificate: NamedPem, key: NamedPem, passphrase: string | undefined): OwnMaterial {
  const [first] = certificatesIn(certificate.text, certificate.property);
  const leaf = parsed(first ?? '', certificate.property);
  let privateKey: KeyObject;
  try {
    privateKey = createPrivateKey({ key: key.text, ...(passphrase === undefined ? {} : { passphrase }) });
  } catch {
    // OpenSSL's message would not leak the key, but it helps nobody either.
    const encrypted = /ENCRYPTED/.test(key.text);
    const what = encrypted
      ? `the key of ${key.property} can't be decrypted: ssl.key.password is wrong or missing`
      : `${key.property} holds no private key that can be read`;
    throw new Unusable({
      fault: 'tls-material',
      what,
      property: encrypted ? 'ssl.key.password' : key.property,
    });
  }
  if (!leaf.checkPrivateKey(privateKey)) {
    const what =
      `the private key of ${key.property} does not belong to the certificate of ` +
      `${certificate.property} (${oneLine(leaf.subject)})`;
    throw new Unusable({ fault: 'key-mismatch', what, property: key.property });
  }
  const options = {
    cert: certificate.text,
    key: key.text,
    ...(passphrase === undefined ? {} : { passphrase }),
  };
  return { options, certificate: leaf };
}

function read(path: string, property: string): string {
  return readBytes(path, property).toString('utf8');
}

function readBytes(path: string, property: string): Buffer {
  try {
    const file = openSync(path, 'r');
    try {
      const { size } = fstatSync(file);
      if (size > ProbeLimits.fileBytesMax)
        throw new Error(`is larger than ${ProbeLimits.fileBytesMax} bytes`);
      return readFileSync(file);
    } finally {
      closeSync(file);
    }
  } catch (error) {
    const what =
      `${property}: ${path} can't be read: ` + `${error instanceof Error ? error.message : String(error)}`;
    throw new Unusable({ fault: 'tls-material', what, property });
  }
}

function isFile(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isFile() === true;
}

function isDirectory(path: string): boolean {
  return statSync(path, { throwIfNoEntry: false })?.isDirectory() === true;
}

/** A distinguished name as Java writes it, the most specific part first: `CN=client,O=example`. */
export function oneLine(distinguishedName: string | undefined): string {
  return textOf(distinguishedName)
    .split('\n')
    .filter((part) => part !== '')
    .reverse()
    .join(',');
}

/** node gives an empty name as undefined, whatever the types say. */
export function textOf(text: string | undefined): string {
  return text ?? '';
}
