import { DispatcherError } from '../core/errors.js';

/** Any other error is a defect. */
export function asDispatcherError(error: unknown): DispatcherError {
  if (error instanceof DispatcherError) return error;
  return new DispatcherError('DEFECT', error instanceof Error ? error.message : String(error), {
    cause: error,
  });
}
