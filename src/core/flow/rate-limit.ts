/** Records or bytes per second that a run may read. */
export interface Rate {
  readonly unit: 'records' | 'bytes';
  readonly perSecond: number;
}

/** What may be read at once after a pause: this share of a second, at least one record or byte. */
const BURST_SECONDS = 0.25;
/** What is waited for before more is asked for: fewer, larger batches cost less. */
const STEP_SECONDS = 0.05;

/**
 * Spreads reading over time. What was read beyond the allowance is owed, because the size of a record is only
 * known once it was read.
 */
export class RateLimit {
  readonly #rate: Rate;
  readonly #burst: number;
  readonly #step: number;
  #allowance: number;
  #atMs: number;

  constructor(rate: Rate, nowMs: number) {
    this.#rate = rate;
    this.#burst = Math.max(1, rate.perSecond * BURST_SECONDS);
    this.#step = Math.max(1, rate.perSecond * STEP_SECONDS);
    this.#allowance = this.#burst;
    this.#atMs = nowMs;
  }

  /** How many of `wanted` records may be asked for now; `promised` ones were, and did not arrive yet. */
  records(wanted: number, promised: number, nowMs: number): number {
    this.#refill(nowMs);
    if (this.#rate.unit === 'bytes') return this.#allowance >= this.#step ? wanted : 0;
    const left = Math.floor(this.#allowance) - promised;
    return left < Math.min(wanted, Math.floor(this.#step)) ? 0 : Math.min(wanted, left);
  }

  /** How long until more may be asked for, if nothing is read or promised meanwhile. */
  delayMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = this.#step - this.#allowance;
    return missing <= 0 ? 0 : Math.ceil((missing / this.#rate.perSecond) * 1000);
  }

  took(records: number, bytes: number): void {
    this.#allowance -= this.#rate.unit === 'records' ? records : bytes;
  }

  #refill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#allowance = Math.min(this.#burst, this.#allowance + seconds * this.#rate.perSecond);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
