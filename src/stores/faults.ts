/**
 * What can be wrong with a store: a closed set, each error with the file, the fault and what to do. Passwords
 * and key bytes never enter a text.
 */
import { DispatcherError } from '../core/errors.js';

export type StoreFault =
  /** The password does not fit (or what it protects was altered, which looks the same). */
  | 'wrong-password'
  /** Nothing can be read without a password, and none was given. */
  | 'password-missing'
  /** The file ends in the middle. */
  | 'truncated'
  /** The bytes are not what they claim to be. */
  | 'damaged'
  /** A kind of store that is recognised and not read: JCEKS, BCFKS, BKS, PKCS#7. */
  | 'unsupported-kind'
  /** The store is fine, but protected in a way that is not read. */
  | 'unsupported-algorithm'
  /** A count, a size or a number of iterations that no real store has. */
  | 'limit'
  | 'empty'
  | 'not-a-store'
  /** A directory, a pipe, a device. */
  | 'not-a-file'
  /** Missing, or no right to read it. */
  | 'unreadable'
  | 'no-certificates'
  | 'no-key'
  | 'several-keys'
  /** The private key belongs to none of the certificates. */
  | 'key-mismatch';

/** Exit code 2: trying again does not help, another file or password does. */
export class StoreError extends DispatcherError {
  readonly fault: StoreFault;
  readonly file: string;

  constructor(
    fault: StoreFault,
    file: string,
    message: string,
    options: { remedy: string; cause?: unknown },
  ) {
    super('CONFIGURATION', `${file}: ${message}`, options);
    this.fault = fault;
    this.file = file;
  }
}
