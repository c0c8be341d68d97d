/** Records or bytes per second that a run may read. */
export interface Rate {
  readonly unit: 'records' | 'bytes';
  readonly perSecond: number;
}

/** After a pause, this share of a second may be read at once, but at least one record or byte. */
const BURST_SECONDS = 0.25;
/** Reading waits until this much is allowed: fewer, larger batches cost less. */
const STEP_SECONDS = 0.05;

/**
 * Spreads reading over time. What was read beyond the allowance is owed, because the size of a record is
 * known only after reading it.
 */
export class RateLimit {
  readonly #unit: Rate['unit'];
  #perSecond: number;
  #allowance: number;
  #atMs: number;

  constructor({ unit, perSecond }: Rate, nowMs: number) {
    this.#unit = unit;
    this.#perSecond = perSecond;
    this.#allowance = this.#burst;
    this.#atMs = nowMs;
  }

  /**
   * Changes the rate. What is owed at the old one is forgiven: after a fast rate a slow one would
   * take too long to pay it.
   */
  change(perSecond: number, nowMs: number): void {
    this.#refill(nowMs);
    this.#perSecond = perSecond;
    this.#allowance = Math.min(Math.max(0, this.#allowance), this.#burst);
  }

  /**
   * How many of `wanted` records may be requested now. `promised`: requested, but not here
   * yet.
   */
  records(wanted: number, promised: number, nowMs: number): number {
    this.#refill(nowMs);
    if (this.#unit === 'bytes') return this.#allowance >= this.#step ? wanted : 0;
    const left = Math.floor(this.#allowance) - promised;
    return left < Math.min(wanted, Math.floor(this.#step)) ? 0 : Math.min(wanted, left);
  }

  /** How long until more may be asked for, if nothing is read or promised meanwhile. */
  delayMs(nowMs: number): number {
    this.#refill(nowMs);
    const missing = this.#step - this.#allowance;
    return missing <= 0 ? 0 : Math.ceil((missing / this.#perSecond) * 1000);
  }

  took(records: number, bytes: number): void {
    this.#allowance -= this.#unit === 'records' ? records : bytes;
  }

  get #burst(): number {
    return Math.max(1, this.#perSecond * BURST_SECONDS);
  }

  get #step(): number {
    return Math.max(1, this.#perSecond * STEP_SECONDS);
  }

  #refill(nowMs: number): void {
    const seconds = Math.max(0, nowMs - this.#atMs) / 1000;
    this.#allowance = Math.min(this.#burst, this.#allowance + seconds * this.#perSecond);
    this.#atMs = Math.max(this.#atMs, nowMs);
  }
}
