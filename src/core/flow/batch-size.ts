export interface BatchSizeLimits {
  /**
   * A batch never asks for fewer records than this: a worker must have several times as many records as slow
   * asynchronous work processes concurrently.
   */
  readonly recordsMin: number;
  readonly recordsMax: number;
  /** How long a worker should be busy with one batch. */
  readonly workMs: number;
}

/** The weight of earlier measurements when a new batch is measured. */
const MEMORY = 0.75;
const GROWTH = 1.5;
/** An outage of the destination looks like slow delivery. This limits how far batches grow because of it. */
const GROWN_MAX = 10;
/** How fast batches shrink again once their growth is no longer needed. */
const SHRINKAGE = 0.98;

/**
 * How many records the next batch may have. Each batch costs the main thread the same, whatever its size, so
 * fast transforms get large batches. Slow ones get small batches: work spreads over the threads, and a drain
 * or a rebalance does not wait long. Starts small, because nothing is known yet.
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
   * Called when workers idle although the maximum number of batches is in flight: delivery takes longer than
   * the transform, so each batch must be larger.
   */
  tooSmall(): void {
    this.#grown = Math.min(GROWN_MAX, this.#grown * GROWTH);
  }
}
