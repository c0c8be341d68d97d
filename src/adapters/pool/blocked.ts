/** Words for a blocked worker: in a system call that waits, or in a loop. */
import { DispatcherError } from '../../core/errors.js';
import type { TransformTask } from '../../ports/transform-pool.js';
import type { PartitionName } from '../../transform/record-view.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import type { PoolThread } from './pool-thread.js';

/** `topic 3:1200`, or the range of the records in progress. */
export function describeSuspects(
  thread: PoolThread,
  task: TransformTask,
  describe: (id: number) => PartitionName,
): string {
  const { firstRow, rowCount } = thread.suspects(task);
  const row = rowCount === 0 ? task.firstRow : firstRow;
  const more = (rowCount === 0 ? task.rowCount : rowCount) - 1;
  const reader = new InputBatchReader();
  reader.open(task.input.bytes);
  const { topic, partition } = describe(reader.partitionIdOf(row));
  const others = more === 0 ? '' : `, or one of the ${more} after it`;
  return `topic ${topic}, partition ${partition}, offset ${reader.offset(row)}${others}`;
}

export function blockedError(
  thread: PoolThread,
  task: TransformTask,
  describe: (id: number) => PartitionName,
): DispatcherError {
  const blockedMs = thread.stalledMs + (thread.endingMs ?? 0);
  return new DispatcherError(
    'WORKER_BLOCKED',
    `a worker has been blocked for ${blockedMs} ms and cannot be ended, at ` +
      describeSuspects(thread, task, describe),
    {
      remedy:
        'the transform waits inside a blocking call (execSync, a synchronous database driver, native ' +
        'code): give that call a time limit of its own, or make it asynchronous',
    },
  );
}
