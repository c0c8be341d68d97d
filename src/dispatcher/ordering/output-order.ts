import { CompletionRing } from '../../core/completion-ring.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { Order } from './order.js';

/**
 * Transforms in parallel, releases in read order per partition. This can't deadlock: the oldest batch is the
 * head of all its queues.
 */
export class OutputOrder implements Order {
  private readonly ring = new CompletionRing();

  enter(batch: InFlightBatch): boolean {
    this.ring.push(batch.id, batch.partitionIds);
    return true;
  }

  mayWrite(batch: InFlightBatch): boolean {
    return this.ring.isHead(batch.id);
  }

  leave(batch: InFlightBatch): undefined {
    this.ring.remove(batch.id);
  }
}
