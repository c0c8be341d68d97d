import { setMaxListeners } from 'node:events';
import { Reports } from './reports.js';
import type { TransformContext } from './types.js';

/** A 32-bit cell of shared memory: the main thread sets it when the run stops, and workers read it. */
export class StopCell {
  readonly cells: Int32Array;

  constructor(cells: Int32Array = new Int32Array(new SharedArrayBuffer(4))) {
    this.cells = cells;
  }

  set(): void {
    Atomics.store(this.cells, 0, 1);
  }

  get isSet(): boolean {
    return Atomics.load(this.cells, 0) === 1;
  }
}

/** The parts of a context that all calls of one worker share. */
export interface WorkerParts {
  readonly threadId: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly reports: Reports;
  readonly stop: StopCell;
  /** The result of `setup`. */
  state: unknown;
  /** Of the running task. */
  traceparent: string | undefined;
}

export function workerParts(
  threadId: number,
  options: Readonly<Record<string, unknown>>,
  stop: StopCell,
): WorkerParts {
  return { threadId, options, reports: new Reports(), stop, state: undefined, traceparent: undefined };
}

/**
 * The `context` of one call, with the signal of its own record. A synchronous call reuses the context of the
 * call before, so that synchronous transforms allocate none. The signal is created on first access.
 */
export class CallContext implements TransformContext<unknown> {
  readonly threadId: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly logger: Reports;
  readonly metrics: Reports;
  readonly state: unknown;
  readonly #worker: WorkerParts;
  #controller: AbortController | undefined;
  #timedOut: Error | undefined;

  constructor(worker: WorkerParts) {
    const { threadId, options, reports, state } = worker;
    this.threadId = threadId;
    this.options = options;
    this.logger = reports;
    this.metrics = reports;
    this.state = state;
    this.#worker = worker;
  }

  get traceparent(): string | undefined {
    return this.#worker.traceparent;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // One record may make many requests at the same time, which is not a leak.
      setMaxListeners(0, this.#controller.signal);
      if (this.#timedOut !== undefined) this.#controller.abort(this.#timedOut);
    }
    this.noticeStop();
    return this.#controller.signal;
  }

  /** Passes the main thread's stop on to the holder of the signal. */
  noticeStop(): void {
    if (this.#worker.stop.isSet && this.#controller?.signal.aborted === false)
      this.#controller.abort(named('AbortError', 'the dispatcher is stopping'));
  }

  /** The call has used up its time. */
  timeOut(timeoutMs: number): void {
    this.#timedOut = named('TimeoutError', `this record was not finished within ${timeoutMs} ms`);
    this.#controller?.abort(this.#timedOut);
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
