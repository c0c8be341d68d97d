/** One sample of a group that a run must not hold up. */
export interface LagSample {
  /** Records that the group has not committed yet. */
  readonly lagRecords: number;
  /** Records that the run has read since the last sample. */
  readonly readRecords: number;
  /** Time since the sample before. */
  readonly elapsedMs: number;
}

/** The lowest rate, whatever the lag. */
const SLOWEST_PER_SECOND = 1;
/** The first rate is this share of the bound per second, so the first second can't use up the bound. */
const START_SHARE = 0.25;
/** At this share of the bound the rate falls, because what was read before is still on its way. */
const HIGH_SHARE = 0.8;
/** How far ahead the lag is extrapolated. */
const OUTLOOK_MS = 1_000;
/** The factor by which the rate rises per second without lag; closer to the bound it rises less. */
const RISE = 2;
/** The same factor, near a rate that was too high. */
const CAREFUL_RISE = 1.3;
/** The factor by which the rate falls per second of too much lag. */
const FALL = 0.25;
/** From this share on, a rate is near one that was too high. */
const NEAR_SHARE = 0.7;
/** The rate stays below this many times what was read lately: a run that idled begins slowly again. */
const SLACK = 4;
/** A run that reads at least this share of the rate is slowed by it. */
const USED_SHARE = 0.7;
/** Half-life of what was read. */
const MEMORY_MS = 2_000;
/** A longer time between two samples counts as this long. */
const ELAPSED_MAX_MS = 2_000;

/**
 * How fast a run may read so that another group's lag stays within its bound. The rate rises until the lag
 * comes near the bound, then falls quickly, and comes back carefully to where that happened.
 */
export class LagController {
  readonly #high: number;
  readonly #start: number;
  #perSecond: number;
  /** From this rate on it rises carefully: slightly more was too much. */
  #careful = Number.POSITIVE_INFINITY;
  #readPerSecond = 0;
  #lag: number | undefined;

  constructor(boundRecords: number) {
    this.#high = boundRecords * HIGH_SHARE;
    this.#start = Math.max(SLOWEST_PER_SECOND, boundRecords * START_SHARE);
    this.#perSecond = this.#start;
  }

  /** Records per second that may be read. */
  get perSecond(): number {
    return this.#perSecond;
  }

  /** The lag keeps the run from reading more. */
  get isSlowing(): boolean {
    const isHigh = this.#careful !== Number.POSITIVE_INFINITY || (this.#lag ?? 0) > this.#high / 2;
    return isHigh && this.#readPerSecond >= this.#perSecond * USED_SHARE;
  }

  /** As slow as a run gets. */
  get isCrawling(): boolean {
    return this.#perSecond === SLOWEST_PER_SECOND && (this.#lag ?? 0) > this.#high;
  }

  sample({ lagRecords, readRecords, elapsedMs }: LagSample): void {
    const elapsed = Math.max(1, elapsedMs);
    const counted = Math.min(elapsed, ELAPSED_MAX_MS);
    const memory = this.#readPerSecond * 0.5 ** (counted / MEMORY_MS);
    this.#readPerSecond = Math.max((readRecords * 1000) / elapsed, memory);
    const trend = (lagRecords - (this.#lag ?? lagRecords)) / elapsed;
    this.#lag = lagRecords;
    const expected = lagRecords + trend * OUTLOOK_MS;
    if (expected > this.#high) this.#fall(counted / 1000);
    // Shrinking, but still high: wait.
    else if (lagRecords <= this.#high)
      this.#rise((counted / 1000) * (1 - Math.max(expected, lagRecords) / this.#high));
  }

  #fall(seconds: number): void {
    const was = Math.min(this.#perSecond, Math.max(this.#readPerSecond, SLOWEST_PER_SECOND));
    this.#careful = was * NEAR_SHARE;
    this.#perSecond = Math.max(SLOWEST_PER_SECOND, was * FALL ** seconds);
  }

  #rise(exponent: number): void {
    const now = this.#perSecond;
    const fast = Math.min(now * RISE ** exponent, Math.max(this.#careful, now));
    const ceiling = Math.max(this.#start, this.#readPerSecond * SLACK);
    this.#perSecond = Math.min(Math.max(fast, now * CAREFUL_RISE ** exponent), ceiling);
  }
}
