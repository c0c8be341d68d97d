import type { Rates } from './progress.js';

/** The rate of now is the mean over this long. */
const WINDOW_MS = 10_000;
/** If samples are closer together than this, the last one is kept, so there are at most about a hundred. */
const SAMPLE_INTERVAL_MS = 200;

interface Sample {
  readonly atMs: number;
  readonly count: number;
}

/** Records per second, from samples of a count that rises. */
export class RateWindow {
  #samples: Sample[] = [];
  /** The last sample before the count rose for the first time. */
  #start: Sample | undefined;
  /** The sample at which it rose last. */
  #risen: Sample | undefined;

  sample(atMs: number, count: number): void {
    const last = this.#samples.at(-1);
    if (last !== undefined && count < last.count) this.#restart();
    else if (last !== undefined && count > last.count) {
      this.#start ??= last;
      this.#risen = { atMs, count };
    }
    const isClose = this.#samples.length > 1 && atMs - (this.#samples.at(-2)?.atMs ?? 0) < SAMPLE_INTERVAL_MS;
    if (isClose) this.#samples.pop();
    this.#samples.push({ atMs, count });
    while ((this.#samples[1]?.atMs ?? Number.POSITIVE_INFINITY) <= atMs - WINDOW_MS) this.#samples.shift();
  }

  /** `isOver`: the time after the last record does not count. */
  rates(isOver: boolean): Rates {
    const [first] = this.#samples;
    const last = this.#samples.at(-1);
    return { now: perSecond(first, last), overall: perSecond(this.#start, isOver ? this.#risen : last) };
  }

  /** The count has fallen: there is other work to do than before. */
  #restart(): void {
    this.#samples = [];
    this.#start = undefined;
    this.#risen = undefined;
  }
}

function perSecond(from: Sample | undefined, to: Sample | undefined): number {
  if (from === undefined || to === undefined || to.atMs <= from.atMs) return 0;
  return ((to.count - from.count) * 1000) / (to.atMs - from.atMs);
}
