/** A certificate's names and days, in one line, fit for a terminal. */
import type { X509Certificate } from 'node:crypto';

/** The common name first, as in Java. Without a subject, as some machines have it, the other names. */
export function subjectOf(certificate: X509Certificate): string {
  const other = certificate.subjectAltName ?? `serial number ${certificate.serialNumber}`;
  return oneLine(certificate.subject) ?? printable(other);
}

export function issuerOf(certificate: X509Certificate): string {
  return oneLine(certificate.issuer) ?? 'an authority without a name';
}

/** The shortest name a person would use. */
export function shortNameOf(certificate: X509Certificate): string {
  const common = /(?:^|\n)CN=([^\n]+)/.exec(certificate.subject)?.[1];
  return common === undefined ? subjectOf(certificate) : printable(common);
}

export function isSignedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  if (certificate.issuer !== issuer.subject) return false;
  try {
    return certificate.verify(issuer.publicKey);
  } catch {
    // A key type or a signature that OpenSSL does not know.
    return false;
  }
}

/** An alias or a name from a file may hold anything, escape sequences for terminals too. */
export function printable(text: string): string {
  return text.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029]/gu, '\u{fffd}');
}

/** Node's type says otherwise, but an empty name is undefined. */
function oneLine(name: string | undefined): string | undefined {
  return name === undefined || name === '' ? undefined : printable(name.split('\n').reverse().join(', '));
}
