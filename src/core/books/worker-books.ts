import { type LatencyDistribution, LatencyHistogram } from './latency-histogram.js';

export const GC_KINDS = ['minor', 'major', 'incremental', 'weakcb'] as const;
export type GcKind = (typeof GC_KINDS)[number];

export interface GcTotal {
  readonly collections: number;
  readonly ms: number;
}

/** What the thread of a worker did for a task, and since its answer before. */
export interface ThreadUse {
  /** From the arrival of the task to its answer, waiting included. */
  readonly tookMs: number;
  /** How long its event loop ran code; undefined: the thread sleeps without one between its tasks. */
  readonly loopActiveMs?: number;
  readonly gc?: Readonly<Partial<Record<GcKind, GcTotal>>>;
}

export interface WorkersSnapshot {
  /** Rows that were given to workers; a row that ran again counts again. */
  readonly records: number;
  /** The time that workers spent on each task, in their own clocks. */
  readonly tasks: LatencyDistribution;
  /** Of all worker threads together. */
  readonly loopActiveMs: number;
  readonly gcBy: Readonly<Record<GcKind, GcTotal>>;
  /** Worker threads that died, by the code of the death. */
  readonly deathsBy: Readonly<Record<string, number>>;
}

/** What the worker threads did over a run. */
export class WorkerBooks {
  readonly #tasks = new LatencyHistogram();
  readonly #deaths = new Map<string, number>();
  readonly #gc: Record<GcKind, GcTotal> = noGc();
  #records = 0;
  #loopActiveMs = 0;

  worked(records: number, { tookMs, loopActiveMs = 0, gc = {} }: ThreadUse): void {
    this.#records += records;
    this.#tasks.record(tookMs, 1);
    this.#loopActiveMs += loopActiveMs;
    for (const kind of GC_KINDS) {
      const more = gc[kind];
      if (more !== undefined) this.#gc[kind] = sum(this.#gc[kind], more);
    }
  }

  /** `code`: one of the pool's few. */
  died(code: string): void {
    this.#deaths.set(code, (this.#deaths.get(code) ?? 0) + 1);
  }

  snapshot(): WorkersSnapshot {
    return {
      records: this.#records,
      tasks: this.#tasks.distribution(),
      loopActiveMs: this.#loopActiveMs,
      gcBy: { ...this.#gc },
      deathsBy: Object.fromEntries(this.#deaths),
    };
  }
}

function sum(a: GcTotal, b: GcTotal): GcTotal {
  return { collections: a.collections + b.collections, ms: a.ms + b.ms };
}

function noGc(): Record<GcKind, GcTotal> {
  const none = { collections: 0, ms: 0 };
  return { minor: none, major: none, incremental: none, weakcb: none };
}
