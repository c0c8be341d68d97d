/** Ranges of offsets: their union, what lies outside, and which of several that overlap count once. */
import type { InputPiece, OffsetRange } from './lines.js';

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

/** The parts of `[from, to)` outside of these ranges, which are sorted and disjoint. */
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

/**
 * How many results the pieces of one partition have if each record counts once. Where pieces overlap (a range
 * was settled again after a crash), those are chosen that cover the same offsets with the fewest results.
 */
export function outputsOnce(pieces: readonly InputPiece[]): number {
  const sorted = [...pieces].sort(([a], [b]) => a - b);
  let outputs = 0;
  let island: InputPiece[] = [];
  let end = -1;
  for (const piece of sorted) {
    if (piece[0] >= end) {
      outputs += cheapestCover(island);
      island = [];
    }
    island.push(piece);
    end = Math.max(end, piece[1]);
  }
  return outputs + cheapestCover(island);
}

interface Cover {
  readonly end: number;
  readonly cost: number;
}

/** Of pieces without a hole in between, by their beginnings. */
function cheapestCover(island: readonly InputPiece[]): number {
  const [first] = island;
  if (first === undefined || island.length === 1) return first?.[3] ?? 0;
  // Ends and costs both rise: a cover that reaches further for no more replaces those before it.
  const covers: Cover[] = [{ end: first[0], cost: 0 }];
  for (const [from, to, , outputs] of [...island].sort(([, a], [, b]) => a - b)) {
    const before = reaching(covers, from);
    if (before === undefined) continue;
    const cost = before.cost + outputs;
    while ((covers.at(-1)?.cost ?? -1) >= cost) covers.pop();
    if (covers.at(-1)?.end !== to) covers.push({ end: to, cost });
  }
  return covers.at(-1)?.cost ?? 0;
}

function reaching(covers: readonly Cover[], offset: number): Cover | undefined {
  let low = 0;
  let high = covers.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((covers[middle]?.end ?? 0) < offset) low = middle + 1;
    else high = middle;
  }
  return covers[low];
}
