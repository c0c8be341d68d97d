import type { Epoch, PartitionId } from './batch.js';
import { DispatcherError } from './errors.js';

/**
 * - `open`: assigned to us; its records are read.
 * - `draining`: revoked; nothing more is read, what is in flight is settled.
 * - `closed`: not assigned to us. Also every partition that was never seen.
 */
export type PartitionState = 'closed' | 'open' | 'draining';

interface Owned {
  readonly epoch: Epoch;
  draining: boolean;
}

/**
 * Which partitions are assigned to us, and since which epoch. The epoch of a partition starts at 1 and rises
 * by one with each assignment.
 */
export class Assignments {
  readonly #owned = new Map<PartitionId, Owned>();
  readonly #lastEpochs = new Map<PartitionId, Epoch>();

  /** closed → open. */
  open(partitionId: PartitionId): Epoch {
    if (this.#owned.has(partitionId))
      throw defect(`partition ${partitionId} was opened while ${this.state(partitionId)}`);
    const epoch = (this.#lastEpochs.get(partitionId) ?? 0) + 1;
    this.#lastEpochs.set(partitionId, epoch);
    this.#owned.set(partitionId, { epoch, draining: false });
    return epoch;
  }

  /** open → draining. Partitions that are already draining or closed stay as they are. */
  startDraining(partitionIds: Iterable<PartitionId>): void {
    for (const partitionId of partitionIds) {
      const owned = this.#owned.get(partitionId);
      if (owned !== undefined) owned.draining = true;
    }
  }

  /** open (lost), draining → closed. Idempotent. */
  close(partitionId: PartitionId): void {
    this.#owned.delete(partitionId);
  }

  state(partitionId: PartitionId): PartitionState {
    const owned = this.#owned.get(partitionId);
    if (owned === undefined) return 'closed';
    return owned.draining ? 'draining' : 'open';
  }

  /** The epoch of the current assignment (open or draining); 0 when the partition is not assigned. */
  epoch(partitionId: PartitionId): Epoch {
    return this.#owned.get(partitionId)?.epoch ?? 0;
  }

  /** All assigned partitions, open or draining, with their epochs. */
  get owned(): ReadonlyMap<PartitionId, Epoch> {
    return new Map([...this.#owned].map(([partitionId, { epoch }]) => [partitionId, epoch]));
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `assignments: ${message}`, {
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
