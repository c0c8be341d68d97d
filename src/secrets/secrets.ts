/**
 * The secrets that one process knows: made once, passed to whoever shows text. They change while a job runs
 * (a configuration is loaded again, a token is renewed), and older ones may still be quoted for a while.
 */
import { type Redact, redactor } from './redact.js';

/** Configurations whose secrets are known; the oldest goes. */
const GENERATIONS_MAX = 5;
/** Of tokens and the like, which no configuration holds; the oldest goes. */
const MET_MAX = 100;

export class Secrets {
  readonly #generations: (readonly string[])[] = [];
  readonly #met = new Set<string>();
  #redact: Redact | undefined;

  /** Takes every secret that is known by the time of the call out of a text. */
  readonly redact: Redact = (text) => {
    this.#redact ??= redactor([...this.#generations.flat(), ...this.#met]);
    return this.#redact(text);
  };

  /** The secrets of a configuration that was loaded. */
  add(secrets: readonly string[]): void {
    const isKnown = this.#generations.some(
      (known) => known.length === secrets.length && known.every((secret, index) => secret === secrets[index]),
    );
    if (isKnown) return;
    this.#generations.push(secrets);
    if (this.#generations.length > GENERATIONS_MAX) this.#generations.shift();
    this.#redact = undefined;
  }

  /** A secret that came up while running, such as a token. */
  readonly remember = (secret: string): void => {
    this.#met.delete(secret);
    this.#met.add(secret);
    const [oldest] = this.#met;
    if (this.#met.size > MET_MAX && oldest !== undefined) this.#met.delete(oldest);
    this.#redact = undefined;
  };
}
