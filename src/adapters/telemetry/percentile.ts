/** The records up to a bound, as in a histogram of Prometheus: those of the buckets below are among them. */
export interface Bucket {
  readonly upTo: number;
  readonly count: number;
}

/**
 * The value below which `share` of the records lie that came between two looks, by a straight line within
 * the bucket, as Prometheus does it. Undefined: there were none.
 */
export function percentile(
  now: readonly Bucket[],
  before: readonly Bucket[] | undefined,
  share: number,
): number | undefined {
  const counts = now.map(({ count }, index) => count - (before?.[index]?.count ?? 0));
  const target = (counts.at(-1) ?? 0) * share;
  if (target <= 0) return undefined;
  const index = counts.findIndex((count) => count >= target);
  const below = counts[index - 1] ?? 0;
  const from = now[index - 1]?.upTo ?? 0;
  const upTo = now[index]?.upTo ?? from;
  if (!Number.isFinite(upTo)) return from;
  return from + (upTo - from) * ((target - below) / ((counts[index] ?? 0) - below));
}
