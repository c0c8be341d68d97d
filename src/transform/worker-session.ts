import { setImmediate as nextTurn } from 'node:timers/promises';
import { DispatcherError, type ErrorCode } from '../core/errors.js';
import type { TransformLog, TransformResult } from '../ports/transform-pool.js';
import { StopCell } from './context.js';
import { importTransform, setupError } from './load/load.js';
import { TaskRunner } from './runtime.js';
import type { TaskSettings } from './settings.js';
import { ThreadMeter } from './thread-meter.js';
import type { WorkerTask } from './worker-task.js';

/** The initial data of a worker thread. */
export interface WorkerInit {
  readonly settings: TaskSettings;
  readonly stopCells: Int32Array;
}

export type WorkerMessage =
  /** `url`: the compiled transform; undefined passes records through. */
  | { readonly kind: 'load'; readonly url: string | undefined }
  | { readonly kind: 'task'; readonly task: WorkerTask }
  | { readonly kind: 'teardown' };

/** Errors are returned as data: an Error that is cloned between threads loses its code. */
export type WorkerAnswer =
  /** `logs`: entries of the transform since its last task. */
  | { readonly kind: 'done'; readonly logs?: readonly TransformLog[] }
  | { readonly kind: 'result'; readonly result: TransformResult }
  | {
      readonly kind: 'failed';
      readonly code: ErrorCode;
      readonly message: string;
      readonly remedy: string | undefined;
      readonly stack: string | undefined;
    };

/**
 * The life of one worker thread: load, tasks, teardown. Never throws, because an error thrown by a handler
 * would lose its details.
 */
export class WorkerSession {
  readonly #init: WorkerInit;
  readonly #threadId: number;
  #runner: TaskRunner | undefined;
  #meter: ThreadMeter | undefined;

  constructor(init: WorkerInit, threadId: number) {
    this.#init = init;
    this.#threadId = threadId;
  }

  async handle(message: WorkerMessage): Promise<WorkerAnswer> {
    try {
      switch (message.kind) {
        case 'load':
          await this.#load(message.url);
          return { kind: 'done' };
        case 'task':
          return { kind: 'result', result: await this.#run(message.task) };
        case 'teardown':
          return { kind: 'done', logs: (await this.#runner?.teardown()) ?? [] };
      }
    } catch (error) {
      return failedAnswer(error);
    }
  }

  async #load(url: string | undefined): Promise<void> {
    const { settings, stopCells } = this.#init;
    const path = settings.transform?.path ?? '';
    const loaded = url === undefined ? undefined : await importTransform(url, path);
    try {
      this.#runner = await TaskRunner.create({
        settings,
        loaded,
        threadId: this.#threadId,
        stop: new StopCell(stopCells),
      });
      if (this.#runner.runsUserCode) this.#meter = new ThreadMeter();
    } catch (error) {
      throw setupError(path, error);
    }
  }

  async #run(task: WorkerTask): Promise<TransformResult> {
    if (this.#runner === undefined)
      throw new DispatcherError('DEFECT', 'a task arrived before the transform was loaded');
    const beganMs = performance.now();
    const result = await this.#runner.run(task);
    // One turn of the event loop before the answer: an exception that a record's code left behind (a timer, a
    // forgotten promise) ends the worker during its own task, not a later one; and timers that `setup`
    // started run under load too.
    if (this.#runner.runsUserCode) await nextTurn();
    const tookMs = performance.now() - beganMs;
    return { ...result, thread: this.#meter?.take(tookMs) ?? { tookMs } };
  }
}

/** Converts any error to the data of an answer. */
export function failedAnswer(error: unknown): WorkerAnswer {
  if (error instanceof DispatcherError)
    return {
      kind: 'failed',
      code: error.code,
      message: error.message,
      remedy: error.remedy,
      stack: error.stack,
    };
  const message = error instanceof Error ? error.message : String(error);
  return {
    kind: 'failed',
    code: 'DEFECT',
    message,
    remedy: undefined,
    stack: error instanceof Error ? error.stack : undefined,
  };
}
