import type { BatchId, Epoch, PartitionId, Segment } from '../../core/batch.js';
import { OffsetLedger } from '../../core/offset-ledger.js';
import { type OffsetRange, union } from '../../core/offset-ranges.js';
import { EndHistory } from '../../core/progress/end-history.js';
import type { CommittedOffset } from '../../ports/commits.js';
import type { AssignedPartition, OpenedPartition, PartitionProgress } from '../../ports/source.js';
import type { Ours, PartitionState, Seen } from './partition-state.js';

/** A partition that is assigned to this member. */
export interface OwnedPartition extends PartitionState {
  ours: Ours;
}

interface Range {
  readonly partitionId: PartitionId;
  readonly from: number;
  readonly to: number;
}

/**
 * Holds the only record of each partition: created when it is first opened; its assignment is dropped when it
 * is revoked. Epochs are counted only here.
 */
export class Partitions {
  readonly #all = new Map<PartitionId, PartitionState>();

  get(id: PartitionId): PartitionState | undefined {
    return this.#all.get(id);
  }

  /** All partitions that were ever assigned. */
  get known(): Iterable<PartitionState> {
    return this.#all.values();
  }

  /** Assigned and not revoked; lost ones too, until their loss is handled. */
  get owned(): OwnedPartition[] {
    return [...this.#all.values()].filter(isOwned);
  }

  get ownedCount(): number {
    let count = 0;
    for (const { ours } of this.#all.values()) if (ours !== undefined) count++;
    return count;
  }

  owns(id: PartitionId): boolean {
    return this.#all.get(id)?.ours !== undefined;
  }

  /**
   * Begins an epoch, and the assignment if there is none. What was in flight before is stale from now on.
   * `until`: where reading ends; undefined: nowhere. `counted`: records that must not be counted again.
   */
  open(
    { partitionId, topic, partition }: AssignedPartition,
    offset: number,
    until?: number,
    counted: readonly OffsetRange[] = [],
  ): OpenedPartition {
    const state = this.#all.get(partitionId) ?? newState({ partitionId, topic, partition });
    const offsets = new OffsetLedger(offset);
    this.#all.set(partitionId, state);
    state.epoch += 1;
    state.ours ??= newAssignment(offset);
    state.ours.reading = {
      offsets,
      counted,
      until: until ?? Number.POSITIVE_INFINITY,
      fault: undefined,
      leaving: false,
      seen: nothingSeen(),
    };
    const opened = { partitionId, topic, partition, epoch: state.epoch, offset };
    return until === undefined ? opened : { ...opened, until };
  }

  /**
   * Rows already settled that are read again if the partition is opened at its committable offset. Nothing if
   * its topic was replaced: other records have these offsets now.
   */
  settledAhead(id: PartitionId): readonly OffsetRange[] {
    const reading = this.#all.get(id)?.ours?.reading;
    if (reading === undefined || reading.leaving) return [];
    const { committable, settledAhead } = reading.offsets;
    return union([...reading.counted.filter(([, to]) => to > committable), ...settledAhead]);
  }

  /** Offsets that were settled and counted before a rewind. */
  countedOf(id: PartitionId): readonly OffsetRange[] {
    return this.#all.get(id)?.ours?.reading?.counted ?? [];
  }

  /**
   * The arguments for reading on from this offset in the same epoch, up to the same limit; undefined: not
   * open.
   */
  readOnFrom(id: PartitionId, offset: number): OpenedPartition | undefined {
    const state = this.#all.get(id);
    const until = state?.ours?.reading?.until;
    if (state === undefined || until === undefined) return undefined;
    const { partitionId, topic, partition, epoch } = state;
    const opened = { partitionId, topic, partition, epoch, offset };
    return Number.isFinite(until) ? { ...opened, until } : opened;
  }

  /** Ends the epoch: segments of it are stale from now on. Idempotent. */
  close(id: PartitionId): void {
    const ours = this.#all.get(id)?.ours;
    if (ours !== undefined) ours.reading = undefined;
  }

  /** Ends the assignment, and the epoch with it. */
  drop(id: PartitionId): void {
    const state = this.#all.get(id);
    if (state !== undefined) state.ours = undefined;
  }

  /** Call it after a fault: reports about the partition have no meaning until it is read from elsewhere. */
  distrust(id: PartitionId): void {
    const seen = this.#all.get(id)?.ours?.reading?.seen;
    if (seen === undefined) return;
    seen.distrusted = true;
    seen.quiet = undefined;
  }

  progress(progress: PartitionProgress, atMs: number): void {
    const state = this.#all.get(progress.partitionId);
    if (state?.ours === undefined) return;
    const { ours } = state;
    ours.progress = progress;
    const end = endOf(ours);
    if (end >= 0) ours.ends.see(atMs, end);
    if (progress.endOffset >= 0) ours.stableEnds.see(atMs, progress.endOffset);
    if (uncommittedTo({ ...state, ours }, ours.reading?.offsets.committable ?? 0).length === 0)
      ours.uncommittedSinceMs = undefined;
    else ours.uncommittedSinceMs ??= atMs;
  }

  /** The broker confirmed a commit. */
  confirmed(id: PartitionId, offset: number): void {
    const state = this.#all.get(id);
    if (state === undefined) return;
    state.committed = offset;
    if (state.ours !== undefined) state.ours.uncommittedSinceMs = undefined;
  }

  /** Reports about its position no longer apply: it is read from another position. */
  moved(id: PartitionId): void {
    const reading = this.#all.get(id)?.ours?.reading;
    if (reading !== undefined) reading.seen = nothingSeen();
  }

  isOpen(id: PartitionId, epoch: Epoch): boolean {
    return this.current(id, epoch) !== undefined;
  }

  /** Undefined: the epoch has ended. */
  current(id: PartitionId, epoch: Epoch): OffsetLedger | undefined {
    const state = this.#all.get(id);
    return state?.epoch === epoch ? state.ours?.reading?.offsets : undefined;
  }

  /** Undefined: not open. */
  offsets(id: PartitionId): OffsetLedger | undefined {
    return this.#all.get(id)?.ours?.reading?.offsets;
  }

  /** Registers a segment that was read; a stale one is ignored. */
  add(segment: Segment, batchId: BatchId): void {
    this.current(segment.partitionId, segment.epoch)?.add(segment, batchId);
  }

  /** The open partitions whose committable offset moved since the last call. */
  takeChanged(): CommittedOffset[] {
    const changed: CommittedOffset[] = [];
    for (const { partitionId, ours } of this.#all.values()) {
      const offset = ours?.reading?.offsets.takeChanged();
      if (offset !== undefined) changed.push({ partitionId, offset });
    }
    return changed;
  }

  /** Settled, but not confirmed as committed: `[from, to)` of each owned partition. */
  unconfirmed(): Range[] {
    return this.owned.flatMap((partition) => uncommittedTo(partition, partition.ours.stored ?? 0));
  }

  /** Would be read again if the process ended now: read, and not confirmed as committed. */
  uncommitted(): Range[] {
    return this.owned.flatMap((partition) => {
      const offsets = partition.ours.reading?.offsets;
      return uncommittedTo(partition, offsets?.redelivery?.to ?? offsets?.committable ?? 0);
    });
  }
}

function isOwned(state: PartitionState): state is OwnedPartition {
  return state.ours !== undefined;
}

function newState(partition: AssignedPartition): PartitionState {
  return { ...partition, epoch: 0, committed: undefined, end: undefined, ours: undefined };
}

function newAssignment(begunAt: number): Ours {
  return {
    begunAt,
    stored: undefined,
    progress: undefined,
    ends: new EndHistory(),
    stableEnds: new EndHistory(),
    uncommittedSinceMs: undefined,
    reading: undefined,
  };
}

/** Up to the high watermark: records behind an open transaction are still to be read. −1: not known. */
export function endOf({ progress }: Ours): number {
  return Math.max(progress?.endOffset ?? -1, progress?.highOffset ?? -1);
}

function nothingSeen(): Seen {
  return { quiet: undefined, distrusted: false, still: undefined };
}

function uncommittedTo({ partitionId, committed, ours }: OwnedPartition, to: number): Range[] {
  const from = Math.max(committed ?? 0, ours.begunAt);
  return from < to ? [{ partitionId, from, to }] : [];
}
