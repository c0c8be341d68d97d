/** Who signed whom among the certificates of one store. */
import type { X509Certificate } from 'node:crypto';
import { CHAIN_CERTIFICATES_MAX } from './limits.js';
import { isSignedBy } from './names.js';

/**
 * Certificates of one name that are tried as the issuer: a renewed authority has a few, a hostile store
 * thousands.
 */
const NAMESAKES_MAX = 8;

export class IssuerIndex {
  readonly #bySubject = new Map<string, X509Certificate[]>();

  constructor(certificates: readonly X509Certificate[]) {
    for (const certificate of certificates) {
      const namesakes = this.#bySubject.get(certificate.subject);
      if (namesakes === undefined) this.#bySubject.set(certificate.subject, [certificate]);
      else if (namesakes.length < NAMESAKES_MAX) namesakes.push(certificate);
    }
  }

  /** The certificate, the one that signed it, and so on, as far as the store goes. */
  chainFrom(leaf: X509Certificate): X509Certificate[] {
    const chain = [leaf];
    for (let last = leaf; chain.length < CHAIN_CERTIFICATES_MAX && last.subject !== last.issuer; ) {
      const below = last;
      const issuer = this.#bySubject
        .get(below.issuer)
        ?.find((candidate) => !chain.includes(candidate) && isSignedBy(below, candidate));
      if (issuer === undefined) break;
      chain.push(issuer);
      last = issuer;
    }
    return chain;
  }

  /**
   * Whether the store leads from here to a root: by its two names, as OpenSSL knows one; checking 144
   * signatures would take longer than all the rest.
   */
  reachesRoot(certificate: X509Certificate): boolean {
    const last = this.chainFrom(certificate).at(-1);
    return last !== undefined && last.subject === last.issuer;
  }
}
