import type { BatchId } from '../../core/batch.js';
import { PartitionLanes } from '../../core/partition-lanes.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { Order } from './order.js';

/**
 * One batch per partition between the start of its transform and the hand-over to the writer. Batches hold
 * one partition each.
 */
export class PartitionOrder implements Order {
  private readonly lanes = new PartitionLanes();

  enter(batch: InFlightBatch): boolean {
    return this.lanes.push(batch.id, batch.partitionIds[0] ?? -1);
  }

  mayWrite(): boolean {
    return true;
  }

  leave(batch: InFlightBatch): BatchId | undefined {
    return this.lanes.remove(batch.id);
  }
}
