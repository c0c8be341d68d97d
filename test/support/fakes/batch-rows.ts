import type { Segment } from '../../../src/core/batch.js';
import type { TransformTask } from '../../../src/ports/transform-pool.js';
import { INPUT_ROW_BYTES, InputHeader } from '../../../src/wire/layout.js';
import { int32ViewOf, readInt64 } from '../../../src/wire/views.js';
import type { Fate, FateOf } from './log.js';

/**
 * Reads the offsets from the block, as a worker would: a block overwritten in the meantime shows other
 * records.
 */
export function fatesOf(task: TransformTask, fateOf: FateOf): Fate[] {
  const fates: Fate[] = [];
  for (let row = task.firstRow; row < task.firstRow + task.rowCount; row += 1) {
    const segment = segmentOf(task.segments, row);
    fates.push(fateOf(segment.partitionId, segment.epoch, offsetOfRow(task.input.bytes, row)));
  }
  return fates;
}

export function segmentOf(segments: readonly Segment[], row: number): Segment {
  const segment = segments.find(({ firstRow, rowCount }) => row >= firstRow && row < firstRow + rowCount);
  if (segment === undefined) throw new Error(`row ${row} is in no segment`);
  return segment;
}

export function offsetOfRow(input: Uint8Array, row: number): number {
  const cells = int32ViewOf(input);
  const rows = cells[InputHeader.rowsPosition >> 2] ?? 0;
  return readInt64(cells, (rows + row * INPUT_ROW_BYTES) >> 2);
}
