/** Records of a topic that no receipt lists. */
import { hashMarks, hashTwins } from '../../compose/receipts.js';
import { offsetsOf } from './offsets-of.js';

/** More are counted only: what they are is not found out. */
const RECORDS_MAX = 1_000_000;
const SUM_BYTES = 16;

export interface UnlistedRecord {
  readonly partition: number;
  readonly offset: number;
  readonly mark: number;
  /** Equal for records that differ in nothing but their time. */
  readonly twin: number;
  /** A listed record is its twin. */
  isTwin: boolean;
}

export class Unlisted {
  readonly records: UnlistedRecord[] = [];
  readonly #byTwin = new Map<number, UnlistedRecord[]>();
  count = 0;

  add(partition: number, block: Uint8Array, firstRow: number, rowCount: number): void {
    this.count += rowCount;
    if (this.records.length + rowCount > RECORDS_MAX) return;
    const twins = hashTwins(block, firstRow, rowCount);
    const marks = hashMarks(block, firstRow, rowCount).subarray(SUM_BYTES);
    const offsets = offsetsOf(block, firstRow, rowCount);
    for (let row = 0; row < rowCount; row++) {
      const twin = twins[row] ?? 0;
      const record = { partition, offset: offsets[row] ?? 0, mark: marks[row] ?? 0, twin, isTwin: false };
      this.records.push(record);
      const same = this.#byTwin.get(twin);
      if (same === undefined) this.#byTwin.set(twin, [record]);
      else same.push(record);
    }
  }

  /** Compares listed rows with all records that are not listed. */
  compare(block: Uint8Array, firstRow: number, rowCount: number): void {
    const twins = hashTwins(block, firstRow, rowCount);
    for (const twin of twins) {
      const same = this.#byTwin.get(twin);
      if (same === undefined) continue;
      for (const record of same) record.isTwin = true;
      this.#byTwin.delete(twin);
    }
  }

  get allAreTwins(): boolean {
    return this.#byTwin.size === 0;
  }
}
