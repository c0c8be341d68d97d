import type { BatchId } from '../../core/batch.js';
import { PartitionLanes } from '../../core/partition-lanes.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { Order } from './order.js';

/**
 * At most one batch per partition from the start of its transform until all its parts are written. Each batch
 * has records of one partition only.
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
