import type { BatchId } from '../../core/batch.js';
import type { InFlightBatch } from '../in-flight-batch.js';

/** When a batch may be transformed and when its parts may be written. */
export interface Order {
  /** In read order. True: it may be transformed now. */
  enter(batch: InFlightBatch): boolean;
  mayWrite(batch: InFlightBatch): boolean;
  /**
   * Every part was handed to the writer, or never will be. Returns the next batch that may be transformed
   * because of it.
   */
  leave(batch: InFlightBatch): BatchId | undefined;
}
