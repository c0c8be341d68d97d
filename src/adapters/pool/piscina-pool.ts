import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { DispatcherError } from '../../core/errors.js';
import type { TransformPool, TransformResult, TransformTask } from '../../ports/transform-pool.js';
import { StopCell } from '../../transform/context.js';
import { type CompiledTransform, compileTransform } from '../../transform/load/compile.js';
import { loadError } from '../../transform/load/loaded.js';
import type { WorkerAnswer, WorkerInit, WorkerMessage } from '../../transform/worker-session.js';
import { blockedError, describeSuspects } from './blocked.js';
import { JobQueue } from './job-queue.js';
import { type Job, PoolThread } from './pool-thread.js';
import { PoolLimits, type PoolSettings } from './settings.js';
import { TopicNews } from './topic-news.js';
import { deadline, failureOf, loadTimeout } from './waiting.js';

const WORKER_FILE = fileURLToPath(new URL('../../../workers/transform-worker.js', import.meta.url));

export function createPiscinaPool(settings: PoolSettings): TransformPool {
  return new PiscinaPool(settings);
}

/**
 * Piscina runs the threads, but this class decides which task goes to which thread: it must know a dead
 * worker's task, progress and blocks, and Piscina tells neither who ran a task nor when the thread has really
 * ended. Tasks wait here in one first-in-first-out queue.
 */
class PiscinaPool implements TransformPool {
  readonly threads: number;
  readonly #settings: PoolSettings;
  readonly #stop = new StopCell();
  readonly #queue = new JobQueue();
  readonly #members = new Set<PoolThread>();
  readonly #running = new Map<PoolThread, Job>();
  readonly #topics = new TopicNews();
  #piscina: Piscina | undefined;
  #compiled: CompiledTransform | undefined;
  /** The target of the message that is being passed to Piscina. */
  #sending: { readonly threadId: number; taken: boolean } | undefined;
  #watch: NodeJS.Timeout | undefined;
  #watchedAt = 0;
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
    this.#piscina = this.#createPiscina();
    const { withinMs, late } = loadTimeout(this.#settings);
    try {
      await deadline(Promise.all([...this.#members].map((thread) => this.#load(thread))), withinMs, late);
    } catch (error) {
      this.#failure = failureOf(error, 'TRANSFORM_LOAD');
      this.#closing = true;
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

  signalStop(): void {
    this.#stop.set();
  }

  async close(deadlineMs: number): Promise<void> {
    const endAt = performance.now() + deadlineMs;
    const left = (): number => Math.max(0, endAt - performance.now());
    this.#closing = true;
    await deadline(this.#idle(), left());
    const idle = [...this.#members].filter((thread) => thread.state === 'idle');
    // Idle workers run their teardown, however long the others took.
    await deadline(
      Promise.allSettled(idle.map((thread) => this.#teardown(thread))),
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

  #createPiscina(): Piscina {
    const { task, workerHeapMbMax } = this.#settings;
    const workerData: WorkerInit = { settings: task, stopCells: this.#stop.cells };
    const piscina = new Piscina({
      filename: WORKER_FILE,
      minThreads: this.threads,
      maxThreads: this.threads,
      concurrentTasksPerWorker: 1,
      stricterFIFO: true,
      // In `sync` mode a thread sleeps in Atomics.wait between tasks, so its timers, sockets and late
      // rejections do not run. A pass-through can do without them and saves a wake-up of the event loop; user
      // code may rely on them (keep-alives, caches refreshed by timers).
      atomics: task.transform === undefined ? 'sync' : 'disabled',
      recordTiming: false,
      resourceLimits: { maxOldGenerationSizeMb: workerHeapMbMax ?? PoolLimits.workerHeapMbMax },
      workerData,
      loadBalancer: (_task, workers) => {
        const found = workers.find((worker) => worker.id === this.#sending?.threadId);
        if (found !== undefined && this.#sending !== undefined) this.#sending.taken = true;
        return found ?? null;
      },
    });
    // Deaths are handled by each thread's own events; without a listener this event would end the process.
    piscina.on('error', () => undefined);
    // A microtask later, because Piscina announces a new thread just before it adds it to the available ones.
    piscina.on('workerCreate', (worker: { readonly id: number }) =>
      queueMicrotask(() => this.#admitReady(worker.id)),
    );
    for (const worker of piscina.threads)
      this.#members.add(new PoolThread(worker, false, (thread) => this.#ended(thread)));
    return piscina;
  }

  #pump(): void {
    for (const thread of this.#members) {
      if (thread.state !== 'idle') continue;
      const job = this.#queue.nextFor(thread);
      if (job !== undefined) void this.#runJob(thread, job);
    }
    const isIdle = this.#queue.length === 0 && this.busy === 0;
    // Piscina's threads do not keep the process alive, least of all while one is being replaced, but a
    // waiting task must.
    if (isIdle) this.#watch?.unref();
    else this.#startWatch();
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

  #send(thread: PoolThread, message: WorkerMessage): Promise<WorkerAnswer> {
    const piscina = this.#piscina;
    if (piscina === undefined)
      return Promise.reject(new DispatcherError('DEFECT', 'the pool is not running'));
    // `run` asks the balancer before it returns, so the target belongs to this very message.
    const sending: { readonly threadId: number; taken: boolean } = { threadId: thread.id, taken: false };
    this.#sending = sending;
    const answer = piscina.run(message) as Promise<WorkerAnswer>;
    this.#sending = undefined;
    if (sending.taken) return answer;
    // The message is now in Piscina's own queue, ahead of all later ones, so nothing can be sent any more.
    answer.catch(() => undefined);
    const failure = new DispatcherError('DEFECT', `worker thread ${thread.id} took no task`);
    this.#fail(failure);
    return Promise.reject(failure);
  }

  async #load(thread: PoolThread): Promise<void> {
    thread.state = 'loading';
    let answer: WorkerAnswer;
    try {
      answer = await this.#send(thread, { kind: 'load', url: this.#compiled?.url() });
    } catch (error) {
      const path = this.#settings.task.transform?.path ?? 'the worker';
      throw loadError(
        path,
        `the worker thread ended while it loaded the transform: ` +
          `${failureOf(error, 'TRANSFORM_LOAD').message}`,
        'check what its top level and its setup do',
        error,
      );
    }
    if (answer.kind === 'failed') throw failureOf(answer, 'TRANSFORM_LOAD');
    thread.endLoad();
  }

  async #teardown(thread: PoolThread): Promise<void> {
    const answer = await this.#send(thread, { kind: 'teardown' });
    if (answer.kind === 'failed')
      this.#settings.logger?.warn('teardown of the transform failed', { reason: answer.message });
    if (answer.kind === 'done')
      for (const { level, message, fields } of answer.logs ?? [])
        this.#settings.logger?.[level](message, fields);
  }

  /** A thread has failed or ended. Piscina has begun its replacement, unless it gave up. */
  #ended(thread: PoolThread): void {
    if (!thread.hasEnded || !this.#members.delete(thread) || this.#closing) return;
    this.#adoptReplacements();
    if (this.#members.size < this.threads)
      this.#fail(
        new DispatcherError('DEFECT', 'a worker thread ended before it was ready, and was not replaced'),
      );
  }

  #adoptReplacements(): void {
    const known = new Set([...this.#members].map((thread) => thread.worker));
    for (const worker of this.#piscina?.threads ?? []) {
      if (!known.has(worker))
        this.#members.add(new PoolThread(worker, true, (thread) => this.#ended(thread)));
    }
  }

  /** Piscina reports that a replacement is ready for messages. */
  #admitReady(threadId: number): void {
    if (this.#closing) return;
    this.#adoptReplacements();
    for (const thread of this.#members)
      if (thread.id === threadId && thread.state === 'starting' && thread.isReplacement)
        void this.#loadReplacement(thread);
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

  #startWatch(): void {
    if (this.#watch !== undefined) {
      this.#watch.ref();
      return;
    }
    this.#watchedAt = performance.now();
    this.#watch = setInterval(() => {
      const now = performance.now();
      // A blocked main thread has not read answers either: such a gap counts as one interval.
      const elapsedMs = Math.min(now - this.#watchedAt, 2 * PoolLimits.watchIntervalMs);
      this.#watchedAt = now;
      for (const thread of this.#members) this.#watchThread(thread, elapsedMs);
    }, PoolLimits.watchIntervalMs);
  }

  #watchThread(thread: PoolThread, elapsedMs: number): void {
    const job = this.#running.get(thread);
    if (job === undefined) return;
    const limitMs = this.#settings.task.timeoutMs + PoolLimits.graceMs;
    if (thread.watch(elapsedMs, limitMs))
      this.#settings.logger?.warn('a worker is blocked: it is ended, and a new one replaces it', {
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

  async #destroy(withinMs: number): Promise<void> {
    this.#destroying = true;
    clearInterval(this.#watch);
    const ended = Promise.all([...this.#members].map((thread) => thread.exited));
    // Resolves when all threads have ended. A thread inside native code does not end, and must not keep the
    // process.
    await deadline(Promise.all([this.#piscina?.destroy(), ended]), withinMs);
    await this.#compiled?.remove();
  }

  /** A function, because after an await the compiler would still assume the earlier value. */
  #isClosing(): boolean {
    return this.#closing;
  }
}
