import { DispatcherError } from '../../core/errors.js';
import type { TransformPool, TransformResult, TransformTask } from '../../ports/transform-pool.js';
import { StopCell } from '../../transform/context.js';
import { type CompiledTransform, compileTransform } from '../../transform/load/compile.js';
import { importTransform, setupError } from '../../transform/load/load.js';
import { TaskRunner } from '../../transform/runtime.js';
import type { PoolSettings } from './settings.js';
import { deadline, failureOf, loadTimeout } from './waiting.js';

/**
 * `threads: 0`: tasks run on the main thread, one after another, for debugging. Nothing protects the process
 * from a transform that hangs or exits.
 */
export function createInlinePool(settings: PoolSettings): TransformPool {
  return new InlinePool(settings);
}

class InlinePool implements TransformPool {
  readonly threads = 0;
  readonly #settings: PoolSettings;
  readonly #stop = new StopCell();
  #runner: TaskRunner | undefined;
  #compiled: CompiledTransform | undefined;
  #last: Promise<unknown> = Promise.resolve();
  #busy = 0;
  #loading = false;
  #closed = false;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
  }

  get busy(): number {
    return Math.min(1, this.#busy);
  }

  async start(): Promise<void> {
    const { task: settings } = this.#settings;
    const { transform } = settings;
    this.#loading = true;
    try {
      this.#compiled = transform === undefined ? undefined : await compileTransform(transform.path);
      const loaded =
        transform === undefined || this.#compiled === undefined
          ? undefined
          : await importTransform(this.#compiled.url(), transform.path);
      const { withinMs, late } = loadTimeout(this.#settings);
      const creating = TaskRunner.create({ settings, loaded, threadId: 0, stop: this.#stop });
      this.#runner = await deadline(creating, withinMs, late);
    } catch (error) {
      await this.#compiled?.remove();
      throw setupError(transform?.path ?? '', error);
    } finally {
      this.#loading = false;
    }
  }

  async run(task: TransformTask): Promise<TransformResult> {
    if (this.#runner === undefined || this.#closed)
      throw new DispatcherError('DEFECT', 'the pool is not running');
    this.#busy += 1;
    const before = this.#last;
    const running = this.#runAfter(before, this.#runner, task);
    this.#last = running.catch(() => undefined);
    try {
      return await running;
    } catch (error) {
      throw failureOf(error, 'DEFECT');
    } finally {
      this.#busy -= 1;
    }
  }

  signalStop(): void {
    this.#stop.set();
  }

  async close(deadlineMs: number): Promise<void> {
    this.#closed = true;
    if (this.#loading) {
      await this.#compiled?.remove();
      throw new Error('the transform is still being loaded in the main thread; the process ends without it');
    }
    await deadline(this.#last, deadlineMs);
    try {
      const teardown = this.#runner?.teardown() ?? Promise.resolve([]);
      for (const { level, message, fields } of (await deadline(teardown, deadlineMs)) ?? [])
        this.#settings.logger?.[level](message, fields);
    } catch (error) {
      this.#settings.logger?.warn('teardown of the transform failed', {
        reason: error instanceof Error ? error.message : String(error),
      });
    }
    await this.#compiled?.remove();
  }

  async #runAfter(
    before: Promise<unknown>,
    runner: TaskRunner,
    task: TransformTask,
  ): Promise<TransformResult> {
    await before;
    const partitions = task.segments.map(({ partitionId }) => ({
      id: partitionId,
      ...this.#settings.describePartition(partitionId),
    }));
    const { batchId, input, output, firstRow, rowCount, rejectWith, rows, traceparent } = task;
    return runner.run({
      input: input.bytes,
      output: output.bytes,
      firstRow,
      rowCount,
      partitions,
      ...(task.topics === undefined ? {} : { topics: task.topics }),
      ...(rejectWith === undefined ? {} : { rejectWith }),
      ...(rows === undefined ? {} : { rows }),
      ...(batchId === undefined ? {} : { batchId }),
      ...(traceparent === undefined ? {} : { traceparent }),
    });
  }
}
