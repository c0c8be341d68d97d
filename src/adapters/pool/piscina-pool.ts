import type { BatchId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type {
  TransformPool,
  TransformResult,
  TransformTask,
  Whereabouts,
} from '../../ports/transform-pool.js';
import { StopCell } from '../../transform/context.js';
import { type CompiledTransform, compileTransform } from '../../transform/load/compile.js';
import type { WorkerAnswer, WorkerMessage } from '../../transform/worker-session.js';
import { blockedError, describeSuspects } from './blocked.js';
import { JobQueue } from './job-queue.js';
import { PiscinaThreads } from './piscina-threads.js';
import type { Job, PoolThread } from './pool-thread.js';
import { PoolLimits, type PoolSettings } from './settings.js';
import { loadThread, tearDownThread } from './thread-life.js';
import { TopicNews } from './topic-news.js';
import { deadline, failureOf, loadTimeout } from './waiting.js';
import { WatchTimer } from './watch-timer.js';

export function createPiscinaPool(settings: PoolSettings): TransformPool {
  return new PiscinaPool(settings);
}

/**
 * Decides which task goes to which thread: it must know a dead worker's task, progress and blocks. Tasks wait
 * here in one queue.
 */
class PiscinaPool implements TransformPool {
  readonly threads: number;
  readonly #settings: PoolSettings;
  readonly #stop = new StopCell();
  readonly #queue = new JobQueue();
  readonly #running = new Map<PoolThread, Job>();
  readonly #topics = new TopicNews();
  readonly #watch = new WatchTimer((elapsedMs) => {
    for (const thread of this.#members) this.#watchThread(thread, elapsedMs);
  });
  #piscina: PiscinaThreads | undefined;
  #compiled: CompiledTransform | undefined;
  #failure: DispatcherError | undefined;
  #loadFailures = 0;
  #closing = false;
  #destroying = false;
  #onIdle: () => void = () => undefined;

  constructor(settings: PoolSettings) {
    this.#settings = settings;
    this.threads = settings.threads;
  }

  get busy(): number {
    let count = 0;
    for (const thread of this.#members) if (thread.state === 'busy') count++;
    return count;
  }

  get trouble(): string | undefined {
    for (const thread of this.#members)
      if (thread.endingMs !== undefined)
        return `a worker has been blocked for ${thread.stalledMs + thread.endingMs} ms, and does not end`;
    return undefined;
  }

  async start(): Promise<void> {
    const { transform } = this.#settings.task;
    this.#compiled = transform === undefined ? undefined : await compileTransform(transform.path);
    if (this.#isClosing()) {
      await this.#compiled?.remove();
      throw new DispatcherError('DRAIN_CUT', 'the pool was closed before it was ready');
    }
    this.#piscina = new PiscinaThreads(this.#settings, this.#stop, {
      ready: (thread) => void this.#loadReplacement(thread),
      failed: (failure) => this.#fail(failure),
    });
    const { withinMs, late } = loadTimeout(this.#settings);
    try {
      await deadline(Promise.all([...this.#members].map((thread) => this.#load(thread))), withinMs, late);
    } catch (error) {
      this.#failure = failureOf(error, 'TRANSFORM_LOAD');
      this.#beginClosing();
      await this.#destroy(PoolLimits.graceMs);
      throw this.#failure;
    }
  }

  run(task: TransformTask): Promise<TransformResult> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    if (this.#closing || this.#piscina === undefined)
      return Promise.reject(new DispatcherError('DEFECT', 'the pool is not running'));
    if (this.#queue.length >= PoolLimits.queuedTasksMax) {
      return Promise.reject(
        new DispatcherError('DEFECT', `more than ${PoolLimits.queuedTasksMax} tasks wait for a worker`),
      );
    }
    if (task.topics !== undefined) this.#topics.add(task.topics);
    return new Promise((resolve, reject) => {
      this.#queue.push({ task, resolve, reject });
      this.#pump();
    });
  }

  whereabouts(batchId: BatchId): Whereabouts | undefined {
    for (const [thread, { task }] of this.#running) {
      if (task.batchId !== batchId) continue;
      return { thread: thread.id, stillMs: thread.stalledMs, ...thread.suspects(task) };
    }
    return undefined;
  }

  signalStop(): void {
    this.#stop.set();
  }

  async close(deadlineMs: number): Promise<void> {
    const endAt = performance.now() + deadlineMs;
    const left = (): number => Math.max(0, endAt - performance.now());
    this.#beginClosing();
    await deadline(this.#idle(), left());
    const idle = [...this.#members].filter((thread) => thread.state === 'idle');
    // Idle workers run their teardown, however long the others took.
    await deadline(
      Promise.allSettled(idle.map((thread) => tearDownThread(this.#settings, thread, this.#send))),
      Math.max(left(), PoolLimits.graceMs),
    );
    this.#failQueue(new DispatcherError('DRAIN_CUT', 'the pool was closed before this task began'));
    await this.#destroy(Math.max(left(), PoolLimits.graceMs));
    const alive = [...this.#members].filter((thread) => !thread.hasEnded).length;
    if (alive > 0)
      throw new Error(
        `${alive} of ${this.threads} worker threads are blocked; the process ends without them`,
      );
  }

  get #members(): ReadonlySet<PoolThread> {
    return this.#piscina?.members ?? NOBODY;
  }

  #pump(): void {
    for (const thread of this.#members) {
      if (thread.state !== 'idle') continue;
      const job = this.#queue.nextFor(thread);
      if (job !== undefined) void this.#runJob(thread, job);
    }
    const isIdle = this.#queue.length === 0 && this.busy === 0;
    if (isIdle) this.#watch.letGo();
    else this.#watch.hold();
    if (isIdle) this.#onIdle();
  }

  async #runJob(thread: PoolThread, job: Job): Promise<void> {
    thread.beginTask(job.task);
    this.#running.set(thread, job);
    try {
      const message = {
        kind: 'task',
        task: thread.message(job.task, this.#topics, this.#settings.describePartition),
      } as const;
      const answer = await this.#send(thread, message);
      thread.endTask();
      if (answer.kind === 'result') job.resolve(this.#queue.answered(job, thread, answer.result));
      else job.reject(failureOf(answer, 'DEFECT'));
    } catch (error) {
      if (thread.state === 'dying' || this.#destroying) {
        await thread.exited;
        job.reject(thread.death(job.task));
      } else job.reject(failureOf(error, 'DEFECT'));
      thread.endTask();
    }
    this.#running.delete(thread);
    this.#pump();
  }

  readonly #send = (thread: PoolThread, message: WorkerMessage): Promise<WorkerAnswer> =>
    this.#piscina?.send(thread, message) ??
    Promise.reject(new DispatcherError('DEFECT', 'the pool is not running'));

  #load(thread: PoolThread): Promise<void> {
    return loadThread(this.#settings, thread, this.#compiled?.url(), this.#send);
  }

  async #loadReplacement(thread: PoolThread): Promise<void> {
    try {
      const { withinMs, late } = loadTimeout(this.#settings);
      await deadline(this.#load(thread), withinMs, late);
      this.#loadFailures = 0;
      this.#pump();
    } catch (error) {
      this.#loadFailures += 1;
      thread.state = 'dying';
      this.#settings.logger?.warn('a new worker could not load the transform', {
        attempt: this.#loadFailures,
        reason: failureOf(error, 'TRANSFORM_LOAD').message,
      });
      if (this.#loadFailures >= PoolLimits.loadFailuresMax) this.#fail(failureOf(error, 'TRANSFORM_LOAD'));
      // If it ended, Piscina replaces it. If it is alive, it is replaced here, after a pause that gives
      // services that `setup` needs time to recover.
      else if (!thread.hasEnded)
        setTimeout(
          () => void thread.worker.terminate(),
          PoolLimits.loadBackoffMs * this.#loadFailures,
        ).unref();
    }
  }

  #fail(failure: DispatcherError): void {
    this.#failure ??= failure;
    this.#failQueue(this.#failure);
  }

  #failQueue(failure: DispatcherError): void {
    for (const job of this.#queue.takeAll()) job.reject(failure);
  }

  #idle(): Promise<void> {
    return new Promise((resolve) => {
      this.#onIdle = resolve;
      this.#pump();
    });
  }

  #watchThread(thread: PoolThread, elapsedMs: number): void {
    const job = this.#running.get(thread);
    if (job === undefined) return;
    const limitMs = this.#settings.task.timeoutMs + PoolLimits.graceMs;
    if (thread.watch(elapsedMs, limitMs))
      this.#settings.logger?.warn('a worker is blocked: it is being ended, and a new one replaces it', {
        record: describeSuspects(thread, job.task, this.#settings.describePartition),
        blockedMs: thread.stalledMs,
      });
    const endingMsMax = this.#settings.endingMsMax ?? PoolLimits.endingMsMax;
    if ((thread.endingMs ?? 0) < endingMsMax) return;
    const failure = blockedError(thread, job.task, this.#settings.describePartition);
    thread.state = 'dying';
    this.#running.delete(thread);
    this.#fail(failure);
    job.reject(failure);
    this.#pump();
  }

  #beginClosing(): void {
    this.#closing = true;
    this.#piscina?.close();
  }

  async #destroy(withinMs: number): Promise<void> {
    this.#destroying = true;
    this.#watch.stop();
    await this.#piscina?.destroy(withinMs);
    await this.#compiled?.remove();
  }

  /** A function, because after an await the compiler would still assume the earlier value. */
  #isClosing(): boolean {
    return this.#closing;
  }
}

const NOBODY: ReadonlySet<PoolThread> = new Set();
