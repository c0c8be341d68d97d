import type { PartitionId } from '../../../../src/core/batch.js';
import type { FakeWorld } from '../fake-world.js';
import type { LogChange, PartitionLog } from '../log.js';
import type { FakeCommits } from './fake-commits.js';
import type { FakeReader } from './fake-reader.js';

export interface TopicObserver {
  /** The log of its partition is this one from now on. */
  changed(log: PartitionLog, kind: LogChange['kind']): void;
  /** The member found out that the topic was created again. */
  noticed(id: PartitionId): void;
  violation(what: string): void;
}

interface Member {
  readonly reader: FakeReader;
  readonly commits: FakeCommits;
  openIds(): PartitionId[];
  report(ids: readonly PartitionId[]): void;
}

/** A partition of a replaced topic must be halted within this time of the first report. */
const HALT_MAX_MS = 8000;
const CHANGE_AGAIN_MS = 20;

/** Changes logs under their reader, and knows which topics the member has found to be other ones. */
export class FakeTopics {
  private readonly world: FakeWorld;
  private readonly observer: TopicObserver;
  private readonly member: Member;
  private readonly known = new Map<string, number>();
  private readonly replaced = new Set<PartitionId>();
  private readonly reportedMs = new Map<PartitionId, number>();
  private readonly halted = new Set<PartitionId>();

  constructor(world: FakeWorld, observer: TopicObserver, member: Member) {
    this.world = world;
    this.observer = observer;
    this.member = member;
    this.learn();
  }

  isReplaced(id: PartitionId): boolean {
    return this.replaced.has(id);
  }

  /** The answer to a report, also where it names none of the reported: a run that ends halts nothing. */
  halt(): void {
    for (const id of this.reportedMs.keys()) this.halted.add(id);
  }

  /** Opened, sought or closed: for the deadline it begins again. */
  readAgain(id: PartitionId): void {
    this.halted.delete(id);
    this.reportedMs.delete(id);
  }

  /** Its position is one of the new topic, or it is not read any more. */
  forget(id: PartitionId): void {
    this.readAgain(id);
    this.replaced.delete(id);
  }

  change(change: LogChange): void {
    const { kind, logs } = change;
    const { reader } = this.member;
    if (logs.some(({ id }) => reader.holds(id))) {
      this.world.clock.after(CHANGE_AGAIN_MS, () => this.change(change));
      return;
    }
    for (const log of logs) {
      this.world.group.change(log, kind, reader.change(log, kind === 'new-topic'));
      this.observer.changed(log, kind);
    }
  }

  compareWhenDue(): void {
    const { commits } = this.member;
    if (!commits.hasStored && this.replaced.size === 0) return;
    commits.hasStored = false;
    this.compare();
  }

  /** Reports replaced partitions again and again, until they are moved or closed. */
  compare(): void {
    const { group, clock } = this.world;
    for (const id of this.member.openIds()) {
      const { topic } = group.partition(id).log;
      if (this.known.get(topic) === group.identity(topic)) continue;
      this.replaced.add(id);
      this.member.commits.unstore(id);
      this.observer.noticed(id);
      // What was committed before anyone knew is taken back.
      if (group.partition(id).hasOldCommit) this.member.commits.commitLower(id, 0);
    }
    this.learn();
    const ids = this.member.openIds().filter((id) => this.replaced.has(id));
    for (const id of ids) {
      const sinceMs = this.reportedMs.get(id) ?? clock.nowMs();
      this.reportedMs.set(id, sinceMs);
      if (clock.nowMs() - sinceMs > HALT_MAX_MS && !this.halted.has(id))
        this.observer.violation(`partition ${id} is still read long after its topic was replaced`);
    }
    if (ids.length > 0) this.member.report(ids);
  }

  private learn(): void {
    const { group } = this.world;
    for (const { log } of group.partitions.values()) this.known.set(log.topic, group.identity(log.topic));
  }
}
