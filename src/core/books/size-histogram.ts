export interface SizeDistribution {
  readonly steps: readonly { readonly upTo: number; readonly count: number }[];
  readonly count: number;
  readonly sum: number;
}

/** Sizes in buckets of which each is twice as wide as the one before: constant memory. */
export class SizeHistogram {
  readonly #bounds: readonly number[];
  readonly #counts: Float64Array;
  #count = 0;
  #sum = 0;

  /** `smallest`: the upper bound of the first bucket; what exceeds the last one is only in the totals. */
  constructor(smallest: number, buckets: number) {
    this.#bounds = Array.from({ length: buckets }, (_, step) => smallest * 2 ** step);
    this.#counts = new Float64Array(buckets);
  }

  saw(size: number): void {
    const bucket = this.#bounds.findIndex((bound) => size <= bound);
    if (bucket >= 0) this.#counts[bucket] = (this.#counts[bucket] ?? 0) + 1;
    this.#count += 1;
    this.#sum += size;
  }

  /** How many were at most `upTo`, and all of them. */
  distribution(): SizeDistribution {
    let count = 0;
    const steps = this.#bounds.map((upTo, bucket) => {
      count += this.#counts[bucket] ?? 0;
      return { upTo, count };
    });
    return { steps, count: this.#count, sum: this.#sum };
  }
}
