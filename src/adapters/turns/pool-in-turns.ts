import type { BatchId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { Clock } from '../../ports/clock.js';
import {
  isWorkerDeath,
  type TransformPool,
  type TransformResult,
  type TransformTask,
  type Whereabouts,
} from '../../ports/transform-pool.js';
import type { EndTurn, Turns } from '../../ports/turns.js';

/** Workers that may die one after another before the pipeline is slowed down… */
export const DEATHS_AT_ONCE_MAX = 10;
/** …to one death in this time: a new worker takes the processor from the other pipelines. */
export const DEATH_INTERVAL_MS = 1_000;

/**
 * A pool whose tasks wait for their turn: pipelines of one process share the processor by weight. A pipeline
 * has no more tasks than threads on their way, so that a turn is never spent on waiting for a thread.
 */
export class PoolInTurns implements TransformPool {
  readonly threads: number;
  readonly #pool: TransformPool;
  readonly #turns: Turns;
  readonly #clock: Clock;
  readonly #waiting: (() => void)[] = [];
  #running = 0;
  /** Cancels the end of the pause; undefined: there is none. */
  #pause: (() => void) | undefined;
  /** The deaths that still count; each cancels its being forgotten. */
  readonly #memories = new Set<() => void>();
  #closing = false;

  constructor(pool: TransformPool, turns: Turns, clock: Clock) {
    this.#pool = pool;
    this.#turns = turns;
    this.#clock = clock;
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
    this.#pause?.();
    for (const cancel of this.#memories) cancel();
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
    let usedMs: number | undefined;
    try {
      const result = await this.#pool.run(task);
      usedMs = result.thread?.tookMs;
      return result;
    } catch (error) {
      if (isWorkerDeath(error)) this.#died();
      throw error;
    } finally {
      if (isCounted) {
        this.#running -= 1;
        this.#pump();
      }
      // After the next task has asked for its turn: otherwise others with short turns would seem to be idle,
      // and turns would alternate, whatever they take and weigh.
      end(usedMs);
    }
  }

  /** Each death counts for a while; with too many of them nothing begins until one is forgotten. */
  #died(): void {
    if (this.#closing) return;
    const cancel = this.#clock.after(DEATH_INTERVAL_MS * DEATHS_AT_ONCE_MAX, () => {
      this.#memories.delete(cancel);
    });
    this.#memories.add(cancel);
    if (this.#memories.size <= DEATHS_AT_ONCE_MAX || this.#pause !== undefined) return;
    this.#pause = this.#clock.after(DEATH_INTERVAL_MS, () => {
      this.#pause = undefined;
      this.#pump();
    });
  }

  #turn(): Promise<EndTurn> {
    return new Promise((resolve) => this.#turns.take(resolve));
  }
}
