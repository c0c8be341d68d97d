/** Whether memory, files and threads stayed what they were. */
import { median } from '../stats.js';
import type { Sample } from './samples.js';

/** Connections to brokers come and go, and a scrape has one of its own. */
const FILES_MORE_MAX = 3;
const THREADS_MORE_MAX = 1;
/** In a shorter run the heap is still finding its size. */
export const JUDGED_HOURS_MIN = 1;

export interface Finding {
  readonly what: string;
  readonly ok: boolean;
}

interface Bounds {
  readonly hours: number;
  readonly rssMibPerHourMax: number;
}

export function findingsOf(
  samples: readonly Sample[],
  { hours, rssMibPerHourMax }: Bounds,
): readonly Finding[] {
  const slope = slopePerHour(
    samples.slice(Math.floor(samples.length / 2)).map(({ seconds, rssMib }) => [seconds, rssMib]),
  );
  const isJudged = hours >= JUDGED_HOURS_MIN;
  const bound = isJudged ? `at most ${rssMibPerHourMax}` : 'not judged: the run is too short';
  return [
    {
      what: `memory over the last half: ${slope.toFixed(1)} MiB per hour (${bound})`,
      ok: !isJudged || slope <= rssMibPerHourMax,
    },
    constant(samples, 'files', FILES_MORE_MAX),
    constant(samples, 'threads', THREADS_MORE_MAX),
    constant(samples, 'handles', FILES_MORE_MAX),
  ];
}

/** The median of the last quarter beside that of the second one: a reload doubles some for a moment. */
function constant(
  samples: readonly Sample[],
  name: 'files' | 'threads' | 'handles',
  moreMax: number,
): Finding {
  const quarter = Math.floor(samples.length / 4);
  const of = (part: readonly Sample[]): number => median(part.map((sample) => sample[name]));
  const [before, after] = [of(samples.slice(quarter, 2 * quarter)), of(samples.slice(3 * quarter))];
  return { what: `${name}: ${before} → ${after} (at most ${moreMax} more)`, ok: after - before <= moreMax };
}

/** The slope of the line with the least squares; seconds → value. */
export function slopePerHour(points: readonly (readonly [seconds: number, value: number])[]): number {
  const mean = (at: 0 | 1): number => points.reduce((sum, point) => sum + point[at], 0) / points.length;
  const [meanSeconds, meanValue] = [mean(0), mean(1)];
  let [above, below] = [0, 0];
  for (const [seconds, value] of points) {
    above += (seconds - meanSeconds) * (value - meanValue);
    below += (seconds - meanSeconds) ** 2;
  }
  return below === 0 ? 0 : (above / below) * 3_600;
}
