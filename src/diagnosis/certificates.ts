/** The contents of a certificate, and why a chain was not accepted. */

import { X509Certificate } from 'node:crypto';
import type { DetailedPeerCertificate, TLSSocket } from 'node:tls';
import { ProbeLimits } from './limits.js';
import { oneLine, textOf } from './tls-material.js';
import type { CertificateFacts, Fault } from './types.js';

export function factsOf(certificate: X509Certificate): CertificateFacts {
  return {
    subject: printable(oneLine(certificate.subject)),
    issuer: printable(oneLine(certificate.issuer)),
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
    sha256: certificate.fingerprint256.replaceAll(':', '').toLowerCase(),
    names: namesOf(certificate),
  };
}

/** As sent by the broker, followed by the issuers in the CA list. */
export function chainOf(socket: TLSSocket): X509Certificate[] {
  const chain: X509Certificate[] = [];
  const seen = new Set<string>();
  let next = partOfChain(socket.getPeerCertificate(true));
  while (next !== undefined && !seen.has(next.fingerprint256) && chain.length < ProbeLimits.chainMax) {
    seen.add(next.fingerprint256);
    try {
      chain.push(new X509Certificate(next.raw));
    } catch {
      break;
    }
    next = partOfChain(next.issuerCertificate);
  }
  return chain;
}

/** At the end of the chain node returns undefined or an empty object, whatever its types say. */
function partOfChain(certificate: DetailedPeerCertificate | undefined): DetailedPeerCertificate | undefined {
  return certificate !== undefined && Object.hasOwn(certificate, 'raw') ? certificate : undefined;
}

/** Names and addresses; without any, the common name, which Java and OpenSSL fall back on. */
function namesOf(certificate: X509Certificate): string[] {
  const alternative = certificate.subjectAltName;
  if (alternative === undefined) {
    const common = /^CN=(.*)$/m.exec(textOf(certificate.subject))?.[1];
    return common === undefined ? [] : [printable(common)];
  }
  return alternative
    .split(', ')
    .filter((part) => /^(DNS|IP Address):/.test(part))
    .map((part) => printable(part.slice(part.indexOf(':') + 1)));
}

export interface ChainFault {
  readonly fault: Extract<
    Fault,
    'wrong-ca' | 'self-signed' | 'certificate-expired' | 'certificate-not-yet-valid' | 'certificate-refused'
  >;
  /** The certificate at fault. */
  readonly certificate: CertificateFacts | undefined;
  /** Its position in the chain, 0 = the broker's own. */
  readonly depth: number;
}

/** `code`: OpenSSL's verdict on the chain. */
export function chainFault(code: string, chain: readonly X509Certificate[], nowMs: number): ChainFault {
  const facts = chain.map(factsOf);
  const at = (depth: number, fault: ChainFault['fault']): ChainFault => ({
    fault,
    certificate: facts[depth],
    depth: Math.max(0, depth),
  });
  const expired = facts.findIndex(({ notAfter }) => notAfter.getTime() < nowMs);
  const early = facts.findIndex(({ notBefore }) => notBefore.getTime() > nowMs);
  switch (code) {
    case 'CERT_HAS_EXPIRED':
      return at(expired, 'certificate-expired');
    case 'CERT_NOT_YET_VALID':
      return at(early, 'certificate-not-yet-valid');
    case 'DEPTH_ZERO_SELF_SIGNED_CERT':
      return at(0, 'self-signed');
    case 'SELF_SIGNED_CERT_IN_CHAIN':
    case 'UNABLE_TO_GET_ISSUER_CERT':
    case 'UNABLE_TO_GET_ISSUER_CERT_LOCALLY':
    case 'UNABLE_TO_VERIFY_LEAF_SIGNATURE':
    case 'CERT_SIGNATURE_FAILURE':
    case 'CERT_UNTRUSTED':
    case 'INVALID_CA':
      // An expired certificate is the more likely reason: a renewed CA does not fix it.
      if (expired === 0) return at(0, 'certificate-expired');
      if (early === 0) return at(0, 'certificate-not-yet-valid');
      return at(0, 'wrong-ca');
    default:
      return at(0, 'certificate-refused');
  }
}

/** Text from the other side, made fit for a log line. */
export function printable(text: string): string {
  const clean = text.replaceAll(/[\x00-\x1f\x7f-\x9f]+/g, ' ').trim();
  return clean.length > ProbeLimits.textCharactersMax
    ? `${clean.slice(0, ProbeLimits.textCharactersMax)}…`
    : clean;
}
