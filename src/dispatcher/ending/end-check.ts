import type { AssignedPartition, EndOffset } from '../../ports/source.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import type { ChangeQueue } from '../partitions/change-queue.js';
import type { EndTarget } from '../partitions/partition-state.js';
import { nameOf } from '../partitions/passed-over.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { EndWatch } from './end-watch.js';

type Changes = Pick<ChangeQueue, 'busy' | 'enqueue' | 'parked'>;

/**
 * Whether the logs of a bounded run still are those whose ends it saw at its start. A log that was cut short
 * above the position, or a topic created again that is as long as the old one, puts no offset out of range.
 * The brokers are asked at an interval, and once more before the run ends. A log that was cut and has grown
 * past the end again before the next question is not noticed.
 */
export class EndCheck {
  private readonly state: RunState;
  private readonly endWatch: EndWatch;
  private readonly changes: Changes;
  private isAsking = false;
  private isConfirmed = false;
  private nextMs = 0;

  constructor(state: RunState, parts: { endWatch: EndWatch; changes: Changes }) {
    this.state = state;
    this.endWatch = parts.endWatch;
    this.changes = parts.changes;
    this.nextMs = state.deps.clock.nowMs() + Limits.endCheckMs;
  }

  /** Called on every tick while the run goes on. */
  tick(): void {
    this.isConfirmed = false;
    if (this.state.deps.clock.nowMs() >= this.nextMs) this.ask();
  }

  /** True if the logs were found unchanged after everything was settled; otherwise, requests them. */
  confirms(): boolean {
    if (!this.isConfirmed) this.ask();
    return this.isConfirmed;
  }

  private ask(): void {
    const { state, endWatch } = this;
    const { ends, standing, done } = endWatch;
    if (this.isAsking || ends === undefined || standing === undefined || this.changes.busy) return;
    this.isAsking = true;
    this.nextMs = state.deps.clock.nowMs() + Limits.endCheckMs;
    const answered = (found: readonly EndOffset[]): void => {
      this.isAsking = false;
      if (state.lifecycle.isStopping()) return;
      // If a partition has moved in the meantime, this answer is ignored; the next one counts.
      const isCurrent = endWatch.standing === standing && !this.changes.busy;
      state.guard(() => {
        if (isCurrent) this.isConfirmed = this.compare(found) && done;
      });
    };
    state.deps.source.endsNow(ends).then(answered, (error: unknown) => {
      state.logLimit.warn('end check', 'could not ask whether the logs are still those of the start', {
        error: asDispatcherError(error).message,
      });
      answered([]);
    });
  }

  /** True: nothing has changed. */
  private compare(found: readonly EndOffset[]): boolean {
    let isSame = true;
    for (const now of found) {
      const target = this.endWatch.target(now);
      if (target === undefined) continue;
      const isReplaced =
        target.topicId !== undefined && now.topicId !== undefined && now.topicId !== target.topicId;
      const high = now.high ?? now.end;
      if (!isReplaced && (target.done || high >= target.end)) continue;
      isSame = false;
      this.changed(target, now, isReplaced);
    }
    return isSame;
  }

  private changed(target: EndTarget, now: EndOffset, isReplaced: boolean): void {
    const owned = this.state.partitions.owned.find(
      (one) => one.topic === target.topic && one.partition === target.partition,
    );
    const ours = owned?.ours;
    const high = now.high ?? now.end;
    const position = ours?.reading?.offsets.position ?? target.committed;
    // The position is being moved, or will be: the reader is going to meet an offset out of range.
    if (ours?.reading?.leaving === true || (ours !== undefined && !isReplaced && position > high)) return;
    const from = isReplaced ? target.committed : Math.max(position, high);
    const { topic, partition, end: to } = target;
    try {
      this.state.deps.source.acceptLoss({ topic, partition, from, to: Math.max(from, to), isReplaced });
    } catch (error) {
      this.state.fail(asDispatcherError(error));
      return;
    }
    const skipped = from < to ? `${nameOf(target)} [${from}, ${to})` : 'no known offset';
    if (from < to) this.state.accounting.skipped(to - from);
    this.state.deps.logger.warn(
      `${nameOf(target)}: ${
        isReplaced ? 'the topic was deleted and created again' : 'the log was cut short'
      } while the run was waiting for its end; the run goes on to the end that it has now, as ` +
        'kafka.consumer.out-of-range says',
      { endBefore: to, endNow: now.end, skipped },
    );
    this.endWatch.setEnd(target, now);
    if (owned !== undefined) this.readOn(owned);
  }

  /** The ends became known late: what is read already gets its limit. */
  limitOpen(): void {
    for (const partition of this.state.partitions.owned)
      if (partition.ours.reading?.until === Number.POSITIVE_INFINITY) this.readOn(partition);
  }

  /** The reader has the limit of the end before, or none. */
  private readOn(partition: AssignedPartition): void {
    const { partitionId } = partition;
    this.changes.enqueue(() =>
      this.changes.parked(async () => {
        const { partitions, lifecycle, deps } = this.state;
        const { reading } = partitions.get(partitionId)?.ours ?? {};
        const until = this.endWatch.untilOf(partition);
        if (reading === undefined || until === undefined || until === reading.until || lifecycle.isStopping())
          return;
        // Halted because its topic was replaced: a seek would let it read on. It is opened with its new end.
        if (reading.leaving) return;
        reading.until = until;
        const place = partitions.readOnFrom(partitionId, reading.offsets.position);
        if (place !== undefined) await deps.source.seek(place);
        partitions.moved(partitionId);
      }),
    );
  }
}
