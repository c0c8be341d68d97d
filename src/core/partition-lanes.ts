import type { BatchId, PartitionId } from './batch.js';
import { DispatcherError } from './errors.js';

/**
 * For `ordering: partition`: one batch of a partition runs at a time, the others wait in the order of
 * reading.
 */
export class PartitionLanes {
  /** The first batch of a lane is the running one. A lane without batches does not exist. */
  readonly #lanes = new Map<PartitionId, BatchId[]>();
  readonly #partitionOf = new Map<BatchId, PartitionId>();

  /** Appends a batch. Call it in the order of reading. Returns true if it may start now. */
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

  /** Removes a batch. If it was the running one, returns the next, which may start now. Idempotent. */
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
    remedy: 'this is a bug in Kafka-Dispatcher; please report it',
  });
}
