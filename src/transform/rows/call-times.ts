import type { CallContext } from '../context.js';
import { type Rejected, refuse } from '../results/rejected.js';

const LOOK_INTERVAL_MAX_MS = 100;
/** Checks per `timeout`: how precisely it is kept. */
const LOOKS_PER_TIMEOUT = 10;
/** A gap between two checks counts for at most this many intervals. */
const GAP_INTERVALS_MAX = 2;

interface Call {
  readonly context: CallContext;
  readonly beganMs: number;
  readonly late: (rejected: Rejected) => void;
}

/**
 * The running asynchronous calls of a task, each with its own time limit (`dispatcher.timeout`). When it is
 * exceeded, the call's signal fires and only its record is rejected; a later answer is ignored. One timer
 * serves all. While this thread's event loop is blocked no answer can be read, so a gap counts for two
 * intervals at most: one record's blocking call does not use up its neighbours' time.
 */
export class CallTimes {
  readonly #timeoutMs: number;
  readonly #intervalMs: number;
  readonly #timer: NodeJS.Timeout;
  /** Calls by row, the oldest first. */
  readonly #calls = new Map<number, Call>();
  #nowMs = 0;
  #lookedAtMs = performance.now();

  constructor(timeoutMs: number) {
    this.#timeoutMs = timeoutMs;
    this.#intervalMs = Math.min(LOOK_INTERVAL_MAX_MS, Math.max(1, timeoutMs / LOOKS_PER_TIMEOUT));
    this.#timer = setInterval(() => this.#look(), this.#intervalMs);
  }

  begin(row: number, context: CallContext, late: (rejected: Rejected) => void): void {
    // Counted from the next check on, so that a call never has less than its full time.
    this.#calls.set(row, { context, beganMs: this.#nowMs + this.#intervalMs, late });
  }

  /** False if the call has timed out: its answer is no longer used. */
  end(row: number): boolean {
    return this.#calls.delete(row);
  }

  /** Settles as `answer` does, or rejects if that takes too long. */
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

/** Whatever was thrown is rethrown unchanged. */
function asThrown(thrown: unknown): Error {
  return thrown as Error;
}
