import type { BatchId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type {
  TransformPool,
  TransformResult,
  TransformTask,
  Whereabouts,
} from '../../ports/transform-pool.js';

/**
 * A pool whose settings are known only once the producer is connected (topic numbers and partition counts).
 */
export class LatePool implements TransformPool {
  readonly threads: number;
  private readonly create: () => Promise<TransformPool>;
  private pool: TransformPool | undefined;
  private closed = false;

  constructor(threads: number, create: () => Promise<TransformPool>) {
    this.threads = threads;
    this.create = create;
  }

  async start(): Promise<void> {
    const pool = await this.create();
    if (this.closed) throw new DispatcherError('DRAIN_CUT', 'the pool was closed before it was ready');
    this.pool = pool;
    await pool.start();
  }

  run(task: TransformTask): Promise<TransformResult> {
    return this.pool === undefined
      ? Promise.reject(new DispatcherError('DEFECT', 'the pool is used before its start'))
      : this.pool.run(task);
  }

  get busy(): number {
    return this.pool?.busy ?? 0;
  }

  get trouble(): string | undefined {
    return this.pool?.trouble;
  }

  whereabouts(batchId: BatchId): Whereabouts | undefined {
    return this.pool?.whereabouts?.(batchId);
  }

  signalStop(): void {
    this.pool?.signalStop();
  }

  close(deadlineMs: number): Promise<void> {
    this.closed = true;
    return this.pool?.close(deadlineMs) ?? Promise.resolve();
  }
}
