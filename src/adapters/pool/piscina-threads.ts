/**
 * The threads that Piscina runs. The caller decides which message goes to which thread. Piscina replaces
 * threads that end, but reports neither who ran a task nor when a thread has really ended.
 */
import { fileURLToPath } from 'node:url';
import { Piscina } from 'piscina';
import { DispatcherError } from '../../core/errors.js';
import type { StopCell } from '../../transform/context.js';
import type { WorkerAnswer, WorkerInit, WorkerMessage } from '../../transform/worker-session.js';
import { PoolThread } from './pool-thread.js';
import { PoolLimits, type PoolSettings } from './settings.js';
import { deadline } from './waiting.js';

const MIB = 1_048_576;
const WORKER_FILE = fileURLToPath(new URL('../../../workers/transform-worker.js', import.meta.url));

export interface ThreadsEvents {
  /** A replacement that can be sent messages. */
  ready(thread: PoolThread): void;
  /** Nothing can be sent any more. */
  failed(failure: DispatcherError): void;
}

export class PiscinaThreads {
  readonly members = new Set<PoolThread>();
  readonly #count: number;
  readonly #events: ThreadsEvents;
  readonly #piscina: Piscina;
  /** The target of the message that is being passed to Piscina. */
  #sending: { readonly threadId: number; taken: boolean } | undefined;
  #closing = false;

  constructor(settings: PoolSettings, stop: StopCell, events: ThreadsEvents) {
    this.#count = settings.threads;
    this.#events = events;
    this.#piscina = this.#create(settings, stop);
    for (const worker of this.#piscina.threads) this.#add(worker, false);
  }

  send(thread: PoolThread, message: WorkerMessage): Promise<WorkerAnswer> {
    // `run` asks the balancer before it returns, so the target belongs to this very message.
    const sending: { readonly threadId: number; taken: boolean } = { threadId: thread.id, taken: false };
    this.#sending = sending;
    const answer = this.#piscina.run(message) as Promise<WorkerAnswer>;
    this.#sending = undefined;
    if (sending.taken) return answer;
    // The message is now in Piscina's own queue, ahead of all later ones, so nothing can be sent any more.
    answer.catch(() => undefined);
    const failure = new DispatcherError('DEFECT', `worker thread ${thread.id} took no task`);
    this.#events.failed(failure);
    return Promise.reject(failure);
  }

  /** From now on, threads are expected to end. */
  close(): void {
    this.#closing = true;
  }

  /**
   * Resolves when all threads have ended. A thread inside native code does not end, and must not keep the
   * process alive.
   */
  async destroy(withinMs: number): Promise<void> {
    this.#closing = true;
    const ended = Promise.all([...this.members].map((thread) => thread.exited));
    await deadline(Promise.all([this.#piscina.destroy(), ended]), withinMs);
  }

  #create({ task, workerHeapBytes, youngBytes }: PoolSettings, stop: StopCell): Piscina {
    const workerData: WorkerInit = { settings: task, stopCells: stop.cells };
    const piscina = new Piscina({
      filename: WORKER_FILE,
      minThreads: this.#count,
      maxThreads: this.#count,
      concurrentTasksPerWorker: 1,
      stricterFIFO: true,
      // In `sync` mode a thread sleeps in Atomics.wait between tasks, so its timers, sockets and late
      // rejections do not run. A pass-through can do without them and saves a wake-up of the event loop; user
      // code may rely on them (keep-alives, caches refreshed by timers).
      atomics: task.transform === undefined ? 'sync' : 'disabled',
      recordTiming: false,
      resourceLimits: {
        maxOldGenerationSizeMb: (workerHeapBytes ?? PoolLimits.workerHeapBytes) / MIB,
        ...(youngBytes === undefined ? {} : { maxYoungGenerationSizeMb: youngBytes / MIB }),
      },
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
    return piscina;
  }

  #add(worker: Piscina['threads'][number], isReplacement: boolean): void {
    this.members.add(new PoolThread(worker, isReplacement, (thread) => this.#ended(thread)));
  }

  /** A thread has failed or ended. Piscina is starting its replacement, unless it gave up. */
  #ended(thread: PoolThread): void {
    if (!thread.hasEnded || !this.members.delete(thread) || this.#closing) return;
    this.#adoptReplacements();
    if (this.members.size < this.#count)
      this.#events.failed(
        new DispatcherError('DEFECT', 'a worker thread ended before it was ready, and was not replaced'),
      );
  }

  #adoptReplacements(): void {
    const known = new Set([...this.members].map((thread) => thread.worker));
    for (const worker of this.#piscina.threads) if (!known.has(worker)) this.#add(worker, true);
  }

  /** Piscina reports that a replacement is ready for messages. */
  #admitReady(threadId: number): void {
    if (this.#closing) return;
    this.#adoptReplacements();
    for (const thread of this.members)
      if (thread.id === threadId && thread.state === 'starting' && thread.isReplacement)
        this.#events.ready(thread);
  }
}
