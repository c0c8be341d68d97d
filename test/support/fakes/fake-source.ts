import type { Block, Fault, InputBatch, PartitionId } from '../../../src/core/batch.js';
import { DispatcherError } from '../../../src/core/errors.js';
import type { ReadFault } from '../../../src/core/faults.js';
import { consumerFault, consumerFaultName } from '../../../src/kafka/codes.js';
import type { CommittedOffset } from '../../../src/ports/commits.js';
import type { Group, GroupEvents } from '../../../src/ports/group.js';
import type {
  AssignedPartition,
  EndOffset,
  OpenedPartition,
  Source,
  SourceEvents,
} from '../../../src/ports/source.js';
import { type CommitSettings, FakeCommits } from './fake-commits.js';
import { FakeReader, type FakeReaderSettings, visibleEnd } from './fake-reader.js';
import type { FakeWorld } from './fake-world.js';

/**
 * `revoke-fenced`: the group reassigns the partitions while we are still draining them, so the last commit is
 * refused.
 */
export interface RebalanceStep {
  readonly afterMs: number;
  readonly kind: 'assign' | 'revoke' | 'revoke-fenced' | 'lost';
  /** The fraction of the possible partitions that is affected; 1: all (the eager protocol). */
  readonly share: number;
}

export interface FakeSourceSettings extends CommitSettings {
  readonly reader: FakeReaderSettings;
  readonly rebalances: readonly RebalanceStep[];
  readonly commitIntervalMs: number;
  readonly outOfRange: 'stop' | 'earliest' | 'latest';
}

export interface SourceObserver {
  stored(id: PartitionId, offset: number): void;
  delivered(batch: InputBatch): void;
  /** Records below the offset are skipped, as the out-of-range policy says. */
  skipped(id: PartitionId, below: number): void;
  violation(what: string): void;
}

/** A member of the fake group. Calls that break the ports' contracts are violations. */
export class FakeSource implements Source {
  readonly commits: FakeCommits;
  readonly group: Group = {
    listen: (events) => {
      this.groupEvents = events;
    },
    close: (partitions) => this.close(partitions),
  };
  private readonly world: FakeWorld;
  private readonly settings: FakeSourceSettings;
  private readonly observer: SourceObserver;
  private readonly reader: FakeReader;
  private events: SourceEvents | undefined;
  private groupEvents: GroupEvents | undefined;
  private readonly opened = new Map<PartitionId, number>();
  /** Lost partitions that the dispatcher was informed of. */
  private readonly lostTold = new Set<PartitionId>();
  private pending: { readonly kind: 'open' | 'close'; readonly ids: ReadonlySet<PartitionId> } | undefined;
  private stepsLeft: RebalanceStep[];
  /** `stop` was called: from now on only answers to commits are reported. */
  private stopping = false;
  private stopped = false;

  constructor(world: FakeWorld, settings: FakeSourceSettings, observer: SourceObserver) {
    this.world = world;
    this.settings = settings;
    this.observer = observer;
    this.commits = new FakeCommits(world, settings, observer, (id) => this.notToBeStored(id));
    this.stepsLeft = [...settings.rebalances];
    this.reader = new FakeReader(world, settings.reader, {
      batch: (batch) => {
        this.observer.delivered(batch);
        this.events?.batch(batch);
      },
      oversize: (bytes) => this.tell((events) => events.oversize(bytes)),
    });
  }

  async start(events: SourceEvents): Promise<void> {
    await this.latency();
    this.events = events;
    this.nextStep();
    this.every(this.settings.commitIntervalMs, () => this.commits.commit([...this.opened.keys()]));
    this.every(1000, () => this.tellProgress());
    this.every(400, () => this.world.group.otherWorks(this.world.random.int(8), this.world.clock.nowMs()));
  }

  offer(block: Block, recordsMax: number): void {
    this.mustRun('offer');
    this.reader.offer(block, recordsMax);
  }

  reclaim(): readonly Block[] {
    this.mustBeParked('reclaim');
    return this.reader.reclaim();
  }

  park(): Promise<void> {
    return this.reader.park();
  }

  unpark(): void {
    this.reader.unpark();
  }

  heldRecords(): number {
    return this.reader.held;
  }

  async positions(partitions: readonly AssignedPartition[]): Promise<readonly CommittedOffset[]> {
    await this.latency();
    return partitions.map(({ partitionId }) => {
      const { committed, log } = this.world.group.partition(partitionId);
      return { partitionId, offset: committed >= 0 ? committed : log.low };
    });
  }

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<number> {
    await this.latency();
    const { log } = this.world.group.partition(partition.partitionId);
    if (this.settings.outOfRange === 'stop')
      throw new DispatcherError(
        'OFFSET_OUT_OF_RANGE',
        `offset ${offset} of partition ${partition.partitionId} is gone`,
      );
    const next =
      this.settings.outOfRange === 'earliest' ? log.low : visibleEnd(log, this.world.clock.nowMs());
    this.observer.skipped(partition.partitionId, next);
    return next;
  }

  halt(partitions: readonly AssignedPartition[]): void {
    this.mustBeParked('halt');
    for (const { partitionId } of partitions) this.reader.halt(partitionId);
  }

  open(partitions: readonly OpenedPartition[]): void {
    this.mustBeParked('open');
    this.answers('open', partitions);
    for (const { partitionId, epoch, offset } of partitions) {
      this.opened.set(partitionId, epoch);
      this.world.group.epochs.set(partitionId, epoch);
      this.reader.seek(this.world.group.partition(partitionId).log, epoch, offset);
    }
    this.nextStep();
  }

  async seek(partition: OpenedPartition): Promise<void> {
    this.mustBeParked('seek');
    if (!this.opened.has(partition.partitionId))
      this.observer.violation(`seek of partition ${partition.partitionId}, which is not open`);
    this.opened.set(partition.partitionId, partition.epoch);
    this.world.group.epochs.set(partition.partitionId, partition.epoch);
    this.reader.seek(
      this.world.group.partition(partition.partitionId).log,
      partition.epoch,
      partition.offset,
    );
    await this.latency();
  }

  async endOffsets(): Promise<readonly EndOffset[]> {
    await this.latency();
    const nowMs = this.world.clock.nowMs();
    return [...this.world.group.partitions.values()].map(({ log }) => ({
      topic: log.topic,
      partition: log.partition,
      low: log.low,
      end: visibleEnd(log, nowMs),
    }));
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.reader.stop();
    const ids = [...this.opened.keys()];
    this.commits.commit(ids);
    for (const id of ids) this.forget(id);
    this.leaveToOther(ids.filter((id) => this.world.group.partition(id).owner === 'us'));
    await this.latency();
    await new Promise<void>((resolve) => this.world.clock.after(this.settings.brokerLatencyMaxMs, resolve));
    this.stopped = true;
    this.commits.end();
  }

  /** The group's next event comes only after the last one was answered. */
  private nextStep(): void {
    this.pending = undefined;
    const step = this.stepsLeft.shift();
    if (step !== undefined) this.world.clock.after(step.afterMs, () => this.rebalance(step));
  }

  private rebalance(step: RebalanceStep): void {
    if (this.stopping) return;
    const { group, random } = this.world;
    const all = [...group.partitions.values()];
    const meant = all.filter(({ owner }) => (owner === 'us') === (step.kind !== 'assign'));
    const ids = (step.share >= 1 ? meant : random.some(meant, step.share)).map(({ log }) => log.id);
    const named = ids.map((id) => this.named(id));
    this.pending = { kind: step.kind === 'assign' ? 'open' : 'close', ids: new Set(ids) };
    if (step.kind === 'assign') {
      group.give(ids, 'us');
      this.leaveToOther(all.filter(({ owner }) => owner === 'none').map(({ log }) => log.id));
      for (const id of ids) this.lostTold.delete(id);
      this.events?.assigned(named);
      return;
    }
    const lost = step.kind === 'lost';
    if (lost) {
      group.give(ids, 'other');
      // As in the adapter, the writer sends nothing of a lost partition from now on.
      for (const id of ids) {
        group.epochs.set(id, 0);
        this.lostTold.add(id);
      }
    } else if (step.kind === 'revoke-fenced') {
      this.world.clock.after(random.int(500), () =>
        group.give(
          ids.filter((id) => group.partition(id).owner === 'us' && this.opened.has(id)),
          'other',
        ),
      );
    }
    this.groupEvents?.revoked(named, lost);
  }

  /** For a while the partitions are unassigned, then the other member gets them. */
  private leaveToOther(ids: readonly PartitionId[]): void {
    const { group, clock, random } = this.world;
    group.give(ids, 'none');
    clock.after(random.int(1000), () =>
      group.give(
        ids.filter((id) => group.partition(id).owner === 'none'),
        'other',
      ),
    );
  }

  private answers(kind: 'open' | 'close', partitions: readonly AssignedPartition[]): void {
    const ids = new Set(partitions.map(({ partitionId }) => partitionId));
    const { pending } = this;
    const fits =
      pending !== undefined &&
      pending.kind === kind &&
      pending.ids.size === ids.size &&
      [...ids].every((id) => pending.ids.has(id));
    if (!fits)
      this.observer.violation(
        `${kind} of [${[...ids].join(' ')}] does not answer what the group asked: ${pending?.kind} of ` +
          `[${[...(pending?.ids ?? [])].join(' ')}]`,
      );
  }

  private close(partitions: readonly AssignedPartition[]): void {
    this.mustBeParked('close');
    this.answers('close', partitions);
    const ids = partitions.map(({ partitionId }) => partitionId);
    this.commits.commit(ids);
    for (const id of ids) this.forget(id);
    this.leaveToOther(ids.filter((id) => this.world.group.partition(id).owner === 'us'));
    this.nextStep();
  }

  private notToBeStored(id: PartitionId): string | undefined {
    this.mustRun('store');
    if (!this.opened.has(id)) return 'which is not open';
    return this.lostTold.has(id) ? 'which was lost' : undefined;
  }

  private forget(id: PartitionId): void {
    this.opened.delete(id);
    this.commits.forget(id);
    this.world.group.epochs.set(id, 0);
    this.reader.close(id);
  }

  private tellProgress(): void {
    const partitions = [...this.opened.keys()].flatMap((partitionId) => {
      const progress = this.reader.progress(partitionId);
      return progress === undefined ? [] : [{ partitionId, ...progress }];
    });
    this.tell((events) => events.progress(partitions));
  }

  private named(id: PartitionId): AssignedPartition {
    const { log } = this.world.group.partition(id);
    return { partitionId: id, topic: log.topic, partition: log.partition };
  }

  private tell(say: (events: SourceEvents) => void): void {
    const { clock, random } = this.world;
    clock.after(random.int(this.settings.brokerLatencyMaxMs), () => {
      if (!this.stopped && this.events !== undefined) say(this.events);
    });
  }

  private every(intervalMs: number, work: () => void): void {
    this.world.clock.after(intervalMs, () => {
      if (this.stopping) return;
      work();
      this.every(intervalMs, work);
    });
  }

  private latency(): Promise<void> {
    const { clock, random } = this.world;
    return new Promise((resolve) => clock.after(random.int(this.settings.brokerLatencyMaxMs), resolve));
  }

  private mustBeParked(call: string): void {
    this.mustRun(call);
    if (!this.reader.parked) this.observer.violation(`${call} while the reader is not parked`);
  }

  private mustRun(call: string): void {
    if (this.stopping) this.observer.violation(`${call} after stop`);
  }
}
