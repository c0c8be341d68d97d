/** The fault that ends a probe, and the translation of failed steps into faults that users understand. */
import type { X509Certificate } from 'node:crypto';
import type { TLSSocket } from 'node:tls';
import { type ChainFault, factsOf, printable } from '../certificates.js';
import { type StepError, stepError } from '../connection.js';
import { BadAnswer } from '../kafka-wire.js';
import type { Said } from '../said.js';
import type { TlsMaterial } from '../tls-material.js';
import type { CertificateFacts, Fault } from '../types.js';
import { say } from '../words.js';

const CERTIFICATE_ALERT =
  /ALERT_(?:BAD_CERTIFICATE|CERTIFICATE_|UNSUPPORTED_CERTIFICATE|UNKNOWN_CA)|CERTIFICATE_REQUIRED/;

/** Ends the probe and carries the fault. */
export class Found extends Error {
  readonly fault: Fault;
  readonly said: Said;
  constructor(fault: Fault, said: Said) {
    super(said.what);
    this.fault = fault;
    this.said = said;
  }
}

/**
 * With TLS 1.3 the broker refuses a client certificate only after the handshake, where its first answer would
 * come.
 */
export function clientCertificateFault(
  error: StepError,
  material: TlsMaterial | undefined,
): Found | undefined {
  // OpenSSL's servers report a handshake failure when everything but our certificate was agreed on.
  const about =
    CERTIFICATE_ALERT.test(`${error.code} ${error.message}`) ||
    (error.agreed && /HANDSHAKE_FAILURE/.test(error.code));
  if (!about) return undefined;
  if (material?.hasCertificate !== true)
    return new Found('client-certificate-missing', say.clientCertificateMissing());
  const own = material.ownCertificate === undefined ? undefined : factsOf(material.ownCertificate);
  const nowMs = Date.now();
  if (own !== undefined && (own.notAfter.getTime() < nowMs || own.notBefore.getTime() > nowMs)) {
    return new Found('client-certificate-expired', say.clientCertificateExpired(own, nowMs));
  }
  return new Found('client-certificate-refused', say.clientCertificateRefused(own, opensslText(error)));
}

export function unexpected(error: unknown): Found {
  if (error instanceof BadAnswer) return new Found('not-kafka', say.notKafka());
  const failure = stepError(error);
  if (failure.code === 'TIMEOUT') return new Found('no-answer', say.noAnswer());
  return new Found('closed-by-broker', say.closed(printable(failure.message)));
}

export function chainFound({ fault, certificate, depth }: ChainFault, socket: TLSSocket): Found {
  switch (fault) {
    case 'wrong-ca':
      return new Found(fault, say.wrongCa(certificate));
    case 'self-signed':
      return new Found(fault, say.selfSigned(certificate));
    case 'certificate-expired':
      return new Found(fault, say.expired(certificate, depth));
    case 'certificate-not-yet-valid':
      return new Found(fault, say.notYetValid(certificate, depth));
    case 'certificate-refused':
      return new Found(
        fault,
        say.certificateRefused(printable(errorCode(socket.authorizationError)), certificate),
      );
  }
}

export function factsAt(chain: readonly X509Certificate[], depth: number): CertificateFacts | undefined {
  const certificate = chain[depth];
  return certificate === undefined ? undefined : factsOf(certificate);
}

/** The code as text; node's types say only Error. */
export function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : String(error);
}

/** `…:SSL routines:ssl3_read_bytes:sslv3 alert handshake failure:…` without the hexadecimal around it. */
export function opensslText({ message, code }: StepError): string {
  const reason = /:SSL routines:[^:]*:([^:]+):/.exec(message)?.[1];
  return printable(reason ?? (message === '' ? code : message));
}
