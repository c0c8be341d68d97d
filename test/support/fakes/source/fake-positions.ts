import type { PartitionId } from '../../../../src/core/batch.js';
import { DispatcherError } from '../../../../src/core/errors.js';
import type { CommittedOffset } from '../../../../src/ports/commits.js';
import type { AssignedPartition, EndOffset } from '../../../../src/ports/source.js';
import { type PartitionLog, visibleEnd } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import type { FakeGroup } from './fake-group.js';

/** As the adapter: positions wait so long for a leader, other questions for as long as a request may take. */
const LEADER_WAIT_MS = 3000;
const REQUEST_TIMEOUT_MS = 30_000;
const LEADER_PAUSE_MS = 250;

export interface PositionPolicies {
  readonly outOfRange: 'stop' | 'earliest' | 'latest';
  /** Where a first start without a leader begins. */
  readonly leaderlessStart: 'earliest' | 'latest';
}

interface Choice {
  readonly offset: number;
  /** Nothing is committed, or what is committed is not in the log. */
  readonly start: 'reset' | 'skip';
}

/** A position before the leader of a first start has answered. */
const UNDECIDED_OFFSET = 0;

/** Where reading begins, by the brokers' word and the policies. */
export class FakePositions {
  private readonly world: { clock: VirtualClock; random: Random; group: FakeGroup };
  private readonly outOfRange: 'stop' | 'earliest' | 'latest';
  private readonly skipped: (id: PartitionId, below: number) => void;
  /** Of a first start without a leader; where a leader answers, it is always the beginning. */
  private readonly firstStart: 'earliest' | 'latest';
  /** First starts without a leader, and when they were assigned first. */
  private readonly sinceMs = new Map<PartitionId, number>();
  private readonly undecided = new Set<PartitionId>();
  private readonly choices = new Map<PartitionId, Choice>();
  /** The logs in which positions were looked up last. */
  private readonly lookedAt = new Map<PartitionId, { readonly log: PartitionLog; readonly atMs: number }>();

  constructor(
    world: { clock: VirtualClock; random: Random; group: FakeGroup },
    policies: PositionPolicies,
    skipped: (id: PartitionId, below: number) => void,
  ) {
    this.world = world;
    this.outOfRange = policies.outOfRange;
    this.firstStart = policies.leaderlessStart;
    this.skipped = skipped;
  }

  /** A partition without a leader holds up the others only briefly. */
  async resolve(partitions: readonly AssignedPartition[]): Promise<CommittedOffset[]> {
    const assignedMs = this.world.clock.nowMs();
    await this.waitForLeaders(partitions, LEADER_WAIT_MS);
    const positions: CommittedOffset[] = [];
    for (const partition of partitions) {
      const { partitionId } = partition;
      this.choices.delete(partitionId);
      this.undecided.delete(partitionId);
      const { committed, log } = this.world.group.partition(partitionId);
      this.lookedAt.set(partitionId, { log, atMs: this.world.clock.nowMs() });
      if (committed < 0 && !this.isLed(partitionId)) {
        this.undecided.add(partitionId);
        this.sinceMs.set(partitionId, this.sinceMs.get(partitionId) ?? assignedMs);
        positions.push({ partitionId, offset: UNDECIDED_OFFSET });
        continue;
      }
      if (committed < 0) this.decide(log);
      else if (this.isLed(partitionId) && this.isSeenOutside(log, committed))
        this.choices.set(partitionId, { offset: this.policyOffset(log, committed), start: 'skip' });
      positions.push({ partitionId, offset: this.choices.get(partitionId)?.offset ?? committed });
    }
    return positions;
  }

  afterOutOfRange({ partitionId }: AssignedPartition, offset: number, isReplaced: boolean): number {
    if (this.isUndecided(partitionId, offset) && !isReplaced)
      return this.decide(this.world.group.partition(partitionId).log);
    this.undecided.delete(partitionId);
    const { log } = this.world.group.partition(partitionId);
    this.lookedAt.set(partitionId, { log, atMs: this.world.clock.nowMs() });
    const next = this.policyOffset(log, offset);
    this.choices.set(partitionId, { offset: next, start: 'skip' });
    return next;
  }

  /** The last position was looked up in this log, not in the one before it. */
  isOf(log: PartitionLog): boolean {
    return this.lookedAt.get(log.id)?.log === log;
  }

  /** When the last position was looked up. */
  lookedUpMs(id: PartitionId): number {
    return this.lookedAt.get(id)?.atMs ?? 0;
  }

  isUndecided(id: PartitionId, offset: number): boolean {
    return offset === UNDECIDED_OFFSET && this.undecided.has(id);
  }

  /** Nothing can be read there: the position is behind the end of any log. */
  isBeyond(id: PartitionId, offset: number): boolean {
    return this.firstStart === 'latest' && this.isUndecided(id, offset);
  }

  /** The choice that a partition is opened at, once. */
  take(id: PartitionId, offset: number): Choice | undefined {
    const choice = this.choices.get(id);
    this.choices.delete(id);
    return choice?.offset === offset ? choice : undefined;
  }

  async endOffsets(): Promise<EndOffset[]> {
    const all = [...this.world.group.partitions.values()];
    await this.requireLeaders(
      all.map(({ log: { id, topic, partition } }) => ({ partitionId: id, topic, partition })),
    );
    return all.map(({ log }) => this.endOf(log));
  }

  /** Of those that have a leader. */
  endsNow(): EndOffset[] {
    const all = [...this.world.group.partitions.values()];
    return all.flatMap(({ log }) => (this.isLed(log.id) ? [this.endOf(log)] : []));
  }

  private endOf(log: PartitionLog): EndOffset {
    const { group, clock } = this.world;
    const { topic, partition, low } = log;
    return {
      topic,
      partition,
      low,
      end: visibleEnd(log, clock.nowMs()),
      topicId: String(group.identity(topic)),
    };
  }

  /** Where it ended when it was assigned: what was written since is read. */
  private decide(log: PartitionLog): number {
    const sinceMs = this.sinceMs.get(log.id);
    this.undecided.delete(log.id);
    const atEnd = this.firstStart === 'latest' && sinceMs !== undefined;
    const offset = atEnd ? visibleEnd(log, sinceMs) : log.low;
    if (atEnd) this.skipped(log.id, offset);
    this.choices.set(log.id, { offset, start: 'reset' });
    return offset;
  }

  /** Of what retention deletes behind the question only the reader gets to know. */
  private isSeenOutside(log: PartitionLog, offset: number): boolean {
    if (offset < log.low) return this.world.random.chance(0.5);
    return offset > visibleEnd(log, this.world.clock.nowMs());
  }

  private policyOffset(log: PartitionLog, offset: number): number {
    if (this.outOfRange === 'stop')
      throw new DispatcherError('OFFSET_OUT_OF_RANGE', `offset ${offset} of partition ${log.id} is gone`);
    const next = this.outOfRange === 'earliest' ? log.low : visibleEnd(log, this.world.clock.nowMs());
    this.skipped(log.id, next);
    return next;
  }

  private isLed(id: PartitionId): boolean {
    const nowMs = this.world.clock.nowMs();
    return this.world.group.leaderAtMs(id, nowMs) === nowMs;
  }

  private async requireLeaders(partitions: readonly AssignedPartition[]): Promise<void> {
    const left = await this.waitForLeaders(partitions, REQUEST_TIMEOUT_MS);
    if (left === undefined) return;
    throw new DispatcherError(
      'KAFKA_UNREACHABLE',
      `${left.topic}[${left.partition}] has no leader that answers`,
    );
  }

  /** Returns a partition that still has no leader after `waitMs`; undefined if all have one. */
  private async waitForLeaders(
    partitions: readonly AssignedPartition[],
    waitMs: number,
  ): Promise<AssignedPartition | undefined> {
    const { clock } = this.world;
    for (const endMs = clock.nowMs() + waitMs; ; ) {
      const left = partitions.find(({ partitionId }) => !this.isLed(partitionId));
      if (left === undefined || clock.nowMs() + LEADER_PAUSE_MS >= endMs) return left;
      await new Promise<void>((resolve) => clock.after(LEADER_PAUSE_MS, resolve));
    }
  }
}
