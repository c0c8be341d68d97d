import type { BatchId } from '../../core/batch.js';
import type { InFlightBatch } from '../in-flight-batch.js';

/** When a batch may be transformed and when its parts may be written. */
export interface Order {
  /** Call it in read order. True: the batch may be transformed now. */
  enter(batch: InFlightBatch): boolean;
  mayWrite(batch: InFlightBatch): boolean;
  /** Every part was written, or never will be. Returns the next batch that may be transformed as a result. */
  leave(batch: InFlightBatch): BatchId | undefined;
}
