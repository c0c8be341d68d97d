import { InputHeader, SEGMENT_BYTES, SegmentField, SegmentKind } from '../../src/wire/layout.js';
import { bufferViewOf, int32ViewOf, writeInt64 } from '../../src/wire/views.js';

export interface InputFault {
  readonly partitionId: number;
  readonly epoch: number;
  /** The next offset that would have been read. */
  readonly offset: number;
  readonly code: number;
  readonly text: string;
}

/**
 * Adds a fault to a closed input batch, as the C reader does: a segment without rows, and its text in the
 * payload. False if there is no room.
 */
export function addFault(block: Uint8Array, fault: InputFault): boolean {
  const bytes = bufferViewOf(block);
  const cells = int32ViewOf(block);
  const header = (field: number): number => cells[field >> 2] ?? 0;
  const text = Buffer.from(fault.text);
  const segments = header(InputHeader.segmentCount);
  const segmentAt = header(InputHeader.segmentsPosition) + segments * SEGMENT_BYTES;
  const textAt = header(InputHeader.bytesPosition) - text.length;
  if (textAt < segmentAt + SEGMENT_BYTES) return false;
  bytes.set(text, textAt);
  const cell = segmentAt >> 2;
  cells.fill(0, cell, cell + (SEGMENT_BYTES >> 2));
  cells[cell + (SegmentField.partitionId >> 2)] = fault.partitionId;
  cells[cell + (SegmentField.epoch >> 2)] = fault.epoch;
  cells[cell + (SegmentField.firstRow >> 2)] = header(InputHeader.rowCount);
  writeInt64(cells, cell + (SegmentField.firstOffset >> 2), fault.offset);
  writeInt64(cells, cell + (SegmentField.lastOffset >> 2), fault.offset);
  cells[cell + (SegmentField.kind >> 2)] = SegmentKind.fault;
  cells[cell + (SegmentField.errorCode >> 2)] = fault.code;
  cells[cell + (SegmentField.textPosition >> 2)] = textAt;
  cells[cell + (SegmentField.textLength >> 2)] = text.length;
  cells[InputHeader.segmentCount >> 2] = segments + 1;
  cells[InputHeader.bytesPosition >> 2] = textAt;
  cells[InputHeader.packedBytes >> 2] = header(InputHeader.packedBytes) + SEGMENT_BYTES + text.length;
  return true;
}
