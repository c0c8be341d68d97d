import { DispatcherError } from '../../../core/errors.js';

/** An error in a schema that the user provided. */
export function schemaError(message: string, remedy: string, cause?: unknown): DispatcherError {
  return new DispatcherError('CONFIGURATION', message, cause === undefined ? { remedy } : { remedy, cause });
}

export function messageOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
