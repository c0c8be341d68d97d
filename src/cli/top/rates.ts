/** How fast a job moves, from two looks at its counters. */
import type { JobStatus } from '../../app/running/job-status.js';

/** Per second. */
export interface Rates {
  readonly in: number;
  readonly out: number;
  readonly dead: number;
  readonly filtered: number;
  readonly bytesIn: number;
  readonly bytesOut: number;
}

type Counters = Pick<JobStatus, 'startedAt' | 'elapsedSeconds' | 'records' | 'bytes'>;

/**
 * Undefined: not known yet, or the job has started again in between. The time is the job's own, so a slow
 * answer does not look like a slow job.
 */
export function ratesBetween(before: Counters | undefined, now: Counters): Rates | undefined {
  if (before === undefined || before.startedAt !== now.startedAt) return undefined;
  const seconds = now.elapsedSeconds - before.elapsedSeconds;
  if (seconds <= 0) return undefined;
  const perSecond = (earlier: number, later: number): number => Math.max(0, later - earlier) / seconds;
  const [a, b] = [before.records, now.records];
  return {
    in: perSecond(a.consumed, b.consumed),
    out: perSecond(a.emitted, b.emitted),
    dead: perSecond(a.deadLettered, b.deadLettered),
    filtered: perSecond(a.filtered, b.filtered),
    bytesIn: perSecond(before.bytes.in, now.bytes.in),
    bytesOut: perSecond(before.bytes.out, now.bytes.out),
  };
}

/** Remembers the last look at each pipeline. */
export class RateWatch {
  #last = new Map<string, Counters>();

  see(pipelines: readonly JobStatus[]): readonly (Rates | undefined)[] {
    const rates = pipelines.map((one) => ratesBetween(this.#last.get(one.name), one));
    this.#last = new Map(pipelines.map((one) => [one.name, one]));
    return rates;
  }
}
