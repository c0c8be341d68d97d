import { type LatencyDistribution, LatencyHistogram } from './latency-histogram.js';

export interface WorkersSnapshot {
  /** Rows that were given to workers; a row that ran again counts again. */
  readonly records: number;
  /** The time that workers spent on each task, in their own clocks. */
  readonly tasks: LatencyDistribution;
  /** Worker threads that died, by the code of the death. */
  readonly deathsBy: Readonly<Record<string, number>>;
}

/** What the worker threads did over a run. */
export class WorkerBooks {
  readonly #tasks = new LatencyHistogram();
  readonly #deaths = new Map<string, number>();
  #records = 0;

  worked(records: number, workMs: number): void {
    this.#records += records;
    this.#tasks.record(workMs, 1);
  }

  /** `code`: one of the pool's few. */
  died(code: string): void {
    this.#deaths.set(code, (this.#deaths.get(code) ?? 0) + 1);
  }

  snapshot(): WorkersSnapshot {
    return {
      records: this.#records,
      tasks: this.#tasks.distribution(),
      deathsBy: Object.fromEntries(this.#deaths),
    };
  }
}
