/**
 * The faults of a store: a closed set, each error with the file, the fault and what to do. Passwords and key
 * bytes never appear in a text.
 */
import { DispatcherError } from '../core/errors.js';

export type StoreFault =
  /** The password is wrong (or the protected data was altered, which looks the same). */
  | 'wrong-password'
  /** Nothing can be read without a password, but none was given. */
  | 'password-missing'
  /** The file is truncated. */
  | 'truncated'
  /** The bytes do not match their format. */
  | 'damaged'
  /** A kind of store that is recognised but not supported: JCEKS, BCFKS, BKS, PKCS#7. */
  | 'unsupported-kind'
  /** The store is valid, but its protection is not supported. */
  | 'unsupported-algorithm'
  /** A count, size or number of iterations that no real store has. */
  | 'limit'
  | 'empty'
  | 'not-a-store'
  /** A directory, a pipe, a device. */
  | 'not-a-file'
  /** Missing, or not readable by this user. */
  | 'unreadable'
  | 'no-certificates'
  | 'no-key'
  | 'several-keys'
  /** The private key matches none of the certificates. */
  | 'key-mismatch';

/** Exit code 2: trying again does not help; another file or password does. */
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
