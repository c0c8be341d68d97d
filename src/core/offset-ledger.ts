import type { BatchId, Segment } from './batch.js';
import { DispatcherError } from './errors.js';
import type { OffsetRange } from './offset-ranges.js';

/**
 * One registered segment. `from` rises when part of the segment is settled. A settled segment waits only for
 * those before it.
 */
interface Entry {
  readonly batchId: BatchId;
  readonly firstOffset: number;
  readonly lastOffset: number;
  from: number;
  settled: boolean;
}

/**
 * Settled entries are removed from the array once at least this many are before the head and they make up
 * more than half of it: constant cost per entry.
 */
const TRIM_ENTRIES_MIN = 64;

/**
 * Tracks what may be committed of one partition, in one epoch. It holds segments, never records, so the cost
 * is per batch.
 *
 * Law: the committable offset is the lowest first offset among the unsettled segments, else the position.
 * Everything below it is settled, and it never falls.
 */
export class OffsetLedger {
  /** In read order, so offsets rise; entries before `#head` are settled and forgotten. */
  #entries: Entry[] = [];
  #head = 0;
  #position: number;
  #unsettled = 0;
  /** The offset that `takeChanged` returned last. */
  #reported = -1;

  /** Opens it at the next offset to read. */
  constructor(position: number) {
    if (!Number.isSafeInteger(position) || position < 0)
      throw defect(`a partition was opened at offset ${position}`);
    this.#position = position;
  }

  /** After every `settle` the head is the first unsettled entry. */
  get committable(): number {
    return this.#entries[this.#head]?.from ?? this.#position;
  }

  /** The next offset to read. */
  get position(): number {
    return this.#position;
  }

  /** How many segments are in flight. */
  get unsettled(): number {
    return this.#unsettled;
  }

  /**
   * The range that is read again if the run ends now and the committable offset is committed: `[committable,
   * position)`. It includes settled rows behind an unsettled one.
   */
  get redelivery(): { readonly from: number; readonly to: number } | undefined {
    return this.#unsettled === 0 ? undefined : { from: this.committable, to: this.#position };
  }

  /**
   * The part that is settled after an unsettled segment: a rewind to the committable offset reads it again.
   */
  get settledAhead(): readonly OffsetRange[] {
    return this.#entries.slice(this.#head + 1).flatMap(({ firstOffset, lastOffset, from, settled }) => {
      const to = settled ? lastOffset + 1 : from;
      return to > firstOffset ? [[firstOffset, to]] : [];
    });
  }

  /** Registers a segment that was read. Throws a DEFECT when offsets do not rise. */
  add({ firstOffset, lastOffset, partitionId }: Segment, batchId: BatchId): void {
    if (firstOffset < this.#position || lastOffset < firstOffset || !Number.isSafeInteger(lastOffset + 1))
      throw defect(
        `offsets of partition ${partitionId} do not rise: [${firstOffset}, ${lastOffset}] read at ` +
          `position ${this.#position}`,
      );
    this.#entries.push({ batchId, firstOffset, lastOffset, from: firstOffset, settled: false });
    this.#unsettled += 1;
    this.#position = lastOffset + 1;
  }

  /** Settles what is left of a segment. False when it was settled before. */
  settle(segment: Segment, batchId: BatchId): boolean {
    const entry = this.#entry(segment, batchId);
    if (entry === undefined || entry.settled) return false;
    entry.settled = true;
    this.#unsettled -= 1;
    this.#trim();
    return true;
  }

  /**
   * Settles the rows of a segment below `offset`, the offset of the first row that stays unsettled. Above the
   * last offset it settles the segment. False when nothing was settled by this call.
   */
  settleBefore(segment: Segment, batchId: BatchId, offset: number): boolean {
    if (offset > segment.lastOffset) return this.settle(segment, batchId);
    const entry = this.#entry(segment, batchId);
    if (entry === undefined || entry.settled || offset <= entry.from) return false;
    entry.from = offset;
    return true;
  }

  /** The position moves without records (control records, compaction), only forward. */
  advance(position: number): void {
    this.#position = Math.max(this.#position, position);
  }

  /**
   * The committable offset, if it moved since the last call. At first that is the position itself: no commit
   * may cover the start yet.
   */
  takeChanged(): number | undefined {
    const { committable } = this;
    if (committable === this.#reported) return undefined;
    this.#reported = committable;
    return committable;
  }

  /** Binary search: offsets rise. Undefined when the segment was settled and removed. */
  #entry(segment: Segment, batchId: BatchId): Entry | undefined {
    let low = this.#head;
    let high = this.#entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = this.#entries[middle];
      if (entry === undefined) return undefined;
      if (entry.lastOffset === segment.lastOffset) {
        if (entry.batchId !== batchId)
          throw defect(`batch ${batchId} settles a segment of batch ${entry.batchId}`);
        return entry;
      }
      if (entry.lastOffset < segment.lastOffset) low = middle + 1;
      else high = middle - 1;
    }
    const first = this.#entries[this.#head];
    const forgotten = segment.lastOffset < (first === undefined ? this.#position : first.lastOffset);
    if (!forgotten)
      throw defect(
        `batch ${batchId} settles [${segment.firstOffset}, ${segment.lastOffset}] of partition ` +
          `${segment.partitionId}, which was never read`,
      );
    return undefined;
  }

  #trim(): void {
    while (this.#entries[this.#head]?.settled === true) this.#head += 1;
    if (this.#head === this.#entries.length) {
      this.#entries.length = 0;
      this.#head = 0;
    } else if (this.#head >= TRIM_ENTRIES_MIN && this.#head * 2 >= this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `offset ledger: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
