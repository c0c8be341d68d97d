import type { CallContext } from '../context.js';
import type { Rejected } from '../results/rejected.js';
import { isThenable } from '../results/results.js';
import { Written } from '../results/written.js';
import type { CallTimes } from './call-times.js';
import { resultOfThrown } from './rows.js';

/**
 * How many rows may be started beyond the oldest unfinished one, as a multiple of `concurrency`: limits what
 * one slow record can hold in memory.
 */
const WINDOW_FACTOR = 4;

/**
 * How a run over rows ended. `pending`: results of rows `[nextRow, …)` that were computed but not written.
 */
export interface Ending {
  readonly nextRow: number;
  readonly status: Written;
  readonly pending: readonly unknown[];
}

export interface AsyncRowsHost {
  readonly concurrency: number;
  readonly times: CallTimes;
  compute(row: number): unknown;
  /** Takes the context of the last call, which from now on belongs to that call alone. */
  takeContext(): CallContext;
  write(row: number, result: unknown): Written;
  started(row: number): void;
  /** Every row below `lowestUnfinishedRow` is written, `finished` records of this task are done. */
  finished(lowestUnfinishedRow: number, finished: number): void;
}

const UNDER_WAY = Symbol('under-way');

/**
 * Runs up to `concurrency` asynchronous transforms at the same time and writes their results in the order of
 * the rows.
 */
export class AsyncRows {
  readonly #host: AsyncRowsHost;
  readonly #endRow: number;
  readonly #slots: unknown[] = [];
  #head: number;
  #next: number;
  #underWay = 0;
  #finished: number;
  #status: Written = Written.done;
  #failure: unknown;
  #failed = false;
  #settle: () => void = () => undefined;

  constructor(
    host: AsyncRowsHost,
    range: { readonly firstRow: number; readonly endRow: number; readonly finished: number },
  ) {
    this.#host = host;
    this.#head = range.firstRow;
    this.#next = range.firstRow;
    this.#endRow = range.endRow;
    this.#finished = range.finished;
  }

  /** `first` is the result that the first row's transform has already returned. */
  async run(first: PromiseLike<unknown>): Promise<Ending> {
    const done = new Promise<void>((resolve) => {
      this.#settle = resolve;
    });
    this.#await(this.#next++, first);
    this.#advance();
    await done;
    if (this.#failed) throw this.#failure;
    return { nextRow: this.#head, status: this.#status, pending: this.#slots };
  }

  #advance(): void {
    try {
      for (;;) {
        this.#writeHead();
        const room =
          this.#underWay < this.#host.concurrency &&
          this.#next - this.#head < this.#host.concurrency * WINDOW_FACTOR;
        if (this.#status !== Written.done || this.#failed || this.#next >= this.#endRow || !room) break;
        this.#start(this.#next++);
      }
    } catch (error) {
      // A defect of this program: running calls must end before the task may fail.
      this.#failed = true;
      this.#failure = error;
    }
    this.#host.finished(this.#head, this.#finished);
    const ended = this.#status !== Written.done || this.#failed || this.#head >= this.#endRow;
    if (ended && this.#underWay === 0) this.#settle();
  }

  #writeHead(): void {
    while (this.#status === Written.done && this.#slots.length > 0 && this.#slots[0] !== UNDER_WAY) {
      const status = this.#host.write(this.#head, this.#slots[0]);
      if (status !== Written.done) {
        this.#status = status;
        return;
      }
      this.#slots.shift();
      this.#head += 1;
    }
  }

  #start(row: number): void {
    this.#host.started(row);
    const result = this.#host.compute(row);
    if (isThenable(result)) {
      this.#await(row, result);
      return;
    }
    this.#slots.push(result);
    this.#finished += 1;
  }

  #await(row: number, promise: PromiseLike<unknown>): void {
    this.#slots.push(UNDER_WAY);
    this.#underWay += 1;
    const { times } = this.#host;
    times.begin(row, this.#host.takeContext(), (rejected: Rejected) => this.#finish(row, rejected));
    // Promise.resolve: a user's thenable may call back twice, or synchronously.
    Promise.resolve(promise).then(
      (result) => (times.end(row) ? this.#finish(row, result) : undefined),
      (thrown: unknown) => (times.end(row) ? this.#finish(row, resultOfThrown(thrown)) : undefined),
    );
  }

  #finish(row: number, result: unknown): void {
    this.#slots[row - this.#head] = result;
    this.#underWay -= 1;
    this.#finished += 1;
    this.#advance();
  }
}
