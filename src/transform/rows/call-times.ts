import type { CallContext } from '../context.js';
import { type Rejected, refuse } from '../results/rejected.js';

const LOOK_INTERVAL_MAX_MS = 100;
/** Looks within one `timeout`: how precisely it is kept. */
const LOOKS_PER_TIMEOUT = 10;
/** What a gap between two looks counts for at most. */
const GAP_INTERVALS_MAX = 2;

interface Call {
  readonly context: CallContext;
  readonly beganMs: number;
  readonly late: (rejected: Rejected) => void;
}

/**
 * The asynchronous calls of a task that are under way, each with a time of its own (`dispatcher.timeout`).
 * Past it the call's signal fires and its record alone is rejected; whatever the call answers later is
 * ignored. One timer serves all. While this thread's loop is blocked no answer can be read, so a gap counts
 * for two looks at most: one record's blocking call does not use up its neighbours' time.
 */
export class CallTimes {
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #timer: NodeJS.Timeout;
  /** By row, oldest first. */
  readonly #calls = new Map<number, Call>();
  #nowMs = 0;
  #lookedAtMs = performance.now();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#intervalMs = Math.min(LOOK_INTERVAL_MAX_MS, Math.max(1, timeoutMs / LOOKS_PER_TIMEOUT));
    this.#timer = setInterval(() => this.#look(), this.#intervalMs);
  }

  begin(row: number, context: CallContext, late: (rejected: Rejected) => void): void {
    // Counted from the next look on: a call never has less than its time.
    this.#calls.set(row, { context, beganMs: this.#nowMs + this.#intervalMs, late });
  }

  /** False when the call has had its time: its answer is of no use any more. */
  end(row: number): boolean {
    return this.#calls.delete(row);
  }

  /** Settles as `answer` does; with a rejection when that takes too long. */
  within(row: number, context: CallContext, answer: PromiseLike<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.begin(row, context, resolve);
      answer.then(
        (value) => (this.end(row) ? resolve(value) : undefined),
        (thrown: unknown) => (this.end(row) ? reject(asThrown(thrown)) : undefined),
      );
    });
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    const now = performance.now();
    this.#nowMs += Math.min(now - this.#lookedAtMs, GAP_INTERVALS_MAX * this.#intervalMs);
    this.#lookedAtMs = now;
    for (const [row, { context, beganMs, late }] of this.#calls) {
      context.noticeStop();
      if (this.#nowMs - beganMs < this.#timeoutMs) continue;
      this.#calls.delete(row);
      context.timeOut(this.#timeoutMs);
      late(timedOut(this.#timeoutMs));
    }
  }
}

function timedOut(timeoutMs: number): Rejected {
  return refuse(
    'transform',
    'TIMEOUT',
    `the transform did not finish this record within ${timeoutMs} ms (dispatcher.timeout)`,
  );
}

/** Whatever it is, it goes on as it was thrown. */
function asThrown(thrown: unknown): Error {
  return thrown as Error;
}
