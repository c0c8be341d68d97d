/** The contents of a store, of any kind. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { StoreError } from './faults.js';

export type StoreKind = 'jks' | 'pkcs12' | 'pem';

export interface StoreOptions {
  /** For messages. */
  readonly file: string;
  /** Password of the store. Without one, integrity is not checked. Empty is a password, too. */
  readonly password?: string;
  /** Password of the private keys, if it differs from the store's. */
  readonly keyPassword?: string;
}

export interface Store {
  readonly kind: StoreKind;
  readonly file: string;
  readonly entries: readonly StoreEntry[];
  /**
   * Warnings about the store itself; its use as a truststore or keystore may add more.
   */
  readonly warnings: readonly string[];
}

/**
 * - `trusted`: Java trusts it
 * - `certificate`: Java skips it silently (a PKCS#12 certificate without the trusted-key-usage attribute
 *   that belongs to no key's chain)
 * - `key`: a private key with its chain; Java trusts the leaf
 */
export type StoreEntryType = 'trusted' | 'certificate' | 'key';

export interface StoreEntry {
  readonly alias: string;
  readonly type: StoreEntryType;
  /** One certificate; for a key its chain as stored, possibly empty. */
  readonly certificates: readonly X509Certificate[];
  /** Only for type `key`: the key, or the reason why it could not be opened (irrelevant for a truststore). */
  readonly key?: KeyObject | StoreError;
}
