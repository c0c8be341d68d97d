/** A consumer group, which gives partitions and wants them back. A source without one has no such port. */
import type { AssignedPartition } from './source.js';

export interface GroupEvents {
  /**
   * The group wants partitions back (`lost`: has already given them away).
   * Answer with `close` once drained; until then the whole group waits. May be empty.
   */
  revoked(partitions: readonly AssignedPartition[], lost: boolean): void;
  /** The group knows this member and has no partition for it, which no `assigned` says. */
  spare(): void;
}

export interface Group {
  /** Whom the group's wishes are for. Once, before the source starts. */
  listen(events: GroupEvents): void;
  /** Answers `revoked`; what was stored is committed by this call. The source is parked. */
  close(partitions: readonly AssignedPartition[]): void;
}
