import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { OffsetRange } from '../../core/offset-ranges.js';
import type { CommittedOffset } from '../../ports/commits.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { AssignedPartition, OpenedPartition, StartOffset } from '../../ports/source.js';
import type { BatchFlow } from '../batch-flow.js';
import type { EndWatch } from '../ending/end-watch.js';
import type { Intake } from '../intake/intake.js';
import { levelInOutage } from '../outage-words.js';
import type { RunState } from '../run-state.js';
import { Limits } from '../settings.js';
import type { ChangeQueue } from './change-queue.js';
import { Membership } from './membership.js';
import { passedOver } from './passed-over.js';

interface RebalancerParts {
  readonly changes: ChangeQueue;
  readonly batchFlow: BatchFlow;
  readonly endWatch: EndWatch;
  readonly intake: Intake;
}

/** Which partitions this member owns, and from where they are read: assignments, revocations, rewinds. */
export class Rebalancer {
  private readonly state: RunState;
  private readonly logger: Logger;
  private readonly changes: ChangeQueue;
  private readonly batchFlow: BatchFlow;
  private readonly endWatch: EndWatch;
  private readonly intake: Intake;
  private readonly pendingRewinds = new Set<() => void>();
  readonly membership: Membership;

  constructor(state: RunState, parts: RebalancerParts) {
    this.state = state;
    this.logger = inArea(state.deps.logger, 'group');
    this.changes = parts.changes;
    this.batchFlow = parts.batchFlow;
    this.endWatch = parts.endWatch;
    this.intake = parts.intake;
    this.membership = new Membership(state.deps.clock);
  }

  /** While stopping, `source.stop` answers: partitions that are not opened need not be closed. */
  assigned(partitions: readonly AssignedPartition[]): void {
    const { state } = this;
    this.membership.assigned(partitions.length, state.partitions.ownedCount);
    this.changes.enqueue(async () => {
      if (state.lifecycle.isStopping()) return;
      const answer = await Promise.race([state.deps.source.positions(partitions), state.stopWanted]);
      if (answer === undefined || state.lifecycle.isStopping()) return;
      await this.endsKnown();
      const positions = new Map(answer.map((start) => [start.partitionId, start]));
      for (const partition of partitions) await this.movedAtStart(partition, positions);
      await this.changes.parked(() => {
        if (state.lifecycle.isStopping()) return;
        const opened = partitions.map((partition) =>
          this.open(partition, positions.get(partition.partitionId)?.offset),
        );
        state.deps.source.open(opened);
        const owned = state.partitions.ownedCount;
        this.membership.opened(owned);
        this.logger.info('assigned', {
          partitions: partitions.length,
          owned,
          of: names(partitions),
        });
      });
    });
  }

  /** The group answered without partitions. */
  spare(): void {
    this.membership.assigned(0, this.state.partitions.ownedCount);
  }

  revoked(partitions: readonly AssignedPartition[], lost: boolean): void {
    const { state } = this;
    // Lost partitions already belong to another member: from this moment their results must not be written or
    // committed.
    if (lost) {
      this.membership.lost();
      for (const { partitionId } of partitions) state.partitions.close(partitionId);
    }
    this.moved(partitions.map(({ partitionId }) => partitionId));
    this.changes.enqueue(() =>
      this.changes.parked(async () => {
        const ids = partitions
          .map(({ partitionId }) => partitionId)
          .filter((id) => state.partitions.owns(id));
        if (!lost) {
          await this.drain(ids);
          if (state.lifecycle.isOver()) return;
        }
        for (const id of ids) {
          state.partitions.drop(id);
          this.state.named.forgetAll(id);
        }
        const owned = state.partitions.ownedCount;
        if (!lost) this.membership.revoked(owned);
        this.moved(ids);
        state.deps.group?.close(partitions);
        const fields = { partitions: partitions.length, owned, of: names(partitions) };
        if (lost) this.logger[levelInOutage(state)]('lost', { ...fields, reason: LOST });
        else this.logger.info('revoked', fields);
      }),
    );
  }

  /**
   * Drops what is in flight and reads again from the committed position after `delayMs`, under new epochs.
   * Not while stopping.
   */
  rewind(reason: string, delayMs = 0): void {
    const { state } = this;
    if (state.lifecycle.isStopping()) return;
    state.rewinds++;
    this.giveUpBatches();
    const go = (): void => {
      this.changes.enqueue(() => this.rewindNow(reason));
    };
    if (delayMs === 0) {
      go();
      return;
    }
    const cancel = state.deps.clock.after(delayMs, () => {
      this.pendingRewinds.delete(cancel);
      go();
    });
    this.pendingRewinds.add(cancel);
  }

  /** The run stops: the next run will read what would have been read again. */
  cancelRewinds(): void {
    for (const cancel of this.pendingRewinds) cancel();
    this.pendingRewinds.clear();
  }

  /** Passes settled offsets on, for the next commit. */
  store(offsets: readonly CommittedOffset[]): void {
    this.state.deps.receipts?.write();
    this.state.deps.commits.store(offsets);
    for (const { partitionId, offset } of offsets) {
      const ours = this.state.partitions.get(partitionId)?.ours;
      if (ours !== undefined) ours.stored = offset;
    }
  }

  /** Opens a partition under a new epoch. Whatever is in flight from the old epoch is stale from now on. */
  open(
    partition: AssignedPartition,
    offset: number | undefined,
    counted: readonly OffsetRange[] = [],
  ): OpenedPartition {
    if (offset === undefined)
      throw new DispatcherError(
        'DEFECT',
        `no position for topic ${partition.topic}, partition ${partition.partition}`,
      );
    const opened = this.state.partitions.open(partition, offset, this.endWatch.untilOf(partition), counted);
    this.moved([partition.partitionId]);
    return opened;
  }

  private async rewindNow(reason: string): Promise<void> {
    const { state } = this;
    if (state.lifecycle.isStopping()) return;
    state.logLimit.warn('rewind', 'reading again from the committed position', { reason });
    await this.changes.parked(async () => {
      // Batches delivered before the decision, by events still on their way, belong to what is read again.
      this.giveUpBatches();
      this.intake.takeBackOffered();
      // Lost partitions are no longer open; their revocation is queued after this change.
      const opened = state.partitions.owned.flatMap((partition) => {
        const offset = partition.ours.reading?.offsets.committable;
        const counted = state.partitions.settledAhead(partition.partitionId);
        return offset === undefined ? [] : [this.open(partition, offset, counted)];
      });
      for (const partition of opened) {
        if (state.lifecycle.isOver()) return;
        // Lost while waiting for the partition before it.
        if (state.partitions.isOpen(partition.partitionId, partition.epoch))
          await state.deps.source.seek(partition);
      }
    });
    // Parts that were written are still on their way: the same records are read again only when these have
    // arrived. No other change waits for that; until then the reader has no block to fill.
    void this.batchFlow.drained().then(() => {
      state.rewinds--;
      state.guard(() => undefined);
    });
  }

  /**
   * Waits until the ends are known, so that nothing beyond them is read. Without a leader that may take
   * long; the other partitions are read meanwhile, without a limit.
   */
  private async endsKnown(): Promise<void> {
    const { deps, stopWanted } = this.state;
    let cancel: () => void = () => undefined;
    const late = new Promise<void>((resolve) => {
      cancel = deps.clock.after(Limits.endsWaitMs, resolve);
    });
    await Promise.race([this.endWatch.known, late, stopWanted]);
    cancel();
  }

  private async movedAtStart(
    partition: AssignedPartition,
    starts: ReadonlyMap<PartitionId, StartOffset>,
  ): Promise<void> {
    const { offset: to = 0, moved } = starts.get(partition.partitionId) ?? {};
    if (moved === undefined || this.state.lifecycle.isStopping()) return;
    passedOver(this.state, partition, { ...moved, to, knownEnd: this.endWatch.target(partition)?.end });
    await this.endWatch.readElsewhere(partition, moved.isReplaced);
  }

  /** Revoked, lost, or read from another position: what was known about their positions no longer holds. */
  moved(ids: readonly PartitionId[]): void {
    for (const id of ids) this.state.partitions.moved(id);
    this.endWatch.moved(ids);
  }

  private giveUpBatches(): void {
    for (const batch of this.state.inFlight.values()) batch.rewound = true;
    this.batchFlow.abandon();
  }

  /**
   * Waits until nothing of the partitions is in flight, at most for the rebalance deadline, then stores what
   * is settled.
   */
  private async drain(ids: readonly PartitionId[]): Promise<void> {
    const { partitions, deps, settings } = this.state;
    const deadline = deps.clock.nowMs() + settings.rebalanceDrainTimeoutMs;
    while (this.batchFlow.inFlight(ids) && deps.clock.nowMs() < deadline && !this.state.lifecycle.isOver())
      await this.batchFlow.nextEnd(deadline);
    if (this.state.lifecycle.isOver()) return;
    const left = ids.filter((id) => (partitions.offsets(id)?.unsettled ?? 0) > 0);
    if (left.length > 0)
      this.logger.warn('not drained in time; the next owner of these partitions gets these records again', {
        partitions: left.length,
        timeoutMs: settings.rebalanceDrainTimeoutMs,
      });
    this.store(
      ids.flatMap((partitionId) => {
        const offset = partitions.offsets(partitionId)?.committable;
        return offset === undefined ? [] : [{ partitionId, offset }];
      }),
    );
  }
}

const LOST =
  'the session ended: no heartbeat was answered within session.timeout.ms, or this process did not ' +
  'poll within max.poll.interval.ms; joining again';

function names(partitions: readonly AssignedPartition[]): string {
  const NAMES_MAX = 20;
  const list = partitions.slice(0, NAMES_MAX).map(({ topic, partition }) => `${topic}[${partition}]`);
  return partitions.length > NAMES_MAX ? `${list.join(' ')} …` : list.join(' ');
}
