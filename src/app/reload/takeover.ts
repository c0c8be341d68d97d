import type { Revision } from './leg.js';

/** Which configuration is used, which one ran last, and which one is to take over. */
export class Takeover<Config> {
  #current: Revision<Config>;
  #proven: Revision<Config> | undefined;
  #pending: Revision<Config> | undefined;
  #answer: () => void = () => undefined;

  constructor(first: Revision<Config>) {
    this.#current = first;
  }

  get current(): Revision<Config> {
    return this.#current;
  }

  /** The last configuration whose leg ran. */
  get proven(): Revision<Config> | undefined {
    return this.#proven;
  }

  /** The current configuration has run before. */
  get isProven(): boolean {
    return this.#current.fingerprint === this.#proven?.fingerprint;
  }

  get hasPending(): boolean {
    return this.#pending !== undefined;
  }

  /** Resolves when it runs or was given up. */
  request(revision: Revision<Config>): Promise<void> {
    return new Promise((resolve) => {
      this.#pending = revision;
      this.#answer = resolve;
    });
  }

  take(): Revision<Config> | undefined {
    const revision = this.#pending;
    this.#pending = undefined;
    return revision;
  }

  begin(revision: Revision<Config>): void {
    this.#current = revision;
  }

  /** The current configuration runs. False: another one was requested while no leg could be replaced. */
  runs(): boolean {
    this.#proven = this.#current;
    if (this.#pending !== undefined && this.#pending.fingerprint !== this.#current.fingerprint) return false;
    this.#pending = undefined;
    this.#answer();
    return true;
  }

  /** Answers the request, whatever the result. */
  answer(): void {
    this.#answer();
  }
}
