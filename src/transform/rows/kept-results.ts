/**
 * Maximum number of batches whose results wait here. If one is given up (its worker's next task never comes,
 * or comes late), its results are computed again.
 */
const BATCHES_MAX = 8;

interface Kept {
  readonly firstRow: number;
  readonly results: readonly unknown[];
}

/**
 * Results that were computed but could not be written yet, by batch: their topics are unknown, or there was
 * no room. The next task of the batch begins with them, so that no user function runs twice for a record.
 */
export class KeptResults {
  readonly #byBatch = new Map<number, Kept>();

  /** Results of the rows directly after these, left by `take`, stay with them. */
  keep(batchId: number, firstRow: number, results: readonly unknown[]): void {
    const later = this.#byBatch.get(batchId);
    const isNext = later !== undefined && later.firstRow === firstRow + results.length;
    this.#byBatch.delete(batchId);
    this.#byBatch.set(batchId, { firstRow, results: isNext ? [...results, ...later.results] : results });
    const [oldest] = this.#byBatch.keys();
    if (this.#byBatch.size > BATCHES_MAX && oldest !== undefined) this.#byBatch.delete(oldest);
  }

  /** Takes the results of `[firstRow, endRow)`, as many as there are from `firstRow` on. Later ones stay. */
  take(batchId: number, firstRow: number, endRow: number): readonly unknown[] {
    const kept = this.#byBatch.get(batchId);
    if (kept === undefined || firstRow < kept.firstRow) return [];
    this.#byBatch.delete(batchId);
    const left = kept.results.slice(firstRow - kept.firstRow);
    const count = endRow - firstRow;
    if (left.length > count) this.keep(batchId, endRow, left.slice(count));
    return left.slice(0, count);
  }
}
