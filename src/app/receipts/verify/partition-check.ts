/** Compares the records that are now in a partition with those that receipts list: sums first. */
import type { InputBatch, Segment } from '../../../core/batch.js';
import { type OffsetRange, outside, union } from '../../../core/offset-ranges.js';
import { addSums, type HashSum, NOTHING, sumAt } from '../../../core/receipts/sum.js';
import { InputBatchReader } from '../../../wire/input-reader.js';
import { hashSum } from '../../compose/receipts.js';
import type { ListedPart, ListedPartition } from './listed.js';

/** The records that were read in a listed part. */
export interface Tally {
  readonly part: ListedPart;
  records: number;
  sum: HashSum;
}

interface Item {
  readonly from: number;
  readonly to: number;
  readonly tally: Tally;
  /** The furthest end of this item and those before it. */
  readonly reach: number;
}

/** Rows that no receipt lists. */
export type OnOutside = (block: Uint8Array, firstRow: number, rowCount: number) => void;

export class PartitionCheck {
  readonly listed: ListedPartition;
  /** What the receipts list. */
  readonly covered: readonly OffsetRange[];
  /** Offsets below are gone: `[from, low)` can't be checked any more. */
  low = 0;
  /** Records read in the ranges that receipts list. */
  records = 0;
  readonly #tallies: readonly Tally[];
  readonly #items: readonly Item[];
  readonly #end: number;
  readonly #rows = new InputBatchReader();

  /** `isBounded`: records after the last listed one do not matter. */
  constructor(listed: ListedPartition, isBounded: boolean) {
    this.listed = listed;
    this.#tallies = listed.parts.map((part) => ({ part, records: 0, sum: NOTHING }));
    const items = this.#tallies
      .flatMap((tally) => tally.part.ranges.map(([from, to]) => ({ from, to, tally })))
      .sort((a, b) => a.from - b.from);
    let reach = 0;
    this.#items = items.map((item) => {
      reach = Math.max(reach, item.to);
      return { ...item, reach };
    });
    this.covered = union(items.map(({ from, to }) => [from, to]));
    this.#end = isBounded ? this.to : Number.POSITIVE_INFINITY;
  }

  /** The first offset that matters. */
  get from(): number {
    const listed = this.covered[0]?.[0] ?? this.listed.from ?? 0;
    return Math.min(this.listed.from ?? listed, listed);
  }

  /** The offset after the last one that matters; of an output, records after it may matter, too. */
  get to(): number {
    return Math.max(this.listed.to ?? 0, this.covered.at(-1)?.[1] ?? 0);
  }

  feed({ block }: InputBatch, segment: Segment, onOutside: OnOutside): void {
    const { firstOffset, lastOffset } = segment;
    this.#rows.open(block.bytes);
    for (let index = this.#firstReaching(firstOffset); index < this.#items.length; index++) {
      const item = this.#items[index];
      if (item === undefined || item.from > lastOffset) break;
      if (item.to <= firstOffset) continue;
      const [first, count] = this.#rowsIn(segment, item.from, item.to);
      if (count === 0) continue;
      item.tally.records += count;
      item.tally.sum = addSums(item.tally.sum, sumAt(hashSum(block.bytes, first, count), 0));
    }
    this.records += segment.rowCount;
    for (const [from, to] of outside(this.covered, firstOffset, lastOffset + 1)) {
      this.records -= this.#rowsIn(segment, from, to)[1];
      // A batch may hold records that were not asked for.
      const [first, count] = this.#rowsIn(segment, Math.max(from, this.from), Math.min(to, this.#end));
      if (count > 0) onOutside(block.bytes, first, count);
    }
  }

  /** Parts whose records have changed, by ascending offset; deleted ranges are left out. */
  get differing(): readonly Tally[] {
    return this.#tallies
      .filter((tally) => this.#isChecked(tally) && !isEqual(tally))
      .sort((a, b) => (a.part.ranges[0]?.[0] ?? 0) - (b.part.ranges[0]?.[0] ?? 0));
  }

  /** `[from, to)` of the listed offsets that are gone. */
  get gone(): OffsetRange | undefined {
    const [first] = this.covered;
    return first === undefined || first[0] >= this.low ? undefined : [first[0], this.low];
  }

  #isChecked({ part }: Tally): boolean {
    return part.ranges.every(([from]) => from >= this.low);
  }

  #rowsIn(segment: Segment, from: number, to: number): readonly [first: number, count: number] {
    const first = this.#rowAt(segment, from);
    return [first, this.#rowAt(segment, to) - first];
  }

  /** The first row at the offset or above. */
  #rowAt({ firstRow, rowCount, firstOffset, lastOffset }: Segment, offset: number): number {
    if (offset <= firstOffset) return firstRow;
    if (offset > lastOffset) return firstRow + rowCount;
    if (lastOffset - firstOffset === rowCount - 1) return firstRow + offset - firstOffset;
    let low = firstRow;
    let high = firstRow + rowCount;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#rows.offset(middle) < offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  /** Index of the first item that may reach beyond the offset. */
  #firstReaching(offset: number): number {
    let low = 0;
    let high = this.#items.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.#items[middle]?.reach ?? 0) <= offset) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

function isEqual({ part, records, sum }: Tally): boolean {
  return records === part.records && sum === part.sum;
}
