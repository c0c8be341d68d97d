/**
 * The secrets that a process knows, passed to all code that shows text. They change while a job runs (a
 * configuration is reloaded, a token is renewed), and older ones may still be quoted for a while.
 */
import { type Redact, redactor } from './redact.js';

/** Configurations whose secrets are kept; the oldest is dropped. */
const GENERATIONS_MAX = 5;
/** Tokens and the like, which no configuration holds; the oldest is dropped. */
const MET_MAX = 100;

export class Secrets {
  readonly #generations: (readonly string[])[] = [];
  readonly #met = new Set<string>();
  #redact: Redact | undefined;

  /** Removes every secret known at the time of the call from a text. */
  readonly redact: Redact = (text) => {
    this.#redact ??= redactor([...this.#generations.flat(), ...this.#met]);
    return this.#redact(text);
  };

  /** Adds the secrets of a loaded configuration. */
  add(secrets: readonly string[]): void {
    const isKnown = this.#generations.some(
      (known) => known.length === secrets.length && known.every((secret, index) => secret === secrets[index]),
    );
    if (isKnown) return;
    this.#generations.push(secrets);
    if (this.#generations.length > GENERATIONS_MAX) this.#generations.shift();
    this.#redact = undefined;
  }

  /** Adds a secret that appeared at run time, such as a token. */
  readonly remember = (secret: string): void => {
    this.#met.delete(secret);
    this.#met.add(secret);
    const [oldest] = this.#met;
    if (this.#met.size > MET_MAX && oldest !== undefined) this.#met.delete(oldest);
    this.#redact = undefined;
  };
}
