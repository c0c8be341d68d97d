import type { PartitionId, Segment } from '../../core/batch.js';
import { type OffsetRange, outside } from '../../core/offset-ranges.js';
import type { InFlightBatch } from '../in-flight-batch.js';

/**
 * The rows of settled segments that are counted now. A rewind goes back to the first unsettled record, which
 * keeps the order. Records behind it that were settled and counted before are read and written again.
 */
export function uncounted(
  batch: Pick<InFlightBatch, 'rowOf' | 'offsetOf'>,
  live: readonly Segment[],
  countedOf: (id: PartitionId) => readonly OffsetRange[],
): readonly Segment[] {
  if (live.every(({ partitionId }) => countedOf(partitionId).length === 0)) return live;
  return live.flatMap((segment) => {
    const { partitionId, firstOffset, lastOffset } = segment;
    return outside(countedOf(partitionId), firstOffset, lastOffset + 1).flatMap(([from, to]) => {
      const firstRow = rowFrom(batch, segment, from);
      const rowCount = rowFrom(batch, segment, to) - firstRow;
      return rowCount > 0 ? [{ ...segment, firstRow, rowCount }] : [];
    });
  });
}

/** The first row at or after the offset; the row after the last one if there is none. */
function rowFrom(batch: Pick<InFlightBatch, 'rowOf' | 'offsetOf'>, segment: Segment, offset: number): number {
  const row = batch.rowOf(segment, offset);
  return batch.offsetOf(row) < offset ? row + 1 : row;
}
