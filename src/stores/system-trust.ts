/** Finds the system's list of trusted certificate authorities, in the places where librdkafka looks. */
import { readdirSync, readFileSync, statSync } from 'node:fs';

/** In librdkafka's order (`ssl.ca.location=probe`); the first that holds something counts. */
const PLACES = [
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/certs/ca-bundle.crt',
  '/etc/pki/tls/certs/ca-bundle.trust.crt',
  '/etc/pki/ca-trust/extracted/pem/tls-ca-bundle.pem',
  '/etc/ssl/ca-bundle.pem',
  '/etc/pki/tls/cacert.pem',
  '/etc/ssl/cert.pem',
  '/etc/ssl/cacert.pem',
  '/etc/certs/ca-certificates.crt',
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/ssl/certs',
  '/usr/local/etc/ssl/cert.pem',
  '/usr/local/etc/ssl/cacert.pem',
  '/usr/local/etc/ssl/certs/cert.pem',
  '/usr/local/etc/ssl/certs/cacert.pem',
  '/usr/local/share/certs/ca-root-nss.crt',
  '/etc/openssl/certs/ca-certificates.crt',
];
const MACOS_PLACES = ['/private/etc/ssl/cert.pem', '/private/etc/ssl/certs'];

export const NO_SYSTEM_TRUST = {
  what: 'this system has no list of certificate authorities, so no broker can be trusted',
  remedy: 'install the package ca-certificates, or name a file of CA certificates in ssl.ca.location',
} as const;

/** A file or a folder; undefined: this system has none. */
export function systemTrust(root = ''): string | undefined {
  const places = process.platform === 'darwin' ? [...PLACES, ...MACOS_PLACES] : PLACES;
  return places.map((place) => `${root}${place}`).find(holdsCertificates);
}

export function holdsCertificates(path: string): boolean {
  try {
    if (statSync(path).isDirectory()) return readdirSync(path).length > 0;
    return readFileSync(path).includes('-----BEGIN');
  } catch {
    // Missing or not readable by this user: like librdkafka, go on to the next place.
    return false;
  }
}
