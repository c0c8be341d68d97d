/** Formats certificates and keys as PEM text, for librdkafka and for people. */
import { createHash, type KeyObject, type X509Certificate } from 'node:crypto';

export function toPem(certificates: readonly X509Certificate[]): string {
  return certificates.map((certificate) => block('CERTIFICATE', certificate.raw)).join('');
}

/** PKCS#8, not encrypted: secret wherever it is used. */
export function keyToPem(key: KeyObject): string {
  return String(key.export({ type: 'pkcs8', format: 'pem' }));
}

/** SHA-256 of the certificate's DER, lower-case hex. */
export function sha256Of(certificate: X509Certificate): string {
  return createHash('sha256').update(certificate.raw).digest('hex');
}

function block(label: string, bytes: Buffer): string {
  const lines = bytes.toString('base64').match(/.{1,64}/g) ?? [];
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`;
}
