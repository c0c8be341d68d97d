import type { OutputTopic } from '../ports/sink.js';
import type { Rejection } from '../ports/transform-pool.js';
import type { PartitionName } from './record-view.js';

/**
 * A task as it is sent to the worker: views of shared memory, and only the topic names that this worker does
 * not know yet.
 */
export interface WorkerTask {
  readonly input: Uint8Array;
  readonly output: Uint8Array;
  readonly firstRow: number;
  readonly rowCount: number;
  readonly partitions?: readonly (PartitionName & { readonly id: number })[];
  readonly topics?: readonly OutputTopic[];
  readonly rejectWith?: Rejection;
  readonly rows?: readonly number[];
  readonly batchId?: number;
  readonly traceparent?: string;
}
