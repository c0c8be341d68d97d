/** A consumer group, which assigns and revokes partitions. A source without a group has no such port. */
import type { AssignedPartition } from './source.js';

export interface GroupEvents {
  /**
   * The group revokes partitions (`lost`: it has already reassigned them). Answer with `close` once drained;
   * until then the whole group waits. May be empty.
   */
  revoked(partitions: readonly AssignedPartition[], lost: boolean): void;
  /** The group knows this member but has no partition for it; there is no `assigned` in that case. */
  spare(): void;
}

export interface Group {
  /** Sets the receiver of the group's events. Call it once, before the source starts. */
  listen(events: GroupEvents): void;
  /** Answers `revoked`; this call commits the stored offsets. The source is parked. */
  close(partitions: readonly AssignedPartition[]): void;
}
