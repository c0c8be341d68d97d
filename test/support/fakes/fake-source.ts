import type { Block, Fault, InputBatch, PartitionId } from '../../../src/core/batch.js';
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
import { FakePositions } from './fake-positions.js';
import { FakeReader, type FakeReaderSettings } from './fake-reader.js';
import { FakeTopics, type TopicObserver } from './fake-topics.js';
import type { FakeWorld } from './fake-world.js';
import { type LogChange, visibleEnd } from './log.js';

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
  readonly changes?: readonly LogChange[];
}

export interface SourceObserver extends TopicObserver {
  stored(id: PartitionId, offset: number): void;
  delivered(batch: InputBatch): void;
  /** Opened, or moved by a policy; else it is read again in the same log. */
  positioned(id: PartitionId, how: 'opened' | 'moved' | 'again'): void;
  /** Records below the offset are skipped, as the out-of-range policy says. */
  skipped(id: PartitionId, below: number): void;
}

/** Partitions must be opened within this time, whatever is wrong with one of them. */
const OPEN_MAX_MS = 6000;
const COMPARE_MIN_MS = 1000;

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
  private readonly where: FakePositions;
  private readonly topics: FakeTopics;
  /** When the assigned partitions must be open. */
  private openByMs = Number.POSITIVE_INFINITY;
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
    this.commits = new FakeCommits(world, settings, observer, {
      wrong: (id) => this.notToBeStored(id),
      isReplaced: (id) => this.topics.isReplaced(id),
    });
    this.where = new FakePositions(world, settings.outOfRange, (id, below) => observer.skipped(id, below));
    this.stepsLeft = [...settings.rebalances];
    this.reader = new FakeReader(world, settings.reader, {
      batch: (batch) => {
        this.observer.delivered(batch);
        this.events?.batch(batch);
      },
      oversize: (bytes) => this.tell((events) => events.oversize(bytes)),
    });
    const { reader, commits } = this;
    this.topics = new FakeTopics(world, observer, {
      reader,
      commits,
      openIds: () => [...this.opened.keys()],
      report: (ids) => {
        if (!this.stopping) this.events?.replaced(ids.map((id) => this.named(id)));
      },
    });
  }

  async start(events: SourceEvents): Promise<void> {
    await this.latency();
    this.events = events;
    this.nextStep();
    this.every(this.settings.commitIntervalMs, () => this.commits.commitAtInterval([...this.opened.keys()]));
    this.every(Math.max(this.settings.commitIntervalMs, COMPARE_MIN_MS), () => this.topics.compareWhenDue());
    for (const change of this.settings.changes ?? [])
      this.world.clock.after(change.atMs, () => {
        if (!this.stopped) this.topics.change(change);
      });
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
    return this.where.resolve(partitions);
  }

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<number> {
    await this.latency();
    this.topics.compare();
    return this.where.afterOutOfRange(partition, offset);
  }

  halt(partitions: readonly AssignedPartition[]): void {
    this.mustBeParked('halt');
    for (const { partitionId } of partitions) this.reader.halt(partitionId);
    this.topics.halt();
  }

  open(partitions: readonly OpenedPartition[]): void {
    this.mustBeParked('open');
    this.answers('open', partitions);
    if (this.world.clock.nowMs() > this.openByMs && !this.where.neededLeader)
      this.observer.violation('partitions were opened long after the group gave them');
    for (const partition of partitions) this.readFrom(partition, 'opened');
    this.nextStep();
  }

  async seek(partition: OpenedPartition): Promise<void> {
    this.mustBeParked('seek');
    if (!this.opened.has(partition.partitionId))
      this.observer.violation(`seek of partition ${partition.partitionId}, which is not open`);
    this.readFrom(partition, 'again');
    await this.latency();
  }

  async endOffsets(): Promise<readonly EndOffset[]> {
    await this.latency();
    return this.where.endOffsets();
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    // Before the last commit.
    await this.latency();
    if (this.commits.hasStored) this.topics.compare();
    this.reader.stop();
    this.giveBack([...this.opened.keys()]);
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
      this.openByMs = this.world.clock.nowMs() + OPEN_MAX_MS;
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
    this.giveBack(partitions.map(({ partitionId }) => partitionId));
    this.nextStep();
  }

  private giveBack(ids: readonly PartitionId[]): void {
    const { group } = this.world;
    this.commits.commitAtEnd(ids);
    for (const id of ids) {
      const { hasOldCommit, owner } = group.partition(id);
      if (this.topics.isReplaced(id) && hasOldCommit && owner === 'us')
        this.observer.violation(`partition ${id} is given back with an offset of the topic before`);
      this.forget(id);
    }
    this.leaveToOther(ids.filter((id) => group.partition(id).owner === 'us'));
  }

  private readFrom({ partitionId, epoch, offset }: OpenedPartition, how: 'opened' | 'again'): void {
    const { group, clock } = this.world;
    this.opened.set(partitionId, epoch);
    this.topics.readAgain(partitionId);
    group.opened(partitionId, epoch);
    const choice = this.where.take(partitionId, offset);
    const one = group.partition(partitionId);
    // Opened after the end it is up to the reader to find out.
    const isInside = offset <= visibleEnd(one.log, clock.nowMs());
    if (choice !== undefined || (how === 'opened' && isInside)) one.isStale = false;
    this.observer.positioned(partitionId, how === 'again' && choice !== undefined ? 'moved' : how);
    this.reader.seek(one.log, epoch, offset);
    if (choice === undefined) return;
    this.topics.forget(partitionId);
    this.commits.store([{ partitionId, offset }]);
    if (choice.start === 'reset') return;
    this.commits.commitLower(partitionId, offset);
    group.grow(partitionId, clock.nowMs());
  }

  private notToBeStored(id: PartitionId): string | undefined {
    this.mustRun('store');
    if (!this.opened.has(id)) return 'which is not open';
    return this.lostTold.has(id) ? 'which was lost' : undefined;
  }

  private forget(id: PartitionId): void {
    this.opened.delete(id);
    this.commits.forget(id);
    this.topics.forget(id);
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
