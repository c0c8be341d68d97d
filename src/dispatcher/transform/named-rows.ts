import type { Rejection } from '../../ports/transform-pool.js';
import type { InFlightBatch } from '../in-flight-batch.js';
import type { RunState } from '../run-state.js';
import type { NamedRecord } from '../settlement/named-records.js';
import type { Range } from './ranges.js';

/** The batch ends before this row, once all rows before it are answered. */
export interface Stop {
  readonly row: number;
  readonly reason: Rejection;
}

/**
 * Records that a broker has named before are rejected without another attempt; one whose dead letter was
 * refused ends the batch before it.
 */
export function cutAroundNamed(
  state: RunState,
  batch: InFlightBatch,
  range: Range,
): { readonly ranges: readonly Range[]; readonly stop?: Stop } {
  const ranges: Range[] = [];
  let next = range.first;
  for (const { row, named } of namedRows(state, batch, range)) {
    const last = ranges.at(-1);
    if (row > next) ranges.push({ first: next, count: row - next });
    if (named.deadLetter) return { ranges, stop: { row, reason: named.rejection } };
    // Adjacent rows named with the same words are rejected together.
    if (row === next && last?.rejectWith?.message === named.rejection.message)
      ranges[ranges.length - 1] = { ...last, count: last.count + 1 };
    else ranges.push({ first: row, count: 1, rejectWith: named.rejection });
    next = row + 1;
  }
  const end = range.first + range.count;
  if (end > next) ranges.push({ first: next, count: end - next });
  return { ranges };
}

/** The records of a range that a broker has named, in row order. */
function namedRows(
  state: RunState,
  batch: InFlightBatch,
  range: Range,
): { readonly row: number; readonly named: NamedRecord }[] {
  return batch.input.segments.flatMap((segment) =>
    state.named
      .within(segment.partitionId, segment.firstOffset, segment.lastOffset)
      .map((named) => ({ row: batch.rowOf(segment, named.offset), named }))
      .filter(({ row, named }) => batch.offsetOf(row) === named.offset)
      .filter(({ row }) => row >= range.first && row < range.first + range.count),
  );
}
