import type { InputBatch, PartitionId } from '../../../../src/core/batch.js';
import type { OpenedPartition, PartitionProgress } from '../../../../src/ports/source.js';
import type { FakeWorld } from '../fake-world.js';
import { visibleEnd } from '../log.js';
import type { FakeCommits } from './fake-commits.js';
import type { FakePositions } from './fake-positions.js';
import type { FakeReader } from './fake-reader.js';
import type { FakeRebalances } from './fake-rebalances.js';
import type { FakeTopics, TopicObserver } from './fake-topics.js';

export interface SourceObserver extends TopicObserver {
  stored(id: PartitionId, offset: number): void;
  delivered(batch: InputBatch): void;
  /**
   * Opened, or moved by a policy; else it is read again in the same log. `askedMs`: when the brokers were
   * asked for the position.
   */
  positioned(id: PartitionId, how: 'opened' | 'moved' | 'again', askedMs: number): void;
  /** Records below the offset are skipped, as the out-of-range policy says. */
  skipped(id: PartitionId, below: number): void;
}

interface Parts {
  readonly commits: FakeCommits;
  readonly positions: FakePositions;
  readonly reader: FakeReader;
  readonly rebalances: FakeRebalances;
  readonly topics: FakeTopics;
}

/** The partitions that a fake member has open, from the first position to the last commit. */
export class FakePartitions {
  private readonly world: FakeWorld;
  private readonly parts: Parts;
  private readonly observer: SourceObserver;
  private readonly opened = new Set<PartitionId>();

  constructor(world: FakeWorld, parts: Parts, observer: SourceObserver) {
    this.world = world;
    this.parts = parts;
    this.observer = observer;
  }

  has(id: PartitionId): boolean {
    return this.opened.has(id);
  }

  ids(): PartitionId[] {
    return [...this.opened];
  }

  readFrom({ partitionId, epoch, offset, until }: OpenedPartition, how: 'opened' | 'again'): void {
    const { group, clock } = this.world;
    this.opened.add(partitionId);
    this.parts.topics.readAgain(partitionId);
    group.opened(partitionId, epoch, offset);
    const choice = this.parts.positions.take(partitionId, offset);
    const one = group.partition(partitionId);
    // Opened after the end it is up to the reader to find out.
    const isInside = offset <= visibleEnd(one.log, clock.nowMs());
    const isMoved = choice !== undefined || (how === 'opened' && isInside);
    if (isMoved && this.parts.positions.isOf(one.log)) one.isStale = false;
    const became = how === 'again' && choice !== undefined ? 'moved' : how;
    this.observer.positioned(partitionId, became, this.parts.positions.lookedUpMs(partitionId));
    const isBeyond = this.parts.positions.isBeyond(partitionId, offset);
    this.parts.reader.seek(one.log, { epoch, offset, isBeyond, until: until ?? Number.POSITIVE_INFINITY });
    if (choice === undefined) return;
    this.parts.topics.forget(partitionId);
    this.parts.commits.store([{ partitionId, offset }]);
    if (choice.start === 'reset') return;
    this.parts.commits.commitLower(partitionId, offset);
    group.grow(partitionId, clock.nowMs());
  }

  /** Commits what is stored of them. */
  giveBack(ids: readonly PartitionId[]): void {
    const { group } = this.world;
    this.parts.commits.commitAtEnd(ids);
    for (const id of ids) {
      const { hasOldCommit, owner } = group.partition(id);
      if (this.parts.topics.isReplaced(id) && hasOldCommit && owner === 'us')
        this.observer.violation(`partition ${id} is given back with an offset of the topic before`);
      this.forget(id);
    }
    this.parts.rebalances.leaveToOther(ids.filter((id) => group.partition(id).owner === 'us'));
  }

  progress(): PartitionProgress[] {
    return this.ids().flatMap((partitionId) => {
      const progress = this.parts.reader.progress(partitionId);
      return progress === undefined ? [] : [{ partitionId, ...progress }];
    });
  }

  private forget(id: PartitionId): void {
    this.opened.delete(id);
    this.parts.commits.forget(id);
    this.parts.topics.forget(id);
    this.world.group.epochs.set(id, 0);
    this.parts.reader.close(id);
  }
}
