import { DispatcherError } from '../../core/errors.js';

/** A fault of the user's module. `path`: its file. */
export function loadError(path: string, what: string, remedy: string, cause?: unknown): DispatcherError {
  return new DispatcherError(
    'TRANSFORM_LOAD',
    `${path}: ${what}`,
    cause === undefined ? { remedy } : { remedy, cause },
  );
}
