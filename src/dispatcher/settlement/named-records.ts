import type { PartitionId } from '../../core/batch.js';
import type { Rejection } from '../../ports/transform-pool.js';

/** The oldest is forgotten first; the broker would name it again. */
const NAMED_RECORDS_MAX = 10_000;

export interface NamedRecord {
  readonly offset: number;
  readonly rejection: Rejection;
  /** The record's dead letter was refused, so the record has nowhere to go. */
  readonly deadLetter: boolean;
}

/**
 * Records that a broker has named as the reason for refusing their whole message set. The other records of
 * the set must be read and written again, in order; then the named ones go straight to the dead-letter topic.
 */
export class NamedRecords {
  private readonly byPartition = new Map<PartitionId, Map<number, NamedRecord>>();
  /** Their topics were replaced: other records lie under the same offsets. */
  private readonly suspended = new Set<PartitionId>();
  private count = 0;

  add(partitionId: PartitionId, record: NamedRecord): void {
    if (this.suspended.has(partitionId)) return;
    const known = this.byPartition.get(partitionId) ?? new Map<number, NamedRecord>();
    this.byPartition.set(partitionId, known);
    const { offset } = record;
    if (!known.has(offset)) this.count++;
    known.set(offset, record);
    if (this.count > NAMED_RECORDS_MAX) this.forgetOldest();
  }

  /** The named records within `[firstOffset, lastOffset]`, by offset. */
  within(partitionId: PartitionId, firstOffset: number, lastOffset: number): readonly NamedRecord[] {
    const known = this.byPartition.get(partitionId);
    if (known === undefined) return [];
    const found: NamedRecord[] = [];
    // Iterates over the smaller set: the offsets, or the known records.
    if (lastOffset - firstOffset < known.size) {
      for (let offset = firstOffset; offset <= lastOffset; offset++) {
        const record = known.get(offset);
        if (record !== undefined) found.push(record);
      }
      return found;
    }
    for (const [offset, record] of known)
      if (offset >= firstOffset && offset <= lastOffset) found.push(record);
    return found.sort((a, b) => a.offset - b.offset);
  }

  /** These records are settled. */
  forget(partitionId: PartitionId, firstOffset: number, lastOffset: number): void {
    const known = this.byPartition.get(partitionId);
    if (known === undefined) return;
    for (const { offset } of this.within(partitionId, firstOffset, lastOffset)) {
      known.delete(offset);
      this.count--;
    }
    if (known.size === 0) this.byPartition.delete(partitionId);
  }

  /** The partition was revoked, or its offsets may belong to other records from now on. */
  forgetAll(partitionId: PartitionId): void {
    this.suspended.delete(partitionId);
    this.count -= this.byPartition.get(partitionId)?.size ?? 0;
    this.byPartition.delete(partitionId);
  }

  /** Forgets the records of a partition, and takes no more of them until the next `forgetAll`. */
  suspend(partitionId: PartitionId): void {
    this.forgetAll(partitionId);
    this.suspended.add(partitionId);
  }

  private forgetOldest(): void {
    for (const [partitionId, known] of this.byPartition) {
      const [oldest] = known.keys();
      if (oldest === undefined) continue;
      known.delete(oldest);
      this.count--;
      if (known.size === 0) this.byPartition.delete(partitionId);
      return;
    }
  }
}
