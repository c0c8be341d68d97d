import type { BatchId, PartitionId } from './batch.js';
import { DispatcherError } from './errors.js';

/**
 * `ordering: partition`: one batch of a partition is under way at a time, the others wait in the order of
 * reading.
 */
export class PartitionLanes {
  /** The first of a lane is under way. A lane without batches does not exist. */
  readonly #lanes = new Map<PartitionId, BatchId[]>();
  readonly #partitionOf = new Map<BatchId, PartitionId>();

  /** Appends a batch; call it in the order of reading. True: it may start now. */
  push(batchId: BatchId, partitionId: PartitionId): boolean {
    if (this.#partitionOf.has(batchId)) throw defect(`batch ${batchId} was pushed twice`);
    this.#partitionOf.set(batchId, partitionId);
    const lane = this.#lanes.get(partitionId);
    if (lane === undefined) {
      this.#lanes.set(partitionId, [batchId]);
      return true;
    }
    lane.push(batchId);
    return false;
  }

  /**
   * Takes a batch out wherever it is. Where it was under way, returns the next, which may start now.
   * Idempotent.
   */
  remove(batchId: BatchId): BatchId | undefined {
    const partitionId = this.#partitionOf.get(batchId);
    if (partitionId === undefined) return undefined;
    this.#partitionOf.delete(batchId);
    const lane = this.#lanes.get(partitionId) ?? [];
    const index = lane.indexOf(batchId);
    lane.splice(index, 1);
    if (lane.length === 0) this.#lanes.delete(partitionId);
    return index === 0 ? lane[0] : undefined;
  }
}

function defect(message: string): DispatcherError {
  return new DispatcherError('DEFECT', `partition lanes: ${message}`, {
    remedy: 'this is a fault of Kafka-Dispatcher; please report it',
  });
}
