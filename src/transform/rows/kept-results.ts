/**
 * Batches whose results wait here at most. One that is given up (its worker's next task never comes, or comes
 * late) is computed again.
 */
const BATCHES_MAX = 8;

interface Kept {
  readonly firstRow: number;
  readonly results: readonly unknown[];
}

/**
 * Results that were computed and could not be written yet, by batch: their topics are not known, or there was
 * no room left. The next task of the batch begins with them, so that no function of the user runs twice for a
 * record.
 */
export class KeptResults {
  readonly #byBatch = new Map<number, Kept>();

  keep(batchId: number, firstRow: number, results: readonly unknown[]): void {
    this.#byBatch.delete(batchId);
    this.#byBatch.set(batchId, { firstRow, results });
    const [oldest] = this.#byBatch.keys();
    if (this.#byBatch.size > BATCHES_MAX && oldest !== undefined) this.#byBatch.delete(oldest);
  }

  /** Those of `[firstRow, endRow)`, from its beginning on; what lies behind stays. */
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
