import { DispatcherError, type ErrorCode } from '../../core/errors.js';
import { loadError } from '../../transform/load/loaded.js';
import type { WorkerAnswer } from '../../transform/worker-session.js';
import { PoolLimits, type PoolSettings } from './settings.js';

/**
 * Waits at most so long. Past it: rejects with what `late` makes, or resolves with undefined where there is
 * no `late`.
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
  // Whichever comes second has nobody who listens.
  promise.catch(() => undefined);
  try {
    return await Promise.race([promise, timeout]);
  } finally {
    clearTimeout(timer);
  }
}

/** The top level has a limit of its own, which can't act while the thread is blocked. */
export function loadTimeout({ task, loadTimeoutMs }: PoolSettings): {
  readonly withinMs: number;
  readonly late: () => DispatcherError;
} {
  const withinMs = loadTimeoutMs ?? PoolLimits.loadTimeoutMs;
  const late = (): DispatcherError =>
    loadError(
      task.transform?.path ?? 'the worker',
      `was not loaded within ${withinMs} ms: its setup did not finish, or its top level blocks the thread`,
      'see what setup waits for and give it a timeout, and look for a loop that never ends',
    );
  return { withinMs, late };
}

/** A worker's `failed` answer, or whatever was thrown, as the error that leaves the pool. */
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
