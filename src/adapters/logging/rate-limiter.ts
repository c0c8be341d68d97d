/**
 * Lets the first few of equal messages through and counts the rest, so that an error per record can't fill a
 * disk.
 */

export interface RateLimits {
  /** How many messages of one key pass per window. */
  readonly passedMax: number;
  readonly windowMs: number;
  /** How many keys are tracked; when there are more, the oldest is dropped after its summary. */
  readonly keysMax: number;
}

export const RATE_LIMITS: RateLimits = { passedMax: 10, windowMs: 60_000, keysMax: 1_000 };

interface Window<Subject> {
  readonly subject: Subject;
  readonly startedAtMs: number;
  passed: number;
  suppressed: number;
}

export interface Suppressed<Subject> {
  /** The subject of the first message with this key. */
  readonly subject: Subject;
  /** How many messages were suppressed. */
  readonly count: number;
  readonly elapsedMs: number;
}

export class RateLimiter<Subject> {
  readonly #limits: RateLimits;
  readonly #windows = new Map<string, Window<Subject>>();

  constructor(limits: RateLimits = RATE_LIMITS) {
    this.#limits = limits;
  }

  /** Whether this message may pass, and the suppressed messages of the window that it closes. */
  admit(
    key: string,
    subject: Subject,
    nowMs: number,
  ): { readonly pass: boolean; readonly ended: readonly Suppressed<Subject>[] } {
    const ended = this.expire(nowMs);
    let window = this.#windows.get(key);
    if (window === undefined) {
      if (this.#windows.size >= this.#limits.keysMax) this.#evictOldest(nowMs, ended);
      window = { subject, startedAtMs: nowMs, passed: 0, suppressed: 0 };
      this.#windows.set(key, window);
    }
    const pass = window.passed < this.#limits.passedMax;
    if (pass) window.passed += 1;
    else window.suppressed += 1;
    return { pass, ended };
  }

  /** Closes the windows that have ended; windows are in the order in which they began. */
  expire(nowMs: number): Suppressed<Subject>[] {
    const ended: Suppressed<Subject>[] = [];
    for (const [key, window] of this.#windows) {
      if (nowMs - window.startedAtMs < this.#limits.windowMs) break;
      this.#close(key, window, nowMs, ended);
    }
    return ended;
  }

  /** Closes all windows. */
  drain(nowMs: number): Suppressed<Subject>[] {
    const ended: Suppressed<Subject>[] = [];
    for (const [key, window] of this.#windows) this.#close(key, window, nowMs, ended);
    return ended;
  }

  get suppressing(): boolean {
    for (const window of this.#windows.values()) if (window.suppressed > 0) return true;
    return false;
  }

  #evictOldest(nowMs: number, ended: Suppressed<Subject>[]): void {
    const oldest = this.#windows.entries().next();
    if (oldest.done !== true) this.#close(oldest.value[0], oldest.value[1], nowMs, ended);
  }

  #close(key: string, window: Window<Subject>, nowMs: number, ended: Suppressed<Subject>[]): void {
    this.#windows.delete(key);
    if (window.suppressed > 0)
      ended.push({
        subject: window.subject,
        count: window.suppressed,
        elapsedMs: nowMs - window.startedAtMs,
      });
  }
}
