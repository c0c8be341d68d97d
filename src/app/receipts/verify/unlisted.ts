/** Records of a topic that no receipt lists. */
import { type TableRecord, TwinTable } from '../../../core/receipts/twin-table.js';
import { hashMarks, hashTwins } from '../../compose/receipts.js';
import { offsetsOf } from './offsets-of.js';

/** Beyond this, records are only counted, and the report says so. About 240 MB. */
const RECORDS_MAX = 8_000_000;
/** Records without a twin that may have come from another partition. */
const ARRIVED_MAX = 100_000;
const SUM_BYTES = 16;

export interface UnlistedGroup {
  readonly partition: number;
  /** Of the first one. */
  offset: number;
  records: number;
}

export class Unlisted {
  readonly #table = new TwinTable();
  #count = 0;

  get count(): number {
    return this.#count;
  }

  /** How many are beyond the limit. */
  get untold(): number {
    return this.#count - this.#table.size;
  }

  get isEmpty(): boolean {
    return this.#table.size === 0;
  }

  /** Records that equal a listed one. */
  get allAreTwins(): boolean {
    return this.#table.allFound;
  }

  get twins(): number {
    let twins = 0;
    for (const { isTwin } of this.#table.records()) if (isTwin) twins += 1;
    return twins;
  }

  add(partition: number, block: Uint8Array, firstRow: number, rowCount: number): void {
    this.#count += rowCount;
    if (this.#table.size + rowCount > RECORDS_MAX) return;
    const twins = hashTwins(block, firstRow, rowCount);
    const marks = hashMarks(block, firstRow, rowCount).subarray(SUM_BYTES);
    const offsets = offsetsOf(block, firstRow, rowCount);
    for (let row = 0; row < rowCount; row++)
      this.#table.add(twins[row] ?? 0, partition, offsets[row] ?? 0, marks[row] ?? 0);
  }

  /** Compares listed rows with all records that are not listed. */
  compare(block: Uint8Array, firstRow: number, rowCount: number): void {
    for (const twin of hashTwins(block, firstRow, rowCount)) this.#table.see(twin);
  }

  /** Those that equal no listed record, as far as they may have come from another partition. */
  arrived(): readonly TableRecord[] {
    const arrived: TableRecord[] = [];
    for (const record of this.#table.records()) {
      if (!record.isTwin) arrived.push(record);
      if (arrived.length === ARRIVED_MAX) break;
    }
    return arrived;
  }

  /** By partition. `counts`: which of them. */
  groups(counts: (record: TableRecord) => boolean): readonly UnlistedGroup[] {
    const groups = new Map<number, UnlistedGroup>();
    for (const record of this.#table.records()) {
      if (!counts(record)) continue;
      const { partition, offset } = record;
      const group = groups.get(partition);
      if (group === undefined) groups.set(partition, { partition, offset, records: 1 });
      else {
        group.records += 1;
        group.offset = Math.min(group.offset, offset);
      }
    }
    return [...groups.values()];
  }
}
