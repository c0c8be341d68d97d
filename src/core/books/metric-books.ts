/** The counters and observations of transforms over a run. A task that runs again is counted again. */

/**
 * At most this many distinct series per run; values for further ones are dropped, and the drops are counted.
 */
const SERIES_MAX = 1000;

export interface MetricEntry {
  readonly kind: 'count' | 'observe';
  readonly name: string;
  /** Observed several times: the sum. */
  readonly value: number;
  readonly labels?: Readonly<Record<string, string>>;
  /** Of values that a worker observed together; without it, it is one value. */
  readonly observed?: { readonly times: number; readonly min: number; readonly max: number };
}

interface Named {
  readonly name: string;
  readonly labels?: Readonly<Record<string, string>>;
}

/** The sum of a counter, or the statistics of an observed value. */
export type Metric =
  | (Named & { readonly kind: 'count'; readonly value: number })
  | (Named & {
      readonly kind: 'observe';
      readonly observations: number;
      readonly sum: number;
      readonly min: number;
      readonly max: number;
    });

interface Series {
  readonly entry: MetricEntry;
  times: number;
  sum: number;
  min: number;
  max: number;
}

export class MetricBooks {
  readonly #series = new Map<string, Series>();
  #leftOut = 0;

  add(entry: MetricEntry): void {
    const { kind, name, value, labels } = entry;
    const { times, min, max } = entry.observed ?? { times: 1, min: value, max: value };
    const key = JSON.stringify([kind, name, labels]);
    const series = this.#series.get(key);
    if (series !== undefined) {
      series.times += times;
      series.sum += value;
      series.min = Math.min(series.min, min);
      series.max = Math.max(series.max, max);
    } else if (this.#series.size >= SERIES_MAX) this.#leftOut += 1;
    else this.#series.set(key, { entry, times, sum: value, min, max });
  }

  /** Values that were dropped because there were too many series. */
  get leftOut(): number {
    return this.#leftOut;
  }

  snapshot(): readonly Metric[] {
    return [...this.#series.values()].map(({ entry: { kind, name, labels }, times, sum, min, max }) => {
      const named = labels === undefined ? { name } : { name, labels };
      return kind === 'count'
        ? { kind, ...named, value: sum }
        : { kind, ...named, observations: times, sum, min, max };
    });
  }
}
