import type { Fault, PartitionId } from '../core/batch.js';
import { consumerFault, consumerFaultName } from '../core/delivery-faults.js';
import { DispatcherError } from '../core/errors.js';
import type { AssignedPartition, OpenedPartition } from '../ports/source.js';
import type { Intake } from './intake.js';
import { place, type RunState } from './run-state.js';
import { asDispatcherError } from './transform-runner.js';

/**
 * Everything that changes what is read: assignments, seeks, rewinds, oversize blocks. One such change at a time, each with the reader parked:
 * rows popped before a change must not be stamped with an epoch that begins after it.
 */
export class Rebalancer {
  private readonly state: RunState;
  private readonly intake: Intake;
  private queue: Promise<void> = Promise.resolve();
  private waiting = 0;
  private over = false;
  private wakeups: (() => void)[] = [];
  private readonly drained: () => Promise<void>;
  private readonly abandonAll: () => void;
  readonly owned = new Map<PartitionId, AssignedPartition>();
  /** Partitions were given to us at least once, none of them perhaps. */
  assignedOnce = false;
  onChange: () => void = () => undefined;

  constructor(state: RunState, intake: Intake, flights: { drained: () => Promise<void>; abandonAll: () => void }) {
    this.state = state;
    this.intake = intake;
    this.drained = flights.drained;
    this.abandonAll = flights.abandonAll;
  }

  get busy(): boolean {
    return this.waiting > 0;
  }

  assigned(partitions: readonly AssignedPartition[]): void {
    this.assignedOnce = true;
    this.enqueue(async () => {
      const positions = new Map((await this.state.deps.source.positions(partitions)).map(({ partitionId, offset }) => [partitionId, offset]));
      await this.parked(() => {
        const opened = partitions.map((partition) => this.open(partition, positions.get(partition.partitionId)));
        this.state.deps.source.open(opened);
        for (const partition of partitions) this.owned.set(partition.partitionId, partition);
        this.state.deps.logger.info('assigned', { partitions: partitions.length, owned: this.owned.size, of: names(partitions) });
      });
    });
  }

  revoked(partitions: readonly AssignedPartition[], lost: boolean): void {
    // Lost partitions belong to someone else by now: their results must not be written or committed, from this very moment.
    if (lost) for (const { partitionId } of partitions) this.closeEpoch(partitionId);
    this.enqueue(async () => {
      await this.parked(async () => {
        const ids = partitions.map(({ partitionId }) => partitionId).filter((id) => this.owned.has(id));
        if (!lost) {
          this.state.assignments.startDraining(ids);
          await this.drain(ids);
        }
        if (this.over) return;
        for (const id of ids) {
          this.closeEpoch(id);
          this.owned.delete(id);
        }
        this.state.deps.source.close(partitions);
        this.state.deps.logger.info(lost ? 'lost' : 'revoked', { partitions: partitions.length, owned: this.owned.size, of: names(partitions) });
      });
    });
  }

  /** Throws away what is in flight and reads again from the committed position, under new epochs. */
  rewind(reason: string): void {
    if (this.state.stopping) return;
    this.state.intakePaused = true;
    for (const flight of this.state.flights.values()) flight.rewound = true;
    this.abandonAll();
    this.enqueue(async () => {
      this.state.deps.logger.warn('reading again from the committed position', { reason });
      await this.parked(async () => {
        // Batches that were delivered between the decision and the parking belong to what is read again.
        for (const flight of this.state.flights.values()) flight.rewound = true;
        this.abandonAll();
        const positions = [...this.owned.values()].map((partition) => ({ partition, offset: this.state.tracker.committable(partition.partitionId) }));
        const opened = positions.map(({ partition, offset }) => this.open(partition, offset));
        for (const partition of opened) await this.state.deps.source.seek(partition);
        this.state.intakePaused = false;
        await this.drained();
      });
    });
  }

  fault(fault: Fault): void {
    const { state } = this;
    if (!state.tracker.isOpen(fault.partitionId, fault.epoch) || state.stopping) return;
    const where = place(state, fault.partitionId, fault.offset);
    const name = consumerFaultName(fault.code);
    switch (consumerFault(fault.code)) {
      case 'closing':
        state.fail(
          new DispatcherError('CORRUPT_INPUT', `${where}: the log can't be read here: ${name}: ${fault.text}`, {
            remedy: 'every record before it is settled and committed, nothing behind it. Restore the partition from a replica, or step over the damage by moving the group’s offset',
          }),
        );
        return;
      case 'out-of-range':
        this.reposition(fault, (partition) => state.deps.source.positionAfterOutOfRange(partition, fault.offset));
        return;
      case 'refused':
        state.fail(new DispatcherError('KAFKA_REFUSED', `${where}: ${name}: ${fault.text}`, { remedy: 'allow this client to read the topic and to use the group' }));
        return;
      case 'transient':
        state.deps.logger.warn('read fault', { where, code: name, text: fault.text });
        this.reposition(fault, () => Promise.resolve(fault.offset));
        return;
    }
  }

  /** The record that needs a larger block than the reader was offered. */
  serveOversize(): void {
    this.enqueue(() => this.parked(() => this.intake.serveOversize()));
  }

  /** Settles and stores what was read of the partition, then reads on from another offset. Positions after an error are never librdkafka's. */
  private reposition(fault: Fault, resolve: (partition: AssignedPartition) => Promise<number>): void {
    this.enqueue(async () => {
      const partition = this.owned.get(fault.partitionId);
      if (partition === undefined || !this.state.tracker.isOpen(fault.partitionId, fault.epoch)) return;
      const offset = await resolve(partition);
      await this.parked(async () => {
        await this.drain([fault.partitionId]);
        const { tracker } = this.state;
        if (this.over || !tracker.isOpen(fault.partitionId, fault.epoch)) return;
        // What could not be settled in time is read again: the offset behind it must not be committed over it.
        const from = tracker.inFlightSegments(fault.partitionId) > 0 ? tracker.committable(fault.partitionId) : offset;
        this.state.deps.logger.info('reading on', { where: place(this.state, fault.partitionId, fault.offset), from });
        await this.state.deps.source.seek(this.open(partition, from));
      });
    });
  }

  private open(partition: AssignedPartition, offset: number | undefined): OpenedPartition {
    if (offset === undefined) throw new DispatcherError('DEFECT', `no position for topic ${partition.topic}, partition ${partition.partition}`);
    this.closeEpoch(partition.partitionId);
    const epoch = this.state.assignments.open(partition.partitionId);
    // Reported anew: what was settled before a rewind, or is passed over on purpose, may not have been stored yet.
    this.state.tracker.open(partition.partitionId, epoch, offset, true);
    return { ...partition, epoch, offset };
  }

  private closeEpoch(partitionId: PartitionId): void {
    this.state.assignments.close(partitionId);
    this.state.tracker.close(partitionId);
  }

  /** Waits until the partitions have nothing in flight, at most for the rebalance deadline, then stores what is settled. */
  private async drain(ids: readonly PartitionId[]): Promise<void> {
    const { tracker, deps, settings } = this.state;
    const deadline = deps.clock.nowMs() + settings.rebalanceDrainTimeoutMs;
    while (ids.some((id) => tracker.inFlightSegments(id) > 0) && deps.clock.nowMs() < deadline && !this.over) await this.nextChange(deadline);
    if (this.over) return;
    const left = ids.filter((id) => tracker.inFlightSegments(id) > 0);
    if (left.length > 0) deps.logger.warn('not drained in time; the new owner gets these records again', { partitions: left.length, timeoutMs: settings.rebalanceDrainTimeoutMs });
    deps.source.store(ids.flatMap((partitionId) => {
      const offset = tracker.committable(partitionId);
      return offset === undefined ? [] : [{ partitionId, offset }];
    }));
  }

  /** Resolves when a flight was settled, or at the deadline. */
  private nextChange(deadlineMs: number): Promise<void> {
    return new Promise((resolve) => {
      const cancel = this.state.deps.clock.after(Math.max(1, deadlineMs - this.state.deps.clock.nowMs()), resolve);
      this.wakeups.push(() => {
        cancel();
        resolve();
      });
    });
  }

  flightSettled(): void {
    if (this.wakeups.length === 0) return;
    const wakeups = this.wakeups;
    this.wakeups = [];
    for (const wake of wakeups) wake();
  }

  private async parked(change: () => void | Promise<void>): Promise<void> {
    if (this.over) return;
    await this.state.deps.source.park();
    try {
      if (!this.over) await change();
    } finally {
      if (!this.over) this.state.deps.source.unpark();
    }
  }

  private enqueue(change: () => Promise<void>): void {
    this.waiting++;
    this.queue = this.queue
      .then(change)
      .catch((error: unknown) => this.state.fail(asDispatcherError(error)))
      .finally(() => {
        this.waiting--;
        this.onChange();
      });
  }

  /** The source is about to be stopped: changes that wait or are under way do nothing more. */
  end(): void {
    this.over = true;
    this.flightSettled();
  }

  /** Resolves when no change is under way or waiting. */
  async idle(): Promise<void> {
    while (this.waiting > 0) await this.queue;
  }
}

function names(partitions: readonly AssignedPartition[]): string {
  const NAMES_MAX = 20;
  const list = partitions.slice(0, NAMES_MAX).map(({ topic, partition }) => `${topic}[${partition}]`);
  return partitions.length > NAMES_MAX ? `${list.join(' ')} …` : list.join(' ');
}
