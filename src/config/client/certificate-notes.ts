/**
 * Records the certificates that were read: their expiry is shown, and those that expire soon get a warning.
 */
import type { X509Certificate } from 'node:crypto';
import { sha256Of, subjectOf } from '../../stores/index.js';
import type { CertificateNote } from '../keys/resolved.js';
import type { SideState, TranslationContext, WrittenEntry } from '../keys/side.js';

const DAY_MS = 86_400_000;
export const EXPIRY_WARNING_DAYS = 30;
/**
 * A larger file is a bundle of public authorities. Some of them always expire soon, which the user can't
 * change.
 */
const OWN_ANCHORS_MAX = 10;

export interface CertificateUse {
  readonly use: CertificateNote['use'];
  /** The file, or the property's name for an inline PEM. */
  readonly file: string;
  readonly entry: WrittenEntry;
}

export function noteCertificates(
  certificates: readonly X509Certificate[],
  what: CertificateUse,
  state: SideState,
  context: TranslationContext,
): void {
  const notes = certificates.map((certificate) => noteOf(certificate, what));
  state.certificates.push(...notes);
  const ending = notes.filter(({ notAfter }) => daysLeft(notAfter, context.now) < EXPIRY_WARNING_DAYS);
  if (what.use === 'truststore' && notes.length > OWN_ANCHORS_MAX && ending.length < notes.length) return;
  for (const note of notes) warn(note, what, context);
}

function noteOf(certificate: X509Certificate, { use, file }: CertificateUse): CertificateNote {
  const notBefore = new Date(certificate.validFrom);
  const notAfter = new Date(certificate.validTo);
  return { use, file, subject: subjectOf(certificate), notBefore, notAfter, sha256: sha256Of(certificate) };
}

function daysLeft(notAfter: Date, now: Date): number {
  return (notAfter.getTime() - now.getTime()) / DAY_MS;
}

function warn(note: CertificateNote, { entry, use }: CertificateUse, context: TranslationContext): void {
  const days = Math.floor(daysLeft(note.notAfter, context.now));
  const until = note.notAfter.toISOString().slice(0, 10);
  const remedy =
    use === 'keystore'
      ? 'renew it; a changed store is reloaded without a restart'
      : 'add the new certificate to the truststore';
  if (days < 0)
    context.problems.warning(
      entry.origin,
      entry.key,
      `the certificate ${note.subject} in ${note.file} expired on ${until}`,
      remedy,
    );
  else if (days < EXPIRY_WARNING_DAYS)
    context.problems.warning(
      entry.origin,
      entry.key,
      `the certificate ${note.subject} in ${note.file} expires in ${days} ` +
        `${days === 1 ? 'day' : 'days'}, on ${until}`,
      remedy,
    );
  if (note.notBefore > context.now)
    context.problems.warning(
      entry.origin,
      entry.key,
      `the certificate ${note.subject} in ${note.file} is not valid before ` +
        `${note.notBefore.toISOString().slice(0, 10)}`,
      'check the clock of this machine, or use a certificate that is valid now',
    );
}
