/** Offsets `[from, to)`; ranges of them are united, or taken out of others, here. */
export type OffsetRange = readonly [from: number, to: number];

/** Sorted and disjoint; ranges that touch become one. */
export function union(ranges: readonly OffsetRange[]): readonly OffsetRange[] {
  const sorted = [...ranges].sort(([a], [b]) => a - b);
  const merged: [number, number][] = [];
  for (const [from, to] of sorted) {
    const last = merged.at(-1);
    if (last !== undefined && from <= last[1]) last[1] = Math.max(last[1], to);
    else merged.push([from, to]);
  }
  return merged;
}

/** The parts of `[from, to)` outside these ranges, which are sorted and disjoint. */
export function outside(covered: readonly OffsetRange[], from: number, to: number): readonly OffsetRange[] {
  const gaps: OffsetRange[] = [];
  let at = from;
  for (let index = firstEndingAfter(covered, from); index < covered.length; index++) {
    const [start = to, end = to] = covered[index] ?? [];
    if (start >= to) break;
    if (start > at) gaps.push([at, start]);
    at = Math.max(at, end);
  }
  if (at < to) gaps.push([at, to]);
  return gaps;
}

/** Index of the first range that ends after the offset. */
export function firstEndingAfter(sorted: readonly OffsetRange[], offset: number): number {
  let low = 0;
  let high = sorted.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((sorted[middle]?.[1] ?? 0) <= offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
