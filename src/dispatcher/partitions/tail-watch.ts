import type { PartitionId } from '../../core/batch.js';
import type { PartitionProgress } from '../../ports/source.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { ChangeQueue } from './change-queue.js';

interface Quiet {
  readonly nextOffset: number;
  reports: number;
}

/**
 * Control records and compacted tails move the fetch position without a record. A partition that shows the
 * same fetch position in several reports, with nothing fetched and unread and an empty block waiting, has no
 * record below that position still to come; then the position moves there. Reports may be old when they
 * arrive, and what was popped may still be in the reader's hands: so it is looked at once more with the
 * reader parked.
 */
export class TailWatch {
  private readonly state: RunState;
  private readonly changes: ChangeQueue;
  private readonly offeredCount: () => number;
  private readonly quiet = new Map<PartitionId, Quiet>();
  /** Behind a fault librdkafka's positions are arbitrary, until the next seek. */
  private readonly distrusted = new Set<PartitionId>();

  constructor(state: RunState, changes: ChangeQueue, offeredCount: () => number) {
    this.state = state;
    this.changes = changes;
    this.offeredCount = offeredCount;
  }

  progress(partitions: readonly PartitionProgress[]): void {
    const { tracker, stopping, rewinds } = this.state;
    const candidates: (readonly [PartitionId, Quiet])[] = [];
    for (const { partitionId, nextOffset, fetchQueueRecords } of partitions) {
      const position = tracker.position(partitionId) ?? Number.POSITIVE_INFINITY;
      const isQuiet =
        !stopping &&
        rewinds === 0 &&
        !this.changes.busy &&
        this.offeredCount() > 0 &&
        fetchQueueRecords === 0 &&
        nextOffset > position &&
        tracker.inFlightSegments(partitionId) === 0;
      const before = this.quiet.get(partitionId);
      if (!isQuiet || this.distrusted.has(partitionId)) {
        this.quiet.delete(partitionId);
      } else if (before?.nextOffset === nextOffset) {
        if (++before.reports >= Limits.tailReports) candidates.push([partitionId, before]);
      } else {
        this.quiet.set(partitionId, { nextOffset, reports: 1 });
      }
    }
    if (candidates.length > 0) this.confirm(candidates);
  }

  distrust(partitionId: PartitionId): void {
    this.distrusted.add(partitionId);
    this.quiet.delete(partitionId);
  }

  moved(ids: readonly PartitionId[]): void {
    for (const id of ids) {
      this.quiet.delete(id);
      this.distrusted.delete(id);
    }
  }

  private confirm(candidates: readonly (readonly [PartitionId, Quiet])[]): void {
    this.changes.enqueue(() =>
      this.changes.parked(() => {
        if (this.state.stopping || this.state.deps.source.heldRecords() > 0) return;
        for (const [id, seen] of candidates)
          if (this.quiet.get(id) === seen) this.state.tracker.advance(id, seen.nextOffset);
      }),
    );
  }
}
