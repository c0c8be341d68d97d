import type { Fault, PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { AssignedPartition } from '../../ports/source.js';
import { asDispatcherError } from '../as-dispatcher-error.js';
import type { BatchFlow } from '../batch-flow.js';
import type { EndWatch } from '../ending/end-watch.js';
import type { ChangeQueue } from '../partitions/change-queue.js';
import { passedOver } from '../partitions/passed-over.js';
import type { Rebalancer } from '../partitions/rebalancer.js';
import { place, type RunState } from '../run-state.js';
import { Limits } from '../settings.js';

type Place = Pick<Fault, 'partitionId' | 'epoch' | 'offset'>;

/**
 * What to do when librdkafka delivers an error instead of records. The reader takes nothing more from that
 * partition until it gets a new position: librdkafka's own positions after an error can't be trusted.
 */
export class ReadFaults {
  private readonly state: RunState;
  private readonly changes: ChangeQueue;
  private readonly batchFlow: BatchFlow;
  private readonly rebalancer: Rebalancer;
  private readonly endWatch: EndWatch;
  private readonly pending = new Set<() => void>();

  constructor(
    state: RunState,
    parts: { changes: ChangeQueue; batchFlow: BatchFlow; rebalancer: Rebalancer; endWatch: EndWatch },
  ) {
    this.state = state;
    this.changes = parts.changes;
    this.batchFlow = parts.batchFlow;
    this.rebalancer = parts.rebalancer;
    this.endWatch = parts.endWatch;
  }

  fault(fault: Fault): void {
    const { state } = this;
    const { kind, name } = state.deps.source.verdict(fault);
    if (kind !== 'limit') state.partitions.distrust(fault.partitionId);
    if (!this.isCurrent(fault)) return;
    const where = place(state, fault.partitionId, fault.offset);
    switch (kind) {
      case 'limit':
        this.atLimit(fault.partitionId);
        return;
      case 'closing':
        state.fail(
          new DispatcherError(
            'CORRUPT_INPUT',
            `${where}: the log can't be read here: ${name}: ${fault.text}`,
            {
              remedy:
                'every record before it is settled and committed, nothing after it. Restore the ' +
                'partition from a replica, or skip the damage by resetting the group’s offset',
            },
          ),
        );
        return;
      case 'out-of-range':
        void this.skip(fault).catch((error: unknown) => state.fail(asDispatcherError(error)));
        return;
      case 'refused':
        state.fail(
          state.deps.source.refusal?.(
            name,
            state.deps.describe(fault.partitionId).topic,
            `${where}: ${fault.text}`,
          ) ??
            new DispatcherError('KAFKA_REFUSED', `${where}: ${name}: ${fault.text}`, {
              remedy: 'allow this client to read the topic and to use the group',
            }),
        );
        return;
      case 'transient':
        state.logLimit.warn(`read fault ${fault.partitionId}`, 'read fault; reading again from there', {
          where,
          code: name,
          text: fault.text,
        });
        this.readAgain(fault);
        return;
    }
  }

  /**
   * Their topic was deleted and created again. What was read is settled first, because it can't be read
   * again.
   */
  replaced(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.state.named.suspend(partitionId);
    const meant = partitions.flatMap((partition) => {
      const state = this.state.partitions.get(partition.partitionId);
      const reading = state?.ours?.reading;
      if (state === undefined || reading === undefined || reading.leaving) return [];
      reading.leaving = true;
      const { partitionId, epoch } = state;
      return [{ partition, place: { partitionId, epoch, offset: reading.offsets.committable } }];
    });
    if (meant.length === 0) return;
    this.changes.enqueue(() =>
      this.changes.parked(() => {
        const current = meant.filter(({ place: at }) => this.isCurrent(at));
        this.state.deps.source.halt(current.map(({ partition }) => partition));
        for (const { place: at } of current)
          void this.skip(at).catch((error: unknown) => this.state.fail(asDispatcherError(error)));
      }),
    );
  }

  /** The next record is at the end or beyond it: no record between the position and the end is missing. */
  private atLimit(id: PartitionId): void {
    const partition = this.state.partitions.get(id);
    const reading = partition?.ours?.reading;
    if (partition === undefined || reading === undefined) return;
    reading.offsets.advance(reading.until);
    this.state.deps.source.rest([partition]);
  }

  cancel(): void {
    for (const cancel of this.pending) cancel();
    this.pending.clear();
  }

  /** Reads again from the fault's own offset, in the same epoch: nothing in flight is affected. */
  private readAgain(fault: Fault): void {
    const times = this.timesMet(fault);
    const seek = (): void => {
      this.changes.enqueue(() =>
        this.changes.parked(async () => {
          // Halted because its topic was replaced: a seek would let it read on.
          const isLeaving = this.state.partitions.get(fault.partitionId)?.ours?.reading?.leaving === true;
          if (!this.isCurrent(fault) || isLeaving) return;
          const place = this.state.partitions.readOnFrom(fault.partitionId, fault.offset);
          if (place !== undefined) await this.state.deps.source.seek(place);
          this.rebalancer.moved([fault.partitionId]);
        }),
      );
    };
    if (times === 1) {
      seek();
      return;
    }
    const delayMs = Math.min(Limits.readFaultBackoffMs * 2 ** (times - 2), Limits.readFaultBackoffMaxMs);
    const cancel = this.state.deps.clock.after(delayMs, () => {
      this.pending.delete(cancel);
      seek();
    });
    this.pending.add(cancel);
  }

  private timesMet(fault: Fault): number {
    const reading = this.state.partitions.get(fault.partitionId)?.ours?.reading;
    if (reading === undefined) return 1;
    if (reading.fault?.offset === fault.offset) return ++reading.fault.times;
    reading.fault = { offset: fault.offset, times: 1 };
    return 1;
  }

  /**
   * Continues where the out-of-range policy says. What was read before is settled first, however long that
   * takes: the new offset may be lower (a recreated topic), and a position at the end is committed
   * immediately.
   */
  private async skip(fault: Place): Promise<void> {
    while (this.isCurrent(fault) && this.batchFlow.inFlight([fault.partitionId]))
      await this.batchFlow.nextEnd();
    this.changes.enqueue(async () => {
      const partition = this.state.partitions.get(fault.partitionId);
      if (partition === undefined || !this.isCurrent(fault)) return;
      const chosen = await Promise.race([
        this.state.deps.source.positionAfterOutOfRange(partition, fault.offset),
        this.state.stopWanted,
      ]);
      if (chosen === undefined) return;
      const { offset, isFirstStart } = chosen;
      const isReplaced = partition.ours?.reading?.leaving === true;
      const knownEnd = this.endWatch.target(partition)?.end;
      await this.endWatch.readElsewhere(partition, isReplaced);
      await this.changes.parked(async () => {
        if (!this.isCurrent(fault)) return;
        const { reading, progress } = partition.ours ?? {};
        if (!isFirstStart)
          passedOver(this.state, partition, {
            from: reading?.offsets.committable ?? fault.offset,
            to: offset,
            isReplaced,
            knownEnd: knownEnd ?? (isReplaced ? undefined : progress?.highOffset),
          });
        // The same offsets may belong to other records there.
        this.state.named.forgetAll(fault.partitionId);
        await this.state.deps.source.seek(this.rebalancer.open(partition, offset));
      });
    });
  }

  private isCurrent({ partitionId, epoch }: Place): boolean {
    return this.state.partitions.isOpen(partitionId, epoch) && !this.state.lifecycle.isStopping();
  }
}
