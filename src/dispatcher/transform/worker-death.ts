import { DispatcherError } from '../../core/errors.js';
import type { Rejection, WorkerDeath } from '../../ports/transform-pool.js';
import { type InFlightBatch, stopAt } from '../in-flight-batch.js';

/** No user code runs while a record is rejected, so a record that ends workers even then stops the run. */
export function stopUnrejectable(
  batch: InFlightBatch,
  row: number,
  { code, stage, message }: Rejection,
  death: WorkerDeath,
): void {
  if (batch.stopRow !== undefined && batch.stopRow <= row) return;
  const error = new DispatcherError(
    'RECORD_REJECTED',
    `${code} (${stage}): ${message}; its dead letter could not be made, because each worker that was to ` +
      `make it ended (${death.code}: ${death.message})`,
    {
      remedy:
        "find out why the worker threads end: an exception in the transform's timers or promises, or too " +
        'little memory; a restart meets the same record',
    },
  );
  stopAt(batch, row, { code: error.code, message: error.message, stage: 'worker' });
  batch.stopError = error;
}
