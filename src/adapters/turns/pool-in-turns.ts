import type { BatchId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import {
  isWorkerDeath,
  type TransformPool,
  type TransformResult,
  type TransformTask,
  type Whereabouts,
} from '../../ports/transform-pool.js';
import type { Turns } from '../../ports/turns.js';

/** Workers that may die one after another before the pipeline is slowed down… */
const DEATHS_AT_ONCE_MAX = 10;
/** …to one death in this time: a new worker takes the processor from the other pipelines. */
const DEATH_INTERVAL_MS = 1_000;

/**
 * A pool whose tasks wait for their turn: pipelines of one process share the processor by weight. A pipeline
 * has no more tasks than threads on their way, so that a turn is never spent on waiting for a thread.
 */
export class PoolInTurns implements TransformPool {
  readonly threads: number;
  readonly #pool: TransformPool;
  readonly #turns: Turns;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  #deaths = 0;
  #pause: NodeJS.Timeout | undefined;
  #closing = false;

  constructor(pool: TransformPool, turns: Turns) {
    this.#pool = pool;
    this.#turns = turns;
    this.threads = pool.threads;
  }

  start(): Promise<void> {
    return this.#pool.start();
  }

  run(task: TransformTask): Promise<TransformResult> {
    if (this.#closing) return Promise.reject(new DispatcherError('DEFECT', 'the pool is not running'));
    return new Promise((resolve, reject) => {
      this.#waiting.push(() => {
        this.#runNow(task).then(resolve, reject);
      });
      this.#pump();
    });
  }

  get busy(): number {
    return this.#pool.busy;
  }

  get trouble(): string | undefined {
    return this.#pool.trouble;
  }

  whereabouts(batchId: BatchId): Whereabouts | undefined {
    return this.#pool.whereabouts?.(batchId);
  }

  signalStop(): void {
    this.#pool.signalStop();
  }

  /** What waits gets its chance within the deadline, in turn or not. */
  close(deadlineMs: number): Promise<void> {
    this.#closing = true;
    clearTimeout(this.#pause);
    for (const begin of this.#waiting.splice(0)) begin();
    return this.#pool.close(deadlineMs);
  }

  #pump(): void {
    const mayBegin = this.#running < this.threads && this.#pause === undefined;
    const begin = mayBegin ? this.#waiting.shift() : undefined;
    if (begin === undefined) return;
    this.#running += 1;
    begin();
  }

  async #runNow(task: TransformTask): Promise<TransformResult> {
    const isCounted = !this.#closing;
    const end = isCounted ? await this.#turn() : () => undefined;
    try {
      return await this.#pool.run(task);
    } catch (error) {
      if (isWorkerDeath(error)) this.#died();
      throw error;
    } finally {
      end();
      if (isCounted) {
        this.#running -= 1;
        this.#pump();
      }
    }
  }

  /** Each death counts for a while; with too many of them nothing begins until one is forgotten. */
  #died(): void {
    this.#deaths += 1;
    setTimeout(() => {
      this.#deaths -= 1;
    }, DEATH_INTERVAL_MS * DEATHS_AT_ONCE_MAX).unref();
    if (this.#deaths <= DEATHS_AT_ONCE_MAX || this.#pause !== undefined || this.#closing) return;
    this.#pause = setTimeout(() => {
      this.#pause = undefined;
      this.#pump();
    }, DEATH_INTERVAL_MS);
  }

  #turn(): Promise<() => void> {
    return new Promise((resolve) => this.#turns.take(resolve));
  }
}
