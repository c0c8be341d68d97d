/** Answers per second: a client in a loop must not take the main thread from the records. */
const PER_SECOND = 50;
const AT_ONCE_MAX = 100;

export class RequestBudget {
  #left = AT_ONCE_MAX;
  #atMs: number | undefined;

  /** False: this request must wait. */
  take(nowMs: number): boolean {
    const elapsedMs = nowMs - (this.#atMs ?? nowMs);
    this.#atMs = nowMs;
    this.#left = Math.min(AT_ONCE_MAX, this.#left + (elapsedMs * PER_SECOND) / 1000);
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
