import type { Epoch, PartitionId } from './batch.js';
import { DispatcherError } from './errors.js';

/**
 * - `open`: ours; its records are read.
 * - `draining`: the group wants it back; nothing more is read, what is in flight is settled.
 * - `closed`: not ours. Also every partition that was never seen.
 */
export type PartitionState = 'closed' | 'open' | 'draining';

interface Owned {
  readonly epoch: Epoch;
  draining: boolean;
}

/** Which partitions are ours and since which epoch. Epochs of a partition rise by one for ever, from 1. */
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

  /** open → draining. Those that are draining or closed already stay as they are. */
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

  /** The epoch in which the partition is ours (open or draining); 0 when it is not. */
  epoch(partitionId: PartitionId): Epoch {
    return this.#owned.get(partitionId)?.epoch ?? 0;
  }

  /** What is ours, open or draining, with its epoch. */
  get owned(): ReadonlyMap<PartitionId, Epoch> {
    return new Map([...this.#owned].map(([partitionId, { epoch }]) => [partitionId, epoch]));
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `assignments: ${message}`, {
    remedy: 'this is a fault of Kafka-Dispatcher; please report it',
  });
}
