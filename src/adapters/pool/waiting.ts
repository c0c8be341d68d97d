import { DispatcherError, type ErrorCode } from '../../core/errors.js';
import { loadError } from '../../transform/load/load-error.js';
import type { WorkerAnswer } from '../../transform/worker-session.js';
import { PoolLimits, type PoolSettings } from './settings.js';

/**
 * Waits at most `withinMs`. After that, rejects with the error from `late`, or resolves with undefined if
 * there is no `late`.
 */
export async function deadline<Value>(
  promise: Promise<Value>,
  withinMs: number,
  late?: () => Error,
): Promise<Value | undefined> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<undefined>((resolve, reject) => {
    timer = setTimeout(() => (late === undefined ? resolve(undefined) : reject(late())), withinMs);
  });
  // The slower of the two has no listener.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The top level has its own limit, which can't act while the thread is blocked. */
export function loadTimeout({ task, loadTimeoutMs }: PoolSettings): {
  readonly withinMs: number;
  readonly late: () => DispatcherError;
} {
  const withinMs = loadTimeoutMs ?? PoolLimits.loadTimeoutMs;
  const late = (): DispatcherError =>
    loadError(
      task.transform?.path ?? 'the worker',
      `was not loaded within ${withinMs} ms: its setup did not finish, or its top level blocks the thread`,
      'check what setup waits for and give it a timeout, and look for an endless loop',
    );
  return { withinMs, late };
}

/** Converts a worker's `failed` answer, or anything that was thrown, to the error that leaves the pool. */
export function failureOf(reason: unknown, fallback: ErrorCode): DispatcherError {
  if (reason instanceof DispatcherError) return reason;
  if (isFailedAnswer(reason)) {
    const error = new DispatcherError(
      reason.code,
      reason.message,
      reason.remedy === undefined ? {} : { remedy: reason.remedy },
    );
    if (reason.stack !== undefined) error.stack = reason.stack;
    return error;
  }
  return new DispatcherError(fallback, reason instanceof Error ? reason.message : String(reason), {
    cause: reason,
  });
}

function isFailedAnswer(value: unknown): value is Extract<WorkerAnswer, { kind: 'failed' }> {
  return typeof value === 'object' && value !== null && 'kind' in value && value.kind === 'failed';
}
