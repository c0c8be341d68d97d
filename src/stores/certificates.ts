/** Reads a certificate from its DER. */
import { X509Certificate } from 'node:crypto';
import { isWholeSequence } from './asn1/der.js';
import type { Reading } from './reading.js';

export function certificateFrom(reading: Reading, der: Buffer, where: string): X509Certificate {
  if (!isWholeSequence(der)) throw reading.damaged(`${where} is not a whole certificate`);
  let certificate: X509Certificate;
  try {
    certificate = new X509Certificate(der);
  } catch (error) {
    throw reading.damaged(`${where} is not a valid certificate`, error);
  }
  // OpenSSL looks for PEM first: a certificate hidden in the text of another one must not be used instead.
  if (!certificate.raw.equals(der)) throw reading.damaged(`${where} is not a valid certificate`);
  return certificate;
}
