import type { PartitionId } from '../../../../src/core/batch.js';
import type { Commits, CommitsEvents, CommittedOffset, TopicOffset } from '../../../../src/ports/commits.js';
import type { FakeWorld } from '../fake-world.js';

export interface CommitSettings {
  readonly brokerLatencyMaxMs: number;
  /** The fraction of commits that the broker refuses for a transient reason. */
  readonly commitRefusedChance: number;
  /** Leaves lower offsets to the interval, to prove that a checker notices. */
  readonly neverCommitsLower?: boolean;
  /** Stores offsets of a topic that is gone, to prove that a checker notices. */
  readonly keepsOldOffsets?: boolean;
}

interface Rules {
  /** Says what is wrong with storing an offset of this partition; undefined: nothing. */
  wrong(id: PartitionId): string | undefined;
  /** Not stored: its topic was replaced, or its position is not known yet. */
  isWithheld(id: PartitionId, offset: number): boolean;
}

interface CommitObserver {
  stored(id: PartitionId, offset: number): void;
  violation(what: string): void;
}

/**
 * What is stored of a fake source's partitions, and the group's answers to its commits. As librdkafka, it
 * commits at the interval only what is above its last commit, and at the end whatever is stored. To go down
 * in between takes a commit of its own.
 */
export class FakeCommits implements Commits {
  private readonly world: FakeWorld;
  private readonly settings: CommitSettings;
  private readonly observer: CommitObserver;
  private readonly rules: Rules;
  private readonly stored = new Map<PartitionId, number>();
  /** Our last commit of each partition. */
  private readonly last = new Map<PartitionId, number>();
  private events: CommitsEvents | undefined;
  private over = false;
  /** Something was stored since this was set to false. */
  hasStored = false;

  constructor(world: FakeWorld, settings: CommitSettings, observer: CommitObserver, rules: Rules) {
    this.world = world;
    this.settings = settings;
    this.observer = observer;
    this.rules = rules;
  }

  listen(events: CommitsEvents): void {
    this.events = events;
  }

  store(offsets: readonly CommittedOffset[]): void {
    for (const { partitionId, offset } of offsets) {
      const wrong = this.rules.wrong(partitionId);
      if (wrong !== undefined)
        this.observer.violation(`offset ${offset} stored for partition ${partitionId}, ${wrong}`);
      this.hasStored = true;
      if (this.rules.isWithheld(partitionId, offset) && this.settings.keepsOldOffsets !== true) continue;
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

  commitAtInterval(ids: readonly PartitionId[]): void {
    this.commit(ids.filter((id) => (this.stored.get(id) ?? -1) > (this.last.get(id) ?? -1)));
  }

  /** Commits what is stored of partitions that are given back. */
  commitAtEnd(ids: readonly PartitionId[]): void {
    this.commit(ids);
  }

  /** Not refused for a transient reason: librdkafka tries it again. */
  commitLower(partitionId: PartitionId, offset: number): void {
    if (this.settings.neverCommitsLower !== true) this.send([{ partitionId, offset }]);
  }

  unstore(id: PartitionId): void {
    this.stored.delete(id);
  }

  forget(id: PartitionId): void {
    this.stored.delete(id);
    this.last.delete(id);
  }

  /** Nothing is answered any more. */
  end(): void {
    this.over = true;
  }

  private commit(ids: readonly PartitionId[]): void {
    const wanted = ids.flatMap((partitionId) => {
      const offset = this.stored.get(partitionId);
      return offset === undefined ? [] : [{ partitionId, offset }];
    });
    if (wanted.length === 0) return;
    if (this.world.random.chance(this.settings.commitRefusedChance))
      this.answer(wanted, new Error('coordinator not available'));
    else this.send(wanted);
  }

  /** Commits; the answer comes later. */
  private send(wanted: readonly CommittedOffset[]): void {
    const { group } = this.world;
    const accepted = wanted.filter(({ partitionId, offset }) => group.commit(partitionId, offset, 'us'));
    const refused = wanted.filter((one) => !accepted.includes(one));
    for (const { partitionId, offset } of accepted) this.last.set(partitionId, offset);
    if (accepted.length > 0) this.answer(accepted);
    if (refused.length > 0) this.answer(refused, new Error('illegal generation'));
  }

  private answer(offsets: readonly CommittedOffset[], error?: Error): void {
    const { clock, random } = this.world;
    clock.after(random.int(this.settings.brokerLatencyMaxMs), () => {
      if (!this.over) this.events?.committed(offsets, error);
    });
  }
}
