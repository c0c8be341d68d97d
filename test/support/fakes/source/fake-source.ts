import type { Block, Fault, PartitionId } from '../../../../src/core/batch.js';
import { DispatcherError } from '../../../../src/core/errors.js';
import type { ReadFault } from '../../../../src/core/faults.js';
import { consumerFault, consumerFaultName } from '../../../../src/kafka/codes.js';
import type { CommittedOffset } from '../../../../src/ports/commits.js';
import type { Group, GroupEvents } from '../../../../src/ports/group.js';
import type {
  AssignedPartition,
  ChosenOffset,
  EndOffset,
  LostRange,
  OpenedPartition,
  Source,
  SourceEvents,
  TopicPlace,
} from '../../../../src/ports/source.js';
import type { FakeWorld } from '../fake-world.js';
import type { LogChange } from '../log.js';
import { type CommitSettings, FakeCommits } from './fake-commits.js';
import { FakePartitions, type SourceObserver } from './fake-partitions.js';
import { FakePositions, type PositionPolicies } from './fake-positions.js';
import { FakeReader, type FakeReaderSettings } from './fake-reader.js';
import { FakeRebalances, type RebalanceStep } from './fake-rebalances.js';
import { FakeTopics } from './fake-topics.js';

export interface FakeSourceSettings extends CommitSettings, PositionPolicies {
  readonly reader: FakeReaderSettings;
  readonly rebalances: readonly RebalanceStep[];
  readonly commitIntervalMs: number;
  readonly changes?: readonly LogChange[];
}

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
  private readonly rebalances: FakeRebalances;
  private events: SourceEvents | undefined;
  private groupEvents: GroupEvents | undefined;
  private readonly partitions: FakePartitions;
  /** `stop` was called: from now on only answers to commits are reported. */
  private stopping = false;
  private stopped = false;

  constructor(world: FakeWorld, settings: FakeSourceSettings, observer: SourceObserver) {
    this.world = world;
    this.settings = settings;
    this.observer = observer;
    this.commits = new FakeCommits(world, settings, observer, {
      wrong: (id) => this.notToBeStored(id),
      isWithheld: (id, offset) => this.topics.isReplaced(id) || this.where.isUndecided(id, offset),
    });
    this.where = new FakePositions(world, settings, (id, below) => observer.skipped(id, below));
    this.rebalances = new FakeRebalances(world, settings.rebalances, {
      assigned: (ids) => this.events?.assigned(ids.map((id) => this.named(id))),
      revoked: (ids, lost) =>
        this.groupEvents?.revoked(
          ids.map((id) => this.named(id)),
          lost,
        ),
      isOpen: (id) => this.partitions.has(id),
      violation: (what) => observer.violation(what),
    });
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
      openIds: () => this.partitions.ids(),
      report: (ids) => {
        if (!this.stopping) this.events?.replaced(ids.map((id) => this.named(id)));
      },
    });
    const parts = {
      reader,
      commits,
      positions: this.where,
      topics: this.topics,
      rebalances: this.rebalances,
    };
    this.partitions = new FakePartitions(world, parts, observer);
  }

  async start(events: SourceEvents): Promise<void> {
    await this.latency();
    this.events = events;
    this.rebalances.next();
    this.every(this.settings.commitIntervalMs, () => this.commits.commitAtInterval(this.partitions.ids()));
    this.every(Math.max(this.settings.commitIntervalMs, COMPARE_MIN_MS), () => this.topics.compareWhenDue());
    for (const change of this.settings.changes ?? [])
      this.world.clock.after(change.atMs, () => {
        if (!this.stopped) this.topics.change(change);
      });
    this.every(1000, () => {
      const progress = this.partitions.progress();
      this.tell((events) => events.progress(progress));
    });
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

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<ChosenOffset> {
    await this.latency();
    this.topics.compare();
    const { partitionId } = partition;
    const isReplaced = this.topics.isReplaced(partitionId);
    const isFirstStart = this.where.isUndecided(partitionId, offset) && !isReplaced;
    return { offset: this.where.afterOutOfRange(partition, offset, isReplaced), isFirstStart };
  }

  /** The fake reader fetches nothing ahead. */
  rest(partitions: readonly AssignedPartition[]): void {
    this.mustRun('rest');
    for (const { partitionId } of partitions)
      if (!this.partitions.has(partitionId)) this.observer.violation(`rest of ${partitionId}, not open`);
  }

  halt(partitions: readonly AssignedPartition[]): void {
    this.mustBeParked('halt');
    for (const { partitionId } of partitions) this.reader.halt(partitionId);
    this.topics.halt();
  }

  open(partitions: readonly OpenedPartition[]): void {
    this.mustBeParked('open');
    this.rebalances.answers('open', partitions);
    if (this.rebalances.isOpenLate)
      this.observer.violation('partitions were opened long after the group gave them');
    for (const partition of partitions) this.partitions.readFrom(partition, 'opened');
    this.rebalances.next();
  }

  async seek(partition: OpenedPartition): Promise<void> {
    this.mustBeParked('seek');
    if (!this.partitions.has(partition.partitionId))
      this.observer.violation(`seek of partition ${partition.partitionId}, which is not open`);
    this.partitions.readFrom(partition, 'again');
    await this.latency();
  }

  async endOffsets(): Promise<readonly EndOffset[]> {
    await this.latency();
    return this.where.endOffsets();
  }

  async endsNow(places: readonly TopicPlace[]): Promise<readonly EndOffset[]> {
    await this.latency();
    if (this.stopping) return [];
    this.topics.compare();
    const isAsked = (end: EndOffset): boolean =>
      places.some(({ topic, partition }) => topic === end.topic && partition === end.partition);
    return this.where.endsNow().filter(isAsked);
  }

  acceptLoss({ partition, from, to }: LostRange): void {
    if (this.settings.outOfRange === 'stop')
      throw new DispatcherError('OFFSET_OUT_OF_RANGE', `[${from}, ${to}) of partition ${partition} is gone`);
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  async stop(): Promise<void> {
    this.stopping = true;
    this.rebalances.end();
    // Before the last commit.
    await this.latency();
    this.topics.compare();
    this.reader.stop();
    this.partitions.giveBack(this.partitions.ids());
    await this.latency();
    await new Promise<void>((resolve) => this.world.clock.after(this.settings.brokerLatencyMaxMs, resolve));
    this.stopped = true;
    this.commits.end();
  }

  private close(partitions: readonly AssignedPartition[]): void {
    this.mustBeParked('close');
    this.rebalances.answers('close', partitions);
    this.partitions.giveBack(partitions.map(({ partitionId }) => partitionId));
    this.rebalances.next();
  }

  private notToBeStored(id: PartitionId): string | undefined {
    this.mustRun('store');
    if (!this.partitions.has(id)) return 'which is not open';
    return this.rebalances.isLost(id) ? 'which was lost' : undefined;
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
