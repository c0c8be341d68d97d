/** Which of several pieces that overlap count once. */
import type { InputPiece } from './lines.js';

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
