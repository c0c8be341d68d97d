import type { TransformResult } from '../../ports/transform-pool.js';
import type { Job, PoolThread } from './pool-thread.js';

/** Maximum number of batches whose thread is remembered: batches that are given up never ask for it. */
const HOMES_MAX = 1_000;

/**
 * Tasks that wait for a thread, first in, first out. A thread that holds results of a batch gets the next
 * task of this batch; while it is busy the task waits, at most until it ends.
 */
export class JobQueue {
  readonly #jobs: Job[] = [];
  readonly #homes = new Map<number, PoolThread>();

  get length(): number {
    return this.#jobs.length;
  }

  push(job: Job): void {
    this.#jobs.push(job);
  }

  nextFor(thread: PoolThread): Job | undefined {
    const index = this.#jobs.findIndex((job) => {
      const home = this.#homeOf(job);
      return home === undefined || home === thread || home.state === 'dying';
    });
    const [job] = index < 0 ? [] : this.#jobs.splice(index, 1);
    if (job?.task.batchId !== undefined && job.task.rejectWith === undefined)
      this.#homes.delete(job.task.batchId);
    return job;
  }

  /** Remembers the thread that holds results of the batch. */
  answered({ task: { batchId } }: Job, thread: PoolThread, result: TransformResult): TransformResult {
    if (batchId !== undefined && result.keeps === true) this.#homes.set(batchId, thread);
    const [oldest] = this.#homes.keys();
    if (this.#homes.size > HOMES_MAX && oldest !== undefined) this.#homes.delete(oldest);
    return result;
  }

  takeAll(): readonly Job[] {
    return this.#jobs.splice(0);
  }

  /** A task that only rejects needs no results. */
  #homeOf({ task: { batchId, rejectWith } }: Job): PoolThread | undefined {
    return batchId === undefined || rejectWith !== undefined ? undefined : this.#homes.get(batchId);
  }
}
