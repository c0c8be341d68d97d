import type { Epoch, PartitionId } from '../../../src/core/batch.js';
import { DAMAGE_TIMES, indexAt, type PartitionLog } from './log.js';

/** Reports the broker's side of events to a checker. */
export interface GroupObserver {
  /** The broker accepted a commit of ours or of the other member. */
  committed(log: PartitionLog, offset: number, by: 'us' | 'other'): void;
  /** The other member processed this record. */
  processedByOther(log: PartitionLog, offset: number): void;
}

export interface GroupPartition {
  readonly log: PartitionLog;
  owner: 'us' | 'other' | 'none';
  /** -1: nothing. */
  committed: number;
  /** The other member's position. */
  otherNext: number;
}

/** The brokers' side of a group of two members: us, and one that represents all others. */
export class FakeGroup {
  readonly partitions = new Map<PartitionId, GroupPartition>();
  /** The fake of the native partition table, shared by reader and writer: rows of another epoch are stale. */
  readonly epochs = new Map<PartitionId, Epoch>();
  private readonly observer: GroupObserver;

  constructor(
    logs: readonly PartitionLog[],
    committed: ReadonlyMap<PartitionId, number>,
    observer: GroupObserver,
  ) {
    this.observer = observer;
    for (const log of logs)
      this.partitions.set(log.id, {
        log,
        owner: 'none',
        committed: committed.get(log.id) ?? -1,
        otherNext: 0,
      });
  }

  partition(id: PartitionId): GroupPartition {
    const partition = this.partitions.get(id);
    if (partition === undefined) throw new Error(`there is no partition ${id}`);
    return partition;
  }

  give(ids: Iterable<PartitionId>, owner: 'us' | 'other' | 'none'): void {
    for (const id of ids) {
      const partition = this.partition(id);
      partition.owner = owner;
      if (owner === 'other') partition.otherNext = Math.max(partition.committed, partition.log.low);
    }
  }

  /** False when the commit is refused because the member does not own the partition. */
  commit(id: PartitionId, offset: number, by: 'us' | 'other'): boolean {
    const partition = this.partition(id);
    if (partition.owner !== by) return false;
    partition.committed = offset;
    this.observer.committed(partition.log, offset, by);
    return true;
  }

  /** The other member processes and commits some more records of the partitions it owns. */
  otherWorks(recordsMax: number, nowMs: number): void {
    for (const partition of this.partitions.values()) {
      if (partition.owner !== 'other') continue;
      const { log } = partition;
      let index = indexAt(log, partition.otherNext);
      for (let n = 0; n < recordsMax; n += 1, index += 1) {
        const record = log.records[index];
        if (record === undefined || record.availableAtMs > nowMs || isDamagedBefore(log, record.offset))
          break;
        this.observer.processedByOther(log, record.offset);
        partition.otherNext = record.offset + 1;
      }
      if (index >= log.records.length && !isDamagedBefore(log, log.end)) partition.otherNext = log.end;
      if (partition.otherNext > partition.committed) this.commit(log.id, partition.otherNext, 'other');
    }
  }
}

/** True when there is damage before the offset, which nobody can read past. */
function isDamagedBefore(log: PartitionLog, offset: number): boolean {
  return log.faults.some((fault) => fault.offset <= offset && fault.timesLeft >= DAMAGE_TIMES);
}
