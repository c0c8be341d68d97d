import type { PartitionId } from '../../../src/core/batch.js';
import type { Commits, CommitsEvents, CommittedOffset, TopicOffset } from '../../../src/ports/commits.js';
import type { FakeWorld } from './fake-world.js';

export interface CommitSettings {
  readonly brokerLatencyMaxMs: number;
  /** The fraction of commits that the broker refuses for a transient reason. */
  readonly commitRefusedChance: number;
}

/** Says what is wrong with storing an offset of this partition; undefined: nothing. */
type Check = (id: PartitionId) => string | undefined;

interface CommitObserver {
  stored(id: PartitionId, offset: number): void;
  violation(what: string): void;
}

/** What is stored of a fake source's partitions, and the group's answers to its commits. */
export class FakeCommits implements Commits {
  private readonly world: FakeWorld;
  private readonly settings: CommitSettings;
  private readonly observer: CommitObserver;
  private readonly check: Check;
  private readonly stored = new Map<PartitionId, number>();
  private events: CommitsEvents | undefined;
  private over = false;

  constructor(world: FakeWorld, settings: CommitSettings, observer: CommitObserver, check: Check) {
    this.world = world;
    this.settings = settings;
    this.observer = observer;
    this.check = check;
  }

  listen(events: CommitsEvents): void {
    this.events = events;
  }

  store(offsets: readonly CommittedOffset[]): void {
    for (const { partitionId, offset } of offsets) {
      const wrong = this.check(partitionId);
      if (wrong !== undefined)
        this.observer.violation(`offset ${offset} stored for partition ${partitionId}, ${wrong}`);
      this.observer.stored(partitionId, offset);
      this.stored.set(partitionId, offset);
    }
  }

  async committedOffsets(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<readonly TopicOffset[]> {
    const { clock, random, group } = this.world;
    await new Promise<void>((resolve) => clock.after(random.int(this.settings.brokerLatencyMaxMs), resolve));
    const all = [...group.partitions.values()];
    return partitions.map(({ topic, partition }) => {
      const one = all.find(({ log }) => log.topic === topic && log.partition === partition);
      return { topic, partition, offset: one?.committed ?? -1 };
    });
  }

  /** Commits the stored offsets; the answer comes later. */
  commit(ids: readonly PartitionId[]): void {
    const wanted = ids.flatMap((partitionId) => {
      const offset = this.stored.get(partitionId);
      return offset === undefined ? [] : [{ partitionId, offset }];
    });
    if (wanted.length === 0) return;
    const { group, random } = this.world;
    if (random.chance(this.settings.commitRefusedChance)) {
      this.answer(wanted, new Error('coordinator not available'));
      return;
    }
    const accepted = wanted.filter(({ partitionId, offset }) => group.commit(partitionId, offset, 'us'));
    const refused = wanted.filter((one) => !accepted.includes(one));
    for (const { partitionId } of accepted) this.stored.delete(partitionId);
    if (accepted.length > 0) this.answer(accepted);
    if (refused.length > 0) this.answer(refused, new Error('illegal generation'));
  }

  forget(id: PartitionId): void {
    this.stored.delete(id);
  }

  /** Nothing is answered any more. */
  end(): void {
    this.over = true;
  }

  private answer(offsets: readonly CommittedOffset[], error?: Error): void {
    const { clock, random } = this.world;
    clock.after(random.int(this.settings.brokerLatencyMaxMs), () => {
      if (!this.over) this.events?.committed(offsets, error);
    });
  }
}
