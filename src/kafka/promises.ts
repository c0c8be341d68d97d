/** Waiting with a time limit. */
import { DispatcherError } from '../core/errors.js';

export interface PendingSignal {
  readonly promise: Promise<void>;
  readonly resolve: () => void;
}

export function pendingSignal(): PendingSignal {
  let resolve: () => void = () => undefined;
  const promise = new Promise<void>((settle) => {
    resolve = settle;
  });
  return { promise, resolve };
}

/** Rejects with DRAIN_CUT when the promise is late. */
export async function within<T>(promise: Promise<T>, timeoutMs: number, what: string): Promise<T> {
  let timer: NodeJS.Timeout | undefined;
  const late = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(
      () => reject(new DispatcherError('DRAIN_CUT', `${what} within ${Math.round(timeoutMs)} ms`)),
      timeoutMs,
    );
  });
  try {
    return await Promise.race([promise, late]);
  } finally {
    clearTimeout(timer);
  }
}

/** The rest of a deadline; never zero, so that each step of leaving gets its chance. */
export function countdown(deadlineMs: number, nowMs: () => number): () => number {
  const endMs = nowMs() + deadlineMs;
  return () => Math.max(endMs - nowMs(), STEP_MS_MIN);
}

const STEP_MS_MIN = 100;
