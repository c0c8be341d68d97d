/** Settled offsets on their way to the group: stored and committed today, part of a transaction some day. */
import type { PartitionId } from '../core/batch.js';

export interface CommittedOffset {
  readonly partitionId: PartitionId;
  /** The next offset to read. */
  readonly offset: number;
}

/** An offset of a partition by name: for partitions that this member may not own. */
export interface TopicOffset {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
}

export interface CommitsEvents {
  /** The broker confirmed (or refused, `error`) a commit. */
  committed(offsets: readonly CommittedOffset[], error?: Error): void;
}

/**
 * What is stored is committed within the commit interval, when its partition is given back, and when the
 * source stops.
 */
export interface Commits {
  /** Whom the brokers' answers are for. Once, before the source starts. */
  listen(events: CommitsEvents): void;
  /** Notes the next offset to read as committable. Of partitions that are open. */
  store(offsets: readonly CommittedOffset[]): void;
  /** What the group has committed, whoever did it; -1 where nothing is. Partitions need not be ours. */
  committedOffsets(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<readonly TopicOffset[]>;
}
