/** Finds the issuer of each certificate within one store. */
import type { X509Certificate } from 'node:crypto';
import { CHAIN_CERTIFICATES_MAX } from './limits.js';
import { isSignedBy } from './names.js';

/**
 * Certificates of one name that are tried as the issuer: a renewed authority has a few, a malicious store may
 * have thousands.
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

  /** The certificate, its issuer, and so on, as far as the store contains them. */
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
   * Whether the store's certificates lead from here to a root. Compares names only, as OpenSSL does to find a
   * root: checking 144 signatures would take longer than everything else.
   */
  reachesRoot(certificate: X509Certificate): boolean {
    const last = this.chainFrom(certificate).at(-1);
    return last !== undefined && last.subject === last.issuer;
  }
}
