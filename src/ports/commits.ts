/** Settled offsets on their way to the group: stored and committed today, part of a transaction in future. */
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
 * A stored offset is committed within the commit interval, when its partition is closed, and when the source
 * stops.
 */
export interface Commits {
  /** Sets the receiver of the brokers' answers. Call it once, before the source starts. */
  listen(events: CommitsEvents): void;
  /** Stores the next offset to read as committable. Open partitions only. */
  store(offsets: readonly CommittedOffset[]): void;
  /** The group's committed offsets, by whichever member; -1 for none. Partitions need not be ours. */
  committedOffsets(
    partitions: readonly { readonly topic: string; readonly partition: number }[],
  ): Promise<readonly TopicOffset[]>;
}
