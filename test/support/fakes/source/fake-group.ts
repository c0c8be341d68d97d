import type { Epoch, PartitionId } from '../../../../src/core/batch.js';
import {
  DAMAGE_TIMES,
  indexAt,
  type LeaderlessSpan,
  type LogChange,
  type PartitionLog,
  visibleEnd,
} from '../log.js';

/** Reports the broker's side of events to a checker. */
export interface GroupObserver {
  /** The broker accepted a commit of this member or of the other one. */
  committed(log: PartitionLog, offset: number, by: 'us' | 'other'): void;
  /** The other member processed this record. */
  processedByOther(log: PartitionLog, offset: number): void;
}

/** Records of earlier epochs, and of this one below the offset, are of the log before. */
interface Switch {
  readonly kind: LogChange['kind'];
  readonly before: PartitionLog;
  readonly epoch: Epoch;
  offset: number;
}

export interface GroupPartition {
  log: PartitionLog;
  switched: Switch | undefined;
  /** The epoch that we opened it with last. */
  lastEpoch: Epoch;
  /** The log changed, and we read and commit as if it had not. */
  isStale: boolean;
  /** The committed offsets belong to the log before. */
  hasOldCommit: boolean;
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
  /** How often a topic was created. */
  private readonly identities = new Map<string, number>();
  private readonly leaderless: readonly LeaderlessSpan[];
  private readonly observer: GroupObserver;

  constructor(
    logs: readonly PartitionLog[],
    committed: ReadonlyMap<PartitionId, number>,
    observer: GroupObserver,
    leaderless: readonly LeaderlessSpan[] = [],
  ) {
    this.observer = observer;
    this.leaderless = leaderless;
    for (const log of logs)
      this.partitions.set(log.id, {
        log,
        switched: undefined,
        lastEpoch: 0,
        isStale: false,
        hasOldCommit: false,
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

  identity(topic: string): number {
    return this.identities.get(topic) ?? 1;
  }

  /** When the partition has a leader again: now, when it has one. */
  leaderAtMs(id: PartitionId, nowMs: number): number {
    return (
      this.leaderless.find((span) => span.id === id && nowMs >= span.fromMs && nowMs < span.toMs)?.toMs ??
      nowMs
    );
  }

  /** Whose record this is that we read. */
  logOf(id: PartitionId, epoch: Epoch, offset: number): PartitionLog {
    const { log, switched } = this.partition(id);
    if (switched === undefined || epoch > switched.epoch) return log;
    return epoch < switched.epoch || offset < switched.offset ? switched.before : log;
  }

  /** We read it from this offset on, in a new epoch or, after a fault, in the same one again. */
  opened(id: PartitionId, epoch: Epoch, offset: number): void {
    const partition = this.partition(id);
    partition.lastEpoch = epoch;
    this.epochs.set(id, epoch);
    const { switched } = partition;
    // What had been fetched of the log before is gone with the seek.
    if (switched?.epoch === epoch) switched.offset = Math.min(switched.offset, offset);
  }

  /** Someone found out that the log was cut: the records that are written from now on. */
  grow(id: PartitionId, nowMs: number): void {
    for (const record of this.partition(id).log.records)
      if (record.availableAtMs === Number.POSITIVE_INFINITY) record.availableAtMs = nowMs;
  }

  /** `readTo`: what we read below in the epoch that is open is of the log before. */
  change(log: PartitionLog, kind: LogChange['kind'], readTo: number): void {
    const partition = this.partition(log.id);
    partition.switched = { kind, before: partition.log, epoch: partition.lastEpoch, offset: readTo };
    partition.log = log;
    partition.isStale = true;
    if (kind === 'new-topic') {
      // The brokers forget the offsets of a topic that is deleted.
      partition.committed = -1;
      this.identities.set(log.topic, this.identity(log.topic) + 1);
    }
    if (partition.owner === 'other') this.otherBegins(partition);
  }

  give(ids: Iterable<PartitionId>, owner: 'us' | 'other' | 'none'): void {
    for (const id of ids) {
      const partition = this.partition(id);
      partition.owner = owner;
      // Nobody could know: whoever reads it next is taken for one who finds out.
      if (owner !== 'us' && partition.hasOldCommit) {
        partition.committed = -1;
        partition.hasOldCommit = false;
      }
      if (owner === 'other') this.otherBegins(partition);
    }
  }

  /** False when the commit is refused because the member does not own the partition. */
  commit(id: PartitionId, offset: number, by: 'us' | 'other'): boolean {
    const partition = this.partition(id);
    if (partition.owner !== by) return false;
    partition.committed = offset;
    partition.hasOldCommit =
      by === 'us' && offset > 0 && partition.isStale && partition.switched?.kind === 'new-topic';
    this.observer.committed(partition.log, offset, by);
    return true;
  }

  /** It finds out by itself what became of the log, and reads a changed one from its beginning. */
  private otherBegins(partition: GroupPartition): void {
    const { log, committed } = partition;
    partition.isStale = false;
    if (committed > visibleEnd(log, Number.MAX_VALUE)) this.commit(log.id, log.low, 'other');
    partition.otherNext = Math.max(partition.committed, log.low);
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
