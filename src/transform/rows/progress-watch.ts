import type { WorkerContext } from '../context.js';

const INTERVAL_MAX_MS = 250;

/**
 * The worker's own eye on an asynchronous task: nothing finished for the timeout → tell the transforms under
 * way. The main thread ends the worker a second later if that does not help. (A synchronous loop that hangs
 * can only be seen from there.)
 */
export class ProgressWatch {
  readonly #context: WorkerContext;
  readonly #timeoutMs: number;
  readonly #timer: NodeJS.Timeout;
  #progressAt = performance.now();

  constructor(context: WorkerContext, timeoutMs: number) {
    this.#context = context;
    this.#timeoutMs = timeoutMs;
    this.#timer = setInterval(() => this.#look(), Math.min(INTERVAL_MAX_MS, Math.max(1, timeoutMs / 4)));
  }

  progressed(): void {
    this.#progressAt = performance.now();
  }

  stop(): void {
    clearInterval(this.#timer);
  }

  #look(): void {
    this.#context.noticeStop();
    if (performance.now() - this.#progressAt < this.#timeoutMs) return;
    this.#progressAt = performance.now();
    this.#context.abortForTimeout(this.#timeoutMs);
  }
}
