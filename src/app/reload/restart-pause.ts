import type { Clock } from '../../ports/clock.js';

/** The first pause between two attempts to start a leg; doubles each time. */
const START_AGAIN_MS = 1_000;
const START_AGAIN_MAX_MS = 15_000;

/** The time without a running leg: how long it may last, and the pauses between attempts to end it. */
export class RestartPause {
  readonly #clock: Clock;
  readonly #limitMs: number;
  #startMs = 0;
  #nextMs = START_AGAIN_MS;
  #wake: () => void = () => undefined;

  /** `limitMs`: the most time from the end of a leg until another one runs. */
  constructor(clock: Clock, limitMs: number) {
    this.#clock = clock;
    this.#limitMs = limitMs;
  }

  /** A leg that ran has ended. */
  begin(): void {
    this.#startMs = this.#clock.nowMs();
  }

  /** A leg runs. Returns how long there was none. */
  end(): number {
    this.#nextMs = START_AGAIN_MS;
    return Math.round(this.#clock.nowMs() - this.#startMs);
  }

  /** How long to wait before the next attempt; undefined when the time is up. */
  next(): { readonly inMs: number; readonly leftMs: number } | undefined {
    const leftMs = this.#startMs + this.#limitMs - this.#clock.nowMs();
    if (leftMs <= 0) return undefined;
    const inMs = Math.min(this.#nextMs, leftMs);
    this.#nextMs = Math.min(2 * this.#nextMs, START_AGAIN_MAX_MS);
    return { inMs, leftMs };
  }

  wait(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.#clock.after(delayMs, resolve);
      this.#wake = () => {
        cancel();
        resolve();
      };
    });
  }

  /** Ends a wait at once. */
  wake(): void {
    this.#wake();
  }
}
