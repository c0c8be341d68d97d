import type { PartitionProgress } from '../../ports/source.js';
import type { Intake } from '../intake/intake.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { ChangeQueue } from './change-queue.js';
import type { Reading, Seen } from './partition-state.js';

type Quiet = NonNullable<Seen['quiet']>;

/**
 * Control records and compacted tails move the fetch position without delivering a record. If a partition
 * shows the same fetch position in several reports, with nothing fetched and unread and an empty block
 * waiting, no record below that position is still to come, so the position moves there. Reports may be old
 * when they arrive, and the reader may still hold records, so it is checked once more with the reader parked.
 */
export class TailWatch {
  private readonly state: RunState;
  private readonly changes: ChangeQueue;
  private readonly intake: Pick<Intake, 'offeredCount'>;

  constructor(state: RunState, changes: ChangeQueue, intake: Pick<Intake, 'offeredCount'>) {
    this.state = state;
    this.changes = changes;
    this.intake = intake;
  }

  progress(reports: readonly PartitionProgress[]): void {
    const { partitions, lifecycle, rewinds } = this.state;
    const canTell =
      !lifecycle.isStopping() && rewinds === 0 && !this.changes.busy && this.intake.offeredCount > 0;
    const candidates: (readonly [Reading, Quiet])[] = [];
    for (const { partitionId, nextOffset, fetchQueueRecords } of reports) {
      const reading = partitions.get(partitionId)?.ours?.reading;
      if (reading === undefined) continue;
      const { offsets, seen, until } = reading;
      // A partition at its limit is fetched beyond it, but its position does not move there.
      const isBehind = Math.min(nextOffset, until) > offsets.position;
      const isQuiet = canTell && fetchQueueRecords === 0 && isBehind && offsets.unsettled === 0;
      if (!isQuiet || seen.distrusted) {
        seen.quiet = undefined;
      } else if (seen.quiet?.nextOffset === nextOffset) {
        if (++seen.quiet.reports >= Limits.tailReports) candidates.push([reading, seen.quiet]);
      } else {
        seen.quiet = { nextOffset, reports: 1 };
      }
    }
    if (candidates.length > 0) this.confirm(candidates);
  }

  private confirm(candidates: readonly (readonly [Reading, Quiet])[]): void {
    this.changes.enqueue(() =>
      this.changes.parked(() => {
        if (this.state.lifecycle.isStopping() || this.state.deps.source.heldRecords() > 0) return;
        for (const [{ seen, offsets, until }, quiet] of candidates)
          if (seen.quiet === quiet) offsets.advance(Math.min(quiet.nextOffset, until));
      }),
    );
  }
}
