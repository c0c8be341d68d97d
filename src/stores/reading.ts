/** One read of one store: its file name for messages, and the limits that apply to it. */
import { StoreError, type StoreFault } from './faults.js';
import { DER_ELEMENTS_MAX, ITERATIONS_MAX, ITERATIONS_TOTAL_MAX, SALT_BYTES_MAX } from './limits.js';
import { shellWord } from './shell-word.js';

export class Reading {
  readonly file: string;
  #derElements = 0;
  #iterations = 0;

  constructor(file: string) {
    this.file = file;
  }

  truncated(where: string): StoreError {
    return this.error(
      'truncated',
      `is truncated (${where})`,
      'copy it again, and compare its size with the original',
    );
  }

  damaged(what: string, cause?: unknown): StoreError {
    return this.error(
      'damaged',
      `is damaged: ${what}`,
      'copy it again from its origin, in binary mode',
      cause,
    );
  }

  limit(what: string): StoreError {
    return this.error(
      'limit',
      `${what}; no real store needs that`,
      'create the store again; if it is not yours, do not trust it',
    );
  }

  wrongPassword(
    what: string,
    remedy = 'check the password: does it belong to another environment or store, or does it contain ' +
      'quotes or a line end?',
  ): StoreError {
    return this.error('wrong-password', what, remedy);
  }

  passwordMissing(what: string, property: string): StoreError {
    return this.error('password-missing', what, `set its password (${property})`);
  }

  unsupportedAlgorithm(what: string): StoreError {
    const remedy =
      `convert it: keytool -importkeystore -srckeystore ${shellWord(this.file)} ` +
      `-destkeystore new.p12 -deststoretype PKCS12`;
    return this.error('unsupported-algorithm', what, remedy);
  }

  error(fault: StoreFault, message: string, remedy: string, cause?: unknown): StoreError {
    return new StoreError(fault, this.file, message, cause === undefined ? { remedy } : { remedy, cause });
  }

  /** Counts each DER element: limits the time for many nested, tiny elements. */
  countElement(): void {
    this.#derElements += 1;
    if (this.#derElements > DER_ELEMENTS_MAX)
      throw this.limit(`has more than ${DER_ELEMENTS_MAX} DER elements`);
  }

  /**
   * Checked before a key is derived: the iterations that the file demands, and the blocks of hash output that
   * they produce.
   */
  spendIterations(iterations: number, blocks: number): void {
    if (!Number.isSafeInteger(iterations) || iterations < 1)
      throw this.damaged('a key derivation has no valid number of iterations');
    this.#iterations += iterations * blocks;
    if (iterations > ITERATIONS_MAX)
      throw this.limit(`asks for ${iterations} iterations to derive a key (at most ${ITERATIONS_MAX})`);
    if (this.#iterations > ITERATIONS_TOTAL_MAX)
      throw this.limit(
        `asks for ${this.#iterations} iterations in all to derive its keys (at most ${ITERATIONS_TOTAL_MAX})`,
      );
  }

  checkSalt(salt: Buffer): Buffer {
    if (salt.length > SALT_BYTES_MAX) throw this.limit(`has a salt of ${salt.length} bytes`);
    return salt;
  }
}
