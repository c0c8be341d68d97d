import { type Rate, RateLimit } from './rate-limit.js';

/**
 * How fast a run reads: at most its own rate, and at most the rate that other groups' lags allow at the
 * moment.
 */
export class ReadingPace {
  readonly #own: RateLimit | undefined;
  #left: RateLimit | undefined;
  #leftPerSecond: number | undefined;

  /** Undefined: no rate of its own. */
  constructor(own: Rate | undefined, nowMs: number) {
    this.#own = own === undefined ? undefined : new RateLimit(own, nowMs);
  }

  /** Records per second that other groups' lags allow; undefined: no limit. */
  limit(perSecond: number | undefined, nowMs: number): void {
    if (perSecond === this.#leftPerSecond) return;
    this.#leftPerSecond = perSecond;
    if (perSecond === undefined) this.#left = undefined;
    else if (this.#left === undefined) this.#left = new RateLimit({ unit: 'records', perSecond }, nowMs);
    else this.#left.change(perSecond, nowMs);
  }

  get isLimited(): boolean {
    return this.#own !== undefined || this.#left !== undefined;
  }

  /** How many of `wanted` records may be requested now. `promised`: requested, but not here yet. */
  records(wanted: number, promised: number, nowMs: number): number {
    const own = this.#own?.records(wanted, promised, nowMs) ?? wanted;
    return this.#left?.records(own, promised, nowMs) ?? own;
  }

  /** How long until more may be asked for, if nothing is read or promised meanwhile. */
  delayMs(nowMs: number): number {
    return Math.max(this.#own?.delayMs(nowMs) ?? 0, this.#left?.delayMs(nowMs) ?? 0);
  }

  took(records: number, bytes: number): void {
    this.#own?.took(records, bytes);
    // A block that was asked for at a faster pace must not be paid for long at a slower one.
    this.#left?.took(Math.min(records, Math.max(1, this.#leftPerSecond ?? records)), bytes);
  }
}
