import { PoolLimits } from './settings.js';

/**
 * Checks running tasks at an interval. Piscina's threads do not keep the process alive, least of all while
 * one is being replaced, but a waiting task must: this timer does it.
 */
export class WatchTimer {
  readonly #look: (elapsedMs: number) => void;
  #timer: NodeJS.Timeout | undefined;
  #lookedAt = 0;

  constructor(look: (elapsedMs: number) => void) {
    this.#look = look;
  }

  /** There are tasks. */
  hold(): void {
    if (this.#timer !== undefined) {
      this.#timer.ref();
      return;
    }
    this.#lookedAt = performance.now();
    this.#timer = setInterval(() => {
      const now = performance.now();
      // A blocked main thread has not read answers either: such a gap counts as one interval.
      const elapsedMs = Math.min(now - this.#lookedAt, 2 * PoolLimits.watchIntervalMs);
      this.#lookedAt = now;
      this.#look(elapsedMs);
    }, PoolLimits.watchIntervalMs);
  }

  /** No task is waiting: the process may end. */
  letGo(): void {
    this.#timer?.unref();
  }

  stop(): void {
    clearInterval(this.#timer);
  }
}
