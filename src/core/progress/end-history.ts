/** How many ends are kept; when there is one more, every other one is dropped. */
const ENDS_MAX = 64;

interface SeenEnd {
  readonly atMs: number;
  readonly end: number;
}

/**
 * When the end of a partition was where, to say how old its first unsettled record is without looking at
 * timestamps, which producers set as they like. What was there before the first look counts from the first
 * look, so a lag in time is a lower bound.
 */
export class EndHistory {
  #ends: SeenEnd[] = [];

  /** `end`: the offset after the last record; lower than before: the log is another one, or was cut. */
  see(atMs: number, end: number): void {
    const last = this.#ends.at(-1);
    if (last !== undefined && end < last.end) this.#ends = [];
    else if (last?.end === end) return;
    this.#ends.push({ atMs, end });
    if (this.#ends.length > ENDS_MAX) this.#ends = this.#ends.filter((_, index) => index % 2 === 0);
  }

  /** How long the record at this offset has been there; 0: there is none yet. */
  ageMs(offset: number, nowMs: number): number {
    const first = this.#ends.find(({ end }) => end > offset);
    return first === undefined ? 0 : Math.max(0, nowMs - first.atMs);
  }
}
