import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { CommittedOffset } from '../../ports/commits.js';
import type { AssignedPartition, OpenedPartition } from '../../ports/source.js';
import type { BatchFlow } from '../batch-flow.js';
import type { RunState } from '../run-state.js';
import type { ChangeQueue } from './change-queue.js';
import { Membership } from './membership.js';

export interface RebalancerEvents {
  /**
   * What was known of these partitions' places in the log is over: given back, lost, or read from elsewhere.
   */
  moved(ids: readonly PartitionId[]): void;
  /** Parked: blocks that the reader has not begun to fill are to be taken back. */
  rewinding(): void;
  /** What was in flight at a rewind has arrived: reading may go on. */
  rewound(): void;
}

/** Which partitions are ours, and from where they are read: assignments, revocations, rewinds. */
export class Rebalancer {
  private readonly state: RunState;
  private readonly changes: ChangeQueue;
  private readonly batchFlow: BatchFlow;
  private readonly events: RebalancerEvents;
  private readonly pendingRewinds = new Set<() => void>();
  readonly owned = new Map<PartitionId, AssignedPartition>();
  /** Of the owned ones: where we began, and the offset stored last. */
  private readonly begun = new Map<PartitionId, number>();
  private readonly stored = new Map<PartitionId, number>();
  readonly membership: Membership;

  constructor(
    state: RunState,
    parts: { changes: ChangeQueue; batchFlow: BatchFlow; events: RebalancerEvents },
  ) {
    this.state = state;
    this.changes = parts.changes;
    this.batchFlow = parts.batchFlow;
    this.events = parts.events;
    this.membership = new Membership(state.deps.clock);
  }

  /** While stopping the answer is left to `source.stop`: what is not opened need not be given back. */
  assigned(partitions: readonly AssignedPartition[]): void {
    const { state } = this;
    this.membership.assigned(partitions.length, this.owned.size);
    this.changes.enqueue(async () => {
      if (state.stopping) return;
      const answer = await Promise.race([state.deps.source.positions(partitions), state.stopWanted]);
      if (answer === undefined || isStopping(state)) return;
      const positions = new Map(answer.map(({ partitionId, offset }) => [partitionId, offset]));
      await this.changes.parked(() => {
        if (isStopping(state)) return;
        const opened = partitions.map((partition) =>
          this.open(partition, positions.get(partition.partitionId)),
        );
        state.deps.source.open(opened);
        for (const partition of partitions) this.owned.set(partition.partitionId, partition);
        for (const { partitionId, offset } of opened) this.begun.set(partitionId, offset);
        this.membership.opened(this.owned.size);
        state.deps.logger.info('assigned', {
          partitions: partitions.length,
          owned: this.owned.size,
          of: names(partitions),
        });
      });
    });
  }

  /** The group answered, with nothing. */
  spare(): void {
    this.membership.assigned(0, this.owned.size);
  }

  revoked(partitions: readonly AssignedPartition[], lost: boolean): void {
    const { state } = this;
    // Lost partitions belong to someone else by now: their results must not be written or committed, from
    // this very moment.
    if (lost) {
      this.membership.lost();
      for (const { partitionId } of partitions) this.closeEpoch(partitionId);
    }
    this.events.moved(partitions.map(({ partitionId }) => partitionId));
    this.changes.enqueue(() =>
      this.changes.parked(async () => {
        const ids = partitions.map(({ partitionId }) => partitionId).filter((id) => this.owned.has(id));
        if (!lost) {
          state.assignments.startDraining(ids);
          await this.drain(ids);
          if (state.over) return;
        }
        for (const id of ids) {
          this.closeEpoch(id);
          this.owned.delete(id);
          this.begun.delete(id);
          this.stored.delete(id);
          this.state.named.forgetAll(id);
        }
        if (!lost) this.membership.revoked(this.owned.size);
        this.events.moved(ids);
        state.deps.group?.close(partitions);
        const fields = { partitions: partitions.length, owned: this.owned.size, of: names(partitions) };
        if (lost) state.deps.logger.warn('lost', { ...fields, reason: LOST });
        else state.deps.logger.info('revoked', fields);
      }),
    );
  }

  /**
   * Throws away what is in flight and reads again from the committed position after `delayMs`, under new
   * epochs. Not while stopping.
   */
  rewind(reason: string, delayMs = 0): void {
    const { state } = this;
    if (state.stopping) return;
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

  /** The run stops: what would be read again is left to the next one. */
  cancelRewinds(): void {
    for (const cancel of this.pendingRewinds) cancel();
    this.pendingRewinds.clear();
  }

  /** Hands settled offsets over, for the next commit. */
  store(offsets: readonly CommittedOffset[]): void {
    this.state.deps.commits.store(offsets);
    for (const { partitionId, offset } of offsets) this.stored.set(partitionId, offset);
  }

  /** What was settled, but not confirmed as committed: `[from, to)` of each owned partition. */
  unconfirmed(
    committed: ReadonlyMap<PartitionId, number>,
  ): { readonly partitionId: PartitionId; readonly from: number; readonly to: number }[] {
    return [...this.stored].flatMap(([partitionId, to]) => {
      const from = Math.max(committed.get(partitionId) ?? 0, this.begun.get(partitionId) ?? 0);
      return this.owned.has(partitionId) && from < to ? [{ partitionId, from, to }] : [];
    });
  }

  /** What would come again if the process ended now: read, and not confirmed as committed. */
  uncommitted(
    committed: ReadonlyMap<PartitionId, number>,
  ): { readonly partitionId: PartitionId; readonly from: number; readonly to: number }[] {
    const { tracker } = this.state;
    return [...this.owned.keys()].flatMap((partitionId) => {
      const from = Math.max(committed.get(partitionId) ?? 0, this.begun.get(partitionId) ?? 0);
      const to = Math.max(tracker.redelivery(partitionId)?.to ?? 0, tracker.committable(partitionId) ?? 0);
      return from < to ? [{ partitionId, from, to }] : [];
    });
  }

  /** Opens a partition under a new epoch. What was in flight of the old one is stale from now on. */
  open(partition: AssignedPartition, offset: number | undefined): OpenedPartition {
    if (offset === undefined)
      throw new DispatcherError(
        'DEFECT',
        `no position for topic ${partition.topic}, partition ${partition.partition}`,
      );
    this.closeEpoch(partition.partitionId);
    this.events.moved([partition.partitionId]);
    const epoch = this.state.assignments.open(partition.partitionId);
    // Reported anew: what was settled before a rewind, or is passed over on purpose, may not have been stored
    // yet.
    this.state.tracker.open(partition.partitionId, epoch, offset, true);
    return { ...partition, epoch, offset };
  }

  private async rewindNow(reason: string): Promise<void> {
    const { state } = this;
    if (state.stopping) return;
    state.logLimit.warn('rewind', 'reading again from the committed position', { reason });
    await this.changes.parked(async () => {
      // Batches that were delivered before the decision, by the last handful of events, belong to what is
      // read again.
      this.giveUpBatches();
      this.events.rewinding();
      // Lost ones are not open any more; their revocation waits behind this change.
      const opened = [...this.owned.values()].flatMap((partition) => {
        const offset = state.tracker.committable(partition.partitionId);
        return offset === undefined ? [] : [this.open(partition, offset)];
      });
      for (const partition of opened) {
        if (state.over) return;
        // Lost while the one before it was asked for.
        if (state.tracker.isOpen(partition.partitionId, partition.epoch))
          await state.deps.source.seek(partition);
      }
    });
    // What was handed to the writer is still on its way: only when it has arrived are the same records read
    // again. No other change waits for that; until then the reader has no block to fill.
    void this.batchFlow.drained().then(() => {
      state.rewinds--;
      this.events.rewound();
    });
  }

  /** What was known of where librdkafka stands in the partition is over. */
  moved(partitionId: PartitionId): void {
    this.events.moved([partitionId]);
  }

  private giveUpBatches(): void {
    for (const batch of this.state.inFlight.values()) batch.rewound = true;
    this.batchFlow.abandon();
  }

  private closeEpoch(partitionId: PartitionId): void {
    this.state.assignments.close(partitionId);
    this.state.tracker.close(partitionId);
  }

  /**
   * Waits until the partitions have nothing in flight, at most for the rebalance deadline, then stores what
   * is settled.
   */
  private async drain(ids: readonly PartitionId[]): Promise<void> {
    const { tracker, deps, settings } = this.state;
    const deadline = deps.clock.nowMs() + settings.rebalanceDrainTimeoutMs;
    while (this.batchFlow.inFlight(ids) && deps.clock.nowMs() < deadline && !this.state.over)
      await this.batchFlow.nextEnd(deadline);
    if (this.state.over) return;
    const left = ids.filter((id) => tracker.inFlightSegments(id) > 0);
    if (left.length > 0)
      deps.logger.warn('not drained in time; whoever reads these partitions next gets these records again', {
        partitions: left.length,
        timeoutMs: settings.rebalanceDrainTimeoutMs,
      });
    this.store(
      ids.flatMap((partitionId) => {
        const offset = tracker.committable(partitionId);
        return offset === undefined ? [] : [{ partitionId, offset }];
      }),
    );
  }
}

const LOST =
  'the session ended: no heartbeat was answered within session.timeout.ms, or this process did not ' +
  'poll within max.poll.interval.ms; joining again';

/** Asked again after an await, where the compiler would remember the answer of before. */
function isStopping(state: RunState): boolean {
  return state.stopping;
}

function names(partitions: readonly AssignedPartition[]): string {
  const NAMES_MAX = 20;
  const list = partitions.slice(0, NAMES_MAX).map(({ topic, partition }) => `${topic}[${partition}]`);
  return partitions.length > NAMES_MAX ? `${list.join(' ')} …` : list.join(' ');
}
