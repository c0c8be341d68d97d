import type { Block, Fault, InputBatch, Segment } from '../core/batch.js';
import { headerCell } from './input-reader.js';
import {
  HEADER_BYTES,
  INPUT_MAGIC,
  INPUT_ROW_BYTES,
  InputHeader,
  SEGMENT_BYTES,
  SegmentField,
  SegmentKind,
} from './layout.js';
import { bufferViewOf, int32ViewOf, readInt64 } from './views.js';

/**
 * The parts of a batch that the main thread reads: header and segments, never its rows. Throws a RangeError
 * on anything that contradicts docs/WIRE.md, because a wrong offset would be committed.
 */
export function readInputBatch(block: Block): InputBatch {
  const cells = int32ViewOf(block.bytes);
  const rowCount = headerCell(cells, InputHeader.rowCount);
  const segmentCount = headerCell(cells, InputHeader.segmentCount);
  const segmentsPosition = headerCell(cells, InputHeader.segmentsPosition);
  const blockLength = headerCell(cells, InputHeader.blockLength);
  ensure(headerCell(cells, InputHeader.magic) === INPUT_MAGIC, 'wrong magic number');
  ensure(headerCell(cells, InputHeader.rowsPosition) === HEADER_BYTES, 'rows do not start after the header');
  ensure(
    blockLength <= block.bytes.length,
    `${blockLength} bytes announced in a block of ${block.bytes.length}`,
  );
  ensure(
    (segmentsPosition & 7) === 0 && segmentsPosition >= HEADER_BYTES + rowCount * INPUT_ROW_BYTES,
    'segments overlap the rows',
  );
  ensure(
    segmentsPosition + segmentCount * SEGMENT_BYTES <= blockLength,
    `${segmentCount} segments do not fit`,
  );
  const segments: Segment[] = [];
  const faults: Fault[] = [];
  let nextRow = 0;
  for (let index = 0; index < segmentCount; index++) {
    const at = (segmentsPosition + index * SEGMENT_BYTES) >> 2;
    if (headerCell(cells, (at << 2) + SegmentField.kind) === SegmentKind.fault) {
      faults.push(faultAt(block.bytes, cells, at));
      continue;
    }
    const segment = segmentAt(cells, at);
    ensure(
      segment.firstRow === nextRow && segment.rowCount > 0,
      `segment ${index} starts at row ${segment.firstRow} instead of ${nextRow}`,
    );
    ensure(segment.epoch !== 0, `segment ${index} has epoch 0`);
    ensure(
      segment.lastOffset - segment.firstOffset >= segment.rowCount - 1,
      `segment ${index} has more rows than offsets`,
    );
    nextRow += segment.rowCount;
    segments.push(segment);
  }
  ensure(nextRow === rowCount, `segments cover ${nextRow} of ${rowCount} rows`);
  return {
    block,
    rowCount,
    packedBytes: headerCell(cells, InputHeader.packedBytes),
    firstTimestampMs: readInt64(cells, InputHeader.firstTimestamp >> 2),
    lastTimestampMs: readInt64(cells, InputHeader.lastTimestamp >> 2),
    segments,
    faults,
  };
}

function segmentAt(cells: Int32Array, at: number): Segment {
  return {
    partitionId: word(cells, at, SegmentField.partitionId),
    epoch: word(cells, at, SegmentField.epoch),
    firstRow: word(cells, at, SegmentField.firstRow),
    rowCount: word(cells, at, SegmentField.rowCount),
    firstOffset: readInt64(cells, at + (SegmentField.firstOffset >> 2)),
    lastOffset: readInt64(cells, at + (SegmentField.lastOffset >> 2)),
  };
}

function faultAt(bytes: Uint8Array, cells: Int32Array, at: number): Fault {
  const start = word(cells, at, SegmentField.textPosition);
  const end = start + word(cells, at, SegmentField.textLength);
  ensure(end <= bytes.length, 'the text of a fault reaches past the block');
  return {
    partitionId: word(cells, at, SegmentField.partitionId),
    epoch: word(cells, at, SegmentField.epoch),
    offset: readInt64(cells, at + (SegmentField.firstOffset >> 2)),
    code: word(cells, at, SegmentField.errorCode) | 0,
    text: bufferViewOf(bytes).toString('utf8', start, end),
  };
}

function word(cells: Int32Array, at: number, field: number): number {
  return (cells[at + (field >> 2)] ?? 0) >>> 0;
}

function ensure(condition: boolean, what: string): void {
  if (!condition) throw new RangeError(`input batch: ${what}`);
}
