import type { Rejection, WorkerDeath } from '../../ports/transform-pool.js';
import { Limits } from '../settings.js';

/** Rows of a batch that are run together. */
export interface Range {
  readonly first: number;
  readonly count: number;
  readonly rejectWith?: Rejection;
  readonly blamelessDeaths?: number;
}

/** Rows that become dead letters. */
export interface RejectedRange {
  readonly first: number;
  readonly count: number;
  readonly rejectWith: Rejection;
  /** Only these rows of the range, in rising order. */
  readonly rows?: readonly number[];
}

/** The pieces to run next, in row order. */
export function cutAroundSuspects(range: Range, death: WorkerDeath): Range[] {
  const end = range.first + range.count;
  if (range.rejectWith !== undefined)
    return [{ ...range, blamelessDeaths: (range.blamelessDeaths ?? 0) + 1 }];
  const blameless = death.suspectRowCount === 0;
  if (blameless && (range.blamelessDeaths ?? 0) < Limits.blamelessDeathsMax)
    return [{ ...range, blamelessDeaths: (range.blamelessDeaths ?? 0) + 1 }];
  if (range.count === 1)
    return [{ ...range, rejectWith: { code: death.code, message: death.message, stage: 'worker' } }];
  const from = Math.max(range.first, blameless ? range.first : death.suspectFirstRow);
  const to = Math.min(end, blameless ? end : death.suspectFirstRow + death.suspectRowCount);
  if (from >= to || to - from === range.count) {
    return halves(range).map((piece) =>
      blameless ? { ...piece, blamelessDeaths: blamelessDeathsBefore(piece.count) } : piece,
    );
  }
  return [
    { first: range.first, count: from - range.first },
    { first: from, count: to - from },
    { first: to, count: end - to },
  ].filter((piece) => piece.count > 0);
}

/** Separates the first row, to be rejected. Ranges are popped from the end, so it comes last. */
export function firstRejected(range: Range, rejectWith: Rejection): Range[] {
  const first = { ...range, count: 1, rejectWith };
  return range.count === 1 ? [first] : [{ ...range, first: range.first + 1, count: range.count - 1 }, first];
}

export function halves({ first, count }: Range): Range[] {
  const half = Math.ceil(count / 2);
  return [
    { first, count: half },
    { first: first + half, count: count - half },
  ];
}

/**
 * A late exception may come from an earlier record, so a single record gets one more attempt before it is
 * blamed; larger pieces are cut immediately.
 */
function blamelessDeathsBefore(rows: number): number {
  return rows === 1 ? Limits.blamelessDeathsMax - 1 : Limits.blamelessDeathsMax;
}
