const BUCKETS = 256;
/** Each bucket is 6 % wider than the one before, so a percentile is exact to 6 %. */
const GROWTH = Math.log(1.06);
const SMALLEST_MS = 0.05;
/** Twelve buckets together are twice as wide as the twelve before. */
const BUCKETS_PER_STEP = 12;

export interface LatencyDistribution {
  readonly steps: readonly { readonly upToMs: number; readonly records: number }[];
  readonly records: number;
  readonly sumMs: number;
}

/**
 * Latencies weighted by records, in buckets of rising width: constant memory, however many latencies are
 * recorded.
 */
export class LatencyHistogram {
  readonly #counts = new Float64Array(BUCKETS);
  #total = 0;
  #sumMs = 0;

  record(latencyMs: number, records: number): void {
    const bucket =
      latencyMs <= SMALLEST_MS
        ? 0
        : Math.min(BUCKETS - 1, Math.ceil(Math.log(latencyMs / SMALLEST_MS) / GROWTH));
    this.#counts[bucket] = (this.#counts[bucket] ?? 0) + records;
    this.#total += records;
    this.#sumMs += latencyMs * records;
  }

  /** How many records took at most `upToMs`, in steps of about a factor of two, and all of them. */
  distribution(): LatencyDistribution {
    const steps: { upToMs: number; records: number }[] = [];
    let records = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      records += this.#counts[bucket] ?? 0;
      if (bucket % BUCKETS_PER_STEP === 0) steps.push({ upToMs: upperBoundMs(bucket), records });
    }
    return { steps, records: this.#total, sumMs: this.#sumMs };
  }

  /**
   * Upper bound in ms of the bucket at which the fraction of all records is reached; 0 when nothing was
   * recorded.
   */
  percentile(fraction: number): number {
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.#counts[bucket] ?? 0;
      if (this.#total > 0 && seen >= fraction * this.#total) return upperBoundMs(bucket);
    }
    return 0;
  }
}

function upperBoundMs(bucket: number): number {
  return Number((SMALLEST_MS * Math.exp(bucket * GROWTH)).toPrecision(3));
}
