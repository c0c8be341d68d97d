import type { PartitionId } from '../../core/batch.js';
import type { Logger } from '../../ports/logger.js';
import type { PartitionName } from '../../transform/record-view.js';
import type { TaskSettings } from '../../transform/settings.js';

export interface PoolSettings {
  readonly task: TaskSettings;
  /** Worker threads; the inline pool ignores it. */
  readonly threads: number;
  /** Topic and partition of an id, for `record.topic` and dead letters. */
  readonly describePartition: (id: PartitionId) => PartitionName;
  readonly logger?: Logger;
  /** Heap of one worker; beyond it only that worker dies. */
  readonly workerHeapBytes?: number;
  /** Space for young objects, beside that heap. [V8's own] */
  readonly youngBytes?: number;
  /** The time a worker may take to import the transform and to run its `setup`. */
  readonly loadTimeoutMs?: number;
  /** How long a blocked worker may take to end, before the pool is given up. */
  readonly endingMsMax?: number;
}

export const PoolLimits = {
  /** Maximum number of waiting tasks. There are never more than blocks. */
  queuedTasksMax: 10_000,
  workerHeapBytes: 512 * 1_048_576,
  loadTimeoutMs: 60_000,
  /** Time between the abort signal to a hanging transform and the end of its worker. */
  graceMs: 1000,
  /** A thread in a blocking system call or a native loop ends only when that returns. */
  endingMsMax: 30_000,
  watchIntervalMs: 250,
  /** Replacement workers in a row that could not load the transform, before the pool gives up. */
  loadFailuresMax: 5,
  loadBackoffMs: 500,
} as const;
