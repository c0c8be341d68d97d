import type { PartitionId } from '../core/batch.js';
import type { EndOffset, PartitionProgress, TopicOffset } from '../ports/source.js';
import type { RunState } from './run-state.js';
import { Limits } from './settings.js';

interface Target {
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
  done: boolean;
  /** Done by our own books only; void when the partition goes before the commit was made. */
  unconfirmed: boolean;
}

/**
 * Knows when a bounded run is over: every partition of the subscription settled up to the end seen at the start, whoever in the group did it.
 * Ours count by the tracker (what is settled is committed when the run leaves), the others by the group's committed offsets.
 */
export class EndWatch {
  private readonly state: RunState;
  private readonly targets = new Map<string, Target>();
  /** A report from before a seek says nothing of what comes after it: both must be of one epoch. */
  private readonly quiet = new Map<PartitionId, { readonly nextOffset: number; readonly epoch: number }>();
  private nextPollMs = 0;
  private polling = false;
  /** Without targets nothing is done: batches may be settled before the end offsets are known. */
  private started = false;
  private readonly isIdle: () => boolean;

  constructor(state: RunState, isIdle: () => boolean) {
    this.state = state;
    this.isIdle = isIdle;
  }

  start(ends: readonly EndOffset[]): void {
    this.started = true;
    for (const { topic, partition, low, end } of ends) this.targets.set(`${topic}/${partition}`, { topic, partition, end, done: end <= low, unconfirmed: false });
  }

  get done(): boolean {
    return this.started && [...this.targets.values()].every((target) => target.done);
  }

  /** Records still to be settled, at most (gaps count), for the ETA. */
  remaining(owned: ReadonlySet<PartitionId>): number {
    let records = 0;
    for (const id of owned) {
      const target = this.targetOf(id);
      const committable = this.state.tracker.committable(id);
      if (target !== undefined && !target.done && committable !== undefined) records += Math.max(0, target.end - committable);
    }
    return records;
  }

  /** Called on every tick and after every settled batch. */
  check(owned: ReadonlySet<PartitionId>): void {
    for (const id of owned) {
      const target = this.targetOf(id);
      const committable = this.state.tracker.committable(id);
      if (target !== undefined && committable !== undefined && committable >= target.end && !target.done) {
        target.done = true;
        target.unconfirmed = true;
      }
    }
    for (const target of this.targets.values()) {
      if (!target.unconfirmed) continue;
      const id = [...owned].find((one) => this.targetOf(one) === target);
      const committable = id === undefined ? undefined : this.state.tracker.committable(id);
      if (committable !== undefined && committable >= target.end) continue;
      target.done = false;
      target.unconfirmed = false;
    }
    const now = this.state.deps.clock.nowMs();
    const foreign = [...this.targets.values()].filter((target) => !target.done && !this.isOwned(owned, target));
    if (foreign.length === 0 || now < this.nextPollMs || this.polling) return;
    this.nextPollMs = now + Limits.committedPollMs;
    this.polling = true;
    void this.poll(foreign);
  }

  /**
   * Control records and compacted tails move the fetch position without a record. A partition whose fetch position stood at the same place in two reports
   * while nothing was fetched, offered blocks were waiting and nothing was in flight has no record below that position still to come.
   */
  progress(partitions: readonly PartitionProgress[]): void {
    for (const { partitionId, nextOffset, fetchQueueRecords } of partitions) {
      const quiet = fetchQueueRecords === 0 && nextOffset > 0 && this.isIdle();
      const epoch = this.state.assignments.epoch(partitionId);
      const before = this.quiet.get(partitionId);
      if (quiet && before?.nextOffset === nextOffset && before.epoch === epoch) this.state.tracker.advance(partitionId, nextOffset);
      if (quiet) this.quiet.set(partitionId, { nextOffset, epoch });
      else this.quiet.delete(partitionId);
    }
  }

  private async poll(targets: readonly Target[]): Promise<void> {
    try {
      const committed: readonly TopicOffset[] = await this.state.deps.source.committedOffsets(targets);
      for (const { topic, partition, offset } of committed) {
        const target = this.targets.get(`${topic}/${partition}`);
        if (target !== undefined && offset >= target.end) {
          target.done = true;
          target.unconfirmed = false;
        }
      }
    } catch (error) {
      this.state.deps.logger.warn('could not ask for the committed offsets of partitions that others own; asking again', {
        error: error instanceof Error ? error.message : String(error),
      });
    } finally {
      this.polling = false;
    }
  }

  private targetOf(id: PartitionId): Target | undefined {
    const { topic, partition } = this.state.deps.describe(id);
    return this.targets.get(`${topic}/${partition}`);
  }

  private isOwned(owned: ReadonlySet<PartitionId>, target: Target): boolean {
    for (const id of owned) if (this.targetOf(id) === target) return true;
    return false;
  }
}
