export interface BatchSizeLimits {
  /**
   * Asked for in any case: batches of slow asynchronous work must be several times what is under way at once.
   */
  readonly recordsMin: number;
  readonly recordsMax: number;
  /** A worker should be busy with one batch about this long. */
  readonly workMs: number;
}

/** Of what was seen before, this much still counts when the next batch is seen. */
const MEMORY = 0.75;
const GROWTH = 1.5;
/**
 * An outage of the destination looks like slow delivery: what comes after it must not be larger than this.
 */
const GROWN_MAX = 10;
/** Growth that is no longer needed is given up gradually. */
const SHRINKAGE = 0.98;

/**
 * How many records the next batch may bring. Each batch costs the main thread the same, whatever is in it, so
 * fast transforms get large ones; slow ones get small ones, so that work spreads over the threads, and a
 * drain or a rebalance waits for little. Begins small: nothing is known yet.
 */
export class BatchSize {
  readonly #limits: BatchSizeLimits;
  #records = 0;
  #workMs = 0;
  #grown = 1;

  constructor(limits: BatchSizeLimits) {
    this.#limits = limits;
  }

  get recordsMax(): number {
    const { recordsMin, recordsMax, workMs } = this.#limits;
    if (this.#records === 0) return Math.min(recordsMin, recordsMax);
    if (this.#workMs === 0) return recordsMax;
    const wanted = Math.floor((this.#records * workMs * this.#grown) / this.#workMs);
    return Math.min(Math.max(wanted, recordsMin), recordsMax);
  }

  /** A worker was busy with a batch of `records` for `workMs`. */
  saw(records: number, workMs: number): void {
    this.#records = this.#records * MEMORY + records;
    this.#workMs = this.#workMs * MEMORY + workMs;
    this.#grown = Math.max(1, this.#grown * SHRINKAGE);
  }

  /**
   * Workers idle although as many batches are in flight as may be: delivery takes longer than the work, so
   * each must bring more of it.
   */
  tooSmall(): void {
    this.#grown = Math.min(GROWN_MAX, this.#grown * GROWTH);
  }
}
