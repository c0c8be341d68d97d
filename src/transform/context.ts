import { setMaxListeners } from 'node:events';
import { Reports } from './reports.js';
import type { TransformContext } from './types.js';

/** Set by the main thread when the run stops; read by workers. One 32-bit cell of shared memory. */
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

/**
 * `context` of one worker: made once, so that a call costs nothing. The signal is made when first asked for.
 */
export class WorkerContext implements TransformContext<unknown> {
  readonly threadId: number;
  readonly options: Readonly<Record<string, unknown>>;
  readonly logger: Reports;
  readonly metrics: Reports;
  state: unknown = undefined;
  readonly #stop: StopCell;
  #controller: AbortController | undefined;

  constructor(threadId: number, options: Readonly<Record<string, unknown>>, stop: StopCell) {
    const reports = new Reports();
    this.threadId = threadId;
    this.options = options;
    this.logger = reports;
    this.metrics = reports;
    this.#stop = stop;
  }

  get reports(): Reports {
    return this.logger;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      // Every transform under way may listen to it, which is no leak.
      setMaxListeners(0, this.#controller.signal);
    }
    this.noticeStop();
    return this.#controller.signal;
  }

  /** Passes the main thread's stop on to whoever holds the signal. */
  noticeStop(): void {
    if (this.#stop.isSet && this.#controller?.signal.aborted === false)
      this.#controller.abort(named('AbortError', 'the dispatcher is stopping'));
  }

  /** Tells what is under way; transforms that start later get a fresh signal. */
  abortForTimeout(timeoutMs: number): void {
    this.#controller?.abort(named('TimeoutError', `no record was finished for ${timeoutMs} ms`));
    this.#controller = undefined;
  }
}

function named(name: string, message: string): Error {
  const error = new Error(message);
  error.name = name;
  return error;
}
