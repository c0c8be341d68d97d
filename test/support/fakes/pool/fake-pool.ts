import { DispatcherError } from '../../../../src/core/errors.js';
import type {
  TransformPool,
  TransformResult,
  TransformTask,
  WorkerDeath,
} from '../../../../src/ports/transform-pool.js';
import type { BlockHolders } from '../block-holders.js';
import type { FateOf } from '../log.js';
import type { Random } from '../random.js';
import type { VirtualClock } from '../virtual-clock.js';
import { FakeWork, type WorkSettings } from './fake-work.js';

export interface FakePoolSettings extends WorkSettings {
  readonly threads: number;
  readonly latencyMaxMs: number;
  /** The fraction of tasks that take `slowMs`. */
  readonly slowChance: number;
  readonly slowMs: number;
  /** From this task on a worker blocks forever, and its thread can't be ended. */
  readonly blockedFromTask?: number | undefined;
}

interface Waiting {
  readonly task: TransformTask;
  readonly resolve: (result: TransformResult) => void;
  readonly reject: (death: WorkerDeath | DispatcherError) => void;
}

const WORK_MS_MAX = 40;
/** How long the pool waits for a blocked worker before it gives up. */
const GIVE_UP_MS = 5000;

/** A queue of tasks, and workers that are done with them after a random time. */
export class FakePool implements TransformPool {
  readonly threads: number;
  private readonly world: { clock: VirtualClock; random: Random; holders: BlockHolders };
  private readonly settings: FakePoolSettings;
  private readonly work: FakeWork;
  private readonly queue: Waiting[] = [];
  /** The topics that each idle worker knows by name; this knowledge is lost when the worker dies. */
  private readonly idle: Map<string, number>[] = [];
  private closed = false;
  private tasksBegun = 0;
  private failure: DispatcherError | undefined;
  private blocked = false;
  busy = 0;

  constructor(
    world: { clock: VirtualClock; random: Random; holders: BlockHolders },
    settings: FakePoolSettings,
    fateOf: FateOf,
  ) {
    this.world = world;
    this.settings = settings;
    this.threads = settings.threads;
    this.work = new FakeWork(world.random, settings, fateOf);
    for (let n = 0; n < settings.threads; n += 1) this.idle.push(new Map());
  }

  start(): Promise<void> {
    return new Promise((resolve) => this.world.clock.after(this.world.random.int(20), resolve));
  }

  run(task: TransformTask): Promise<TransformResult> {
    if (this.failure !== undefined) return Promise.reject(this.failure);
    const { holders } = this.world;
    holders.mustBeFree(task.output, 'the output of a task');
    holders.mustBeFree(task.input, 'the input of a task', ['worker', 'writer']);
    holders.hold(task.output, 'worker');
    holders.hold(task.input, 'worker');
    return new Promise((resolve, reject) => {
      this.queue.push({ task, resolve, reject });
      this.next();
    });
  }

  signalStop(): void {}

  close(): Promise<void> {
    this.closed = true;
    return new Promise((resolve, reject) =>
      this.world.clock.after(this.world.random.int(20), () =>
        this.blocked ? reject(new Error('a worker did not end')) : resolve(),
      ),
    );
  }

  private next(): void {
    if (this.idle.length === 0) return;
    const waiting = this.queue.shift();
    if (waiting === undefined) return;
    const topics =
      this.idle.splice(this.world.random.int(this.idle.length), 1)[0] ?? new Map<string, number>();
    this.busy += 1;
    const { random, clock } = this.world;
    this.tasksBegun += 1;
    if (this.tasksBegun === this.settings.blockedFromTask) {
      this.blocked = true;
      clock.after(GIVE_UP_MS, () => this.giveUp(waiting));
      return;
    }
    const ms = random.chance(this.settings.slowChance)
      ? this.settings.slowMs
      : random.int(this.settings.latencyMaxMs + 1);
    clock.after(ms, () => this.finish(waiting, topics));
  }

  /** The blocked thread no longer holds the blocks: it never touches them again. */
  private giveUp(waiting: Waiting): void {
    if (this.closed) return;
    this.failure = new DispatcherError('WORKER_BLOCKED', 'planted');
    this.busy -= 1;
    for (const { task, reject } of [waiting, ...this.queue.splice(0)]) {
      this.world.holders.release(task.output, 'worker');
      this.world.holders.release(task.input, 'worker');
      reject(this.failure);
    }
  }

  private finish(waiting: Waiting, topics: Map<string, number>): void {
    if (this.closed) return;
    const { task } = waiting;
    for (const topic of task.topics ?? []) topics.set(topic.name, topic.number);
    const answer = this.work.on(task, topics);
    this.world.holders.release(task.output, 'worker');
    this.world.holders.release(task.input, 'worker');
    this.busy -= 1;
    const died = 'kind' in answer;
    this.idle.push(died ? new Map<string, number>() : topics);
    if (died) waiting.reject(answer);
    else waiting.resolve({ ...answer, workMs: this.world.random.int(WORK_MS_MAX) });
    this.next();
  }
}
