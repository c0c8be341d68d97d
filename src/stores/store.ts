/** What a store holds, whatever its kind. */
import type { KeyObject, X509Certificate } from 'node:crypto';
import type { StoreError } from './faults.js';

export type StoreKind = 'jks' | 'pkcs12' | 'pem';

export interface StoreOptions {
  /** For messages. */
  readonly file: string;
  /** Of the store. Absent: integrity is not checked. Empty is a password, too. */
  readonly password?: string;
  /** Of the private keys, where it is not the store's. */
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
 * - `certificate`: Java passes over it in silence (a PKCS#12 certificate without the trusted-key-usage
 * attribute, and of no key's chain)
 * - `key`: a private key with its chain; Java trusts the leaf
 */
export type StoreEntryType = 'trusted' | 'certificate' | 'key';

export interface StoreEntry {
  readonly alias: string;
  readonly type: StoreEntryType;
  /** One; of a key its chain as stored, perhaps none. */
  readonly certificates: readonly X509Certificate[];
  /**
   * Of type `key` only: the key, or why it could not be opened (whoever only wants to trust need not care).
   */
  readonly key?: KeyObject | StoreError;
}
