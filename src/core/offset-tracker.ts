import type { BatchId, Epoch, PartitionId, Segment } from './batch.js';
import { DispatcherError } from './errors.js';

/**
 * One registered segment. `from` rises when part of the segment is settled. A settled segment waits only for
 * those before it.
 */
interface Entry {
  readonly batchId: BatchId;
  readonly lastOffset: number;
  from: number;
  settled: boolean;
}

interface Partition {
  readonly epoch: Epoch;
  /** In read order, so offsets rise; entries before `head` are settled and forgotten. */
  entries: Entry[];
  head: number;
  /** The next offset to read. */
  position: number;
  /** The offset that `takeChanged` returned last. */
  reported: number;
  unsettled: number;
}

/**
 * Settled entries are removed from the array once at least this many are before the head and they make up
 * more than half of it: constant cost per entry.
 */
const TRIM_ENTRIES_MIN = 64;

/**
 * Tracks what may be committed, for all partitions. It holds segments, never records, so the cost is per
 * batch.
 *
 * Law: the committable offset of a partition is the lowest first offset among its unsettled segments, else
 * its position. Everything below it is settled, and it never falls within an epoch.
 */
export class OffsetTracker {
  readonly #partitions = new Map<PartitionId, Partition>();
  readonly #changed = new Set<PartitionId>();
  /** Kept after `close`, so that an old epoch can't be opened again. */
  readonly #lastEpochs = new Map<PartitionId, Epoch>();

  /**
   * Opens a partition at the next offset to read. Opening an open partition with a later epoch forgets what
   * was in flight (a rewind). `report`: the next `takeChanged` returns the position itself, for a start that
   * no commit covers yet.
   */
  open(partitionId: PartitionId, epoch: Epoch, position: number, report = false): void {
    if (!Number.isSafeInteger(position) || position < 0)
      throw defect(`partition ${partitionId} opened at offset ${position}`);
    if (epoch <= (this.#lastEpochs.get(partitionId) ?? 0))
      throw defect(
        `partition ${partitionId} opened with epoch ${epoch}, which is not newer than its last one`,
      );
    this.#lastEpochs.set(partitionId, epoch);
    this.#partitions.set(partitionId, {
      epoch,
      entries: [],
      head: 0,
      position,
      reported: report ? -1 : position,
      unsettled: 0,
    });
    if (report) this.#changed.add(partitionId);
    else this.#changed.delete(partitionId);
  }

  /** Forgets the partition; call `takeChanged` before. Its segments are stale from now on. */
  close(partitionId: PartitionId): void {
    this.#partitions.delete(partitionId);
    this.#changed.delete(partitionId);
  }

  isOpen(partitionId: PartitionId, epoch: Epoch): boolean {
    return this.#partitions.get(partitionId)?.epoch === epoch;
  }

  /** Registers a segment that was read. False when it is stale. Throws a DEFECT when offsets do not rise. */
  add(segment: Segment, batchId: BatchId): boolean {
    const partition = this.#current(segment);
    if (partition === undefined) return false;
    const { firstOffset, lastOffset, partitionId } = segment;
    if (
      firstOffset < partition.position ||
      lastOffset < firstOffset ||
      !Number.isSafeInteger(lastOffset + 1)
    ) {
      throw defect(
        `offsets of partition ${partitionId} do not rise: [${firstOffset}, ${lastOffset}] read at ` +
          `position ${partition.position}`,
      );
    }
    partition.entries.push({ batchId, lastOffset, from: firstOffset, settled: false });
    partition.unsettled += 1;
    partition.position = lastOffset + 1;
    // a gap before the first unsettled offset moves the committable offset too
    this.#changed.add(partitionId);
    return true;
  }

  /**
   * Settles the rest of a segment. True when this call settled it; false when it is stale or was settled
   * before.
   */
  settle(segment: Segment, batchId: BatchId): boolean {
    const partition = this.#current(segment);
    if (partition === undefined) return false;
    const entry = this.#entry(partition, segment, batchId);
    if (entry === undefined || entry.settled) return false;
    entry.settled = true;
    partition.unsettled -= 1;
    this.#trim(partition);
    this.#changed.add(segment.partitionId);
    return true;
  }

  /**
   * Settles the rows of a segment below `offset`, the offset of the first row that stays unsettled.
   * Above the last offset it settles the segment. True when something was settled by this call.
   */
  settleBefore(segment: Segment, batchId: BatchId, offset: number): boolean {
    if (offset > segment.lastOffset) return this.settle(segment, batchId);
    const partition = this.#current(segment);
    if (partition === undefined) return false;
    const entry = this.#entry(partition, segment, batchId);
    if (entry === undefined || entry.settled || offset <= entry.from) return false;
    entry.from = offset;
    this.#changed.add(segment.partitionId);
    return true;
  }

  /**
   * Moves the position without records (control records, compaction). Only forward: a lower position is
   * ignored, and so is a closed partition.
   */
  advance(partitionId: PartitionId, position: number): void {
    const partition = this.#partitions.get(partitionId);
    if (partition === undefined || position <= partition.position) return;
    partition.position = position;
    this.#changed.add(partitionId);
  }

  committable(partitionId: PartitionId): number | undefined {
    const partition = this.#partitions.get(partitionId);
    return partition === undefined ? undefined : committableOf(partition);
  }

  /** The next offset to read. */
  position(partitionId: PartitionId): number | undefined {
    return this.#partitions.get(partitionId)?.position;
  }

  /** The partitions whose committable offset moved since the last call, each with the next offset to read. */
  takeChanged(): { readonly partitionId: PartitionId; readonly offset: number }[] {
    const changed: { partitionId: PartitionId; offset: number }[] = [];
    for (const partitionId of this.#changed) {
      const partition = this.#partitions.get(partitionId);
      if (partition === undefined) continue;
      const offset = committableOf(partition);
      if (offset === partition.reported) continue;
      partition.reported = offset;
      changed.push({ partitionId, offset });
    }
    this.#changed.clear();
    return changed;
  }

  /**
   * The range that is read again if the run ends now and the committable offset is committed: `[committable,
   * position)`. It includes settled rows behind an unsettled one.
   */
  redelivery(partitionId: PartitionId): { readonly from: number; readonly to: number } | undefined {
    const partition = this.#partitions.get(partitionId);
    if (partition === undefined || partition.unsettled === 0) return undefined;
    return { from: committableOf(partition), to: partition.position };
  }

  /** Unsettled segments. */
  inFlightSegments(partitionId: PartitionId): number {
    return this.#partitions.get(partitionId)?.unsettled ?? 0;
  }

  #current(segment: Segment): Partition | undefined {
    const partition = this.#partitions.get(segment.partitionId);
    return partition?.epoch === segment.epoch ? partition : undefined;
  }

  /** Binary search: offsets rise. Undefined when the segment was settled and removed. */
  #entry(partition: Partition, segment: Segment, batchId: BatchId): Entry | undefined {
    let low = partition.head;
    let high = partition.entries.length - 1;
    while (low <= high) {
      const middle = (low + high) >>> 1;
      const entry = partition.entries[middle];
      if (entry === undefined) return undefined;
      if (entry.lastOffset === segment.lastOffset) {
        if (entry.batchId !== batchId)
          throw defect(`batch ${batchId} settles a segment of batch ${entry.batchId}`);
        return entry;
      }
      if (entry.lastOffset < segment.lastOffset) low = middle + 1;
      else high = middle - 1;
    }
    const first = partition.entries[partition.head];
    const forgotten = segment.lastOffset < (first === undefined ? partition.position : first.lastOffset);
    if (!forgotten)
      throw defect(
        `batch ${batchId} settles [${segment.firstOffset}, ${segment.lastOffset}] of partition ` +
          `${segment.partitionId}, which was never read`,
      );
    return undefined;
  }

  #trim(partition: Partition): void {
    const { entries } = partition;
    while (partition.head < entries.length && entries[partition.head]?.settled === true) partition.head += 1;
    if (partition.head === entries.length) {
      entries.length = 0;
      partition.head = 0;
    } else if (partition.head >= TRIM_ENTRIES_MIN && partition.head * 2 >= entries.length) {
      partition.entries = entries.slice(partition.head);
      partition.head = 0;
    }
  }
}

/** After every `settle` the head is the first unsettled entry. */
function committableOf(partition: Partition): number {
  return partition.entries[partition.head]?.from ?? partition.position;
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `offset tracker: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
