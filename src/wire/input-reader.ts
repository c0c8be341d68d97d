import {
  HEADER_BYTES,
  INPUT_MAGIC,
  INPUT_ROW_BYTES,
  InputHeader,
  SEGMENT_BYTES,
  SegmentField,
} from './layout.js';
import { bufferViewOf, int32ViewOf, readInt64 } from './views.js';

const ROW_CELLS = INPUT_ROW_BYTES >> 2;
const FIRST_ROW_CELL = HEADER_BYTES >> 2;
const SEGMENT_CELLS = SEGMENT_BYTES >> 2;

/**
 * Row access for workers: one Int32Array over the whole block, no object per row. One reader serves many
 * blocks; `open` moves it to the next. Rows are not checked against the block: typed arrays return 0 past its
 * end, and Buffer cuts off ranges of bytes there.
 */
export class InputBatchReader {
  bytes: Buffer = Buffer.alloc(0);
  rowCount = 0;
  segmentCount = 0;
  #cells: Int32Array = new Int32Array(0);
  /** Keys, values and headers together. */
  payloadBytes = 0;
  #segmentsCell = 0;

  /** Throws a RangeError when the header is not that of an input batch. */
  open(block: Uint8Array): void {
    const cells = int32ViewOf(block);
    const rowCount = headerCell(cells, InputHeader.rowCount);
    const segmentCount = headerCell(cells, InputHeader.segmentCount);
    const segmentsPosition = headerCell(cells, InputHeader.segmentsPosition);
    const blockLength = headerCell(cells, InputHeader.blockLength);
    if (headerCell(cells, InputHeader.magic) !== INPUT_MAGIC)
      throw new RangeError('not an input batch: wrong magic number');
    if (headerCell(cells, InputHeader.rowsPosition) !== HEADER_BYTES || blockLength > block.length)
      throw new RangeError('input batch: the header does not fit the block');
    if (
      HEADER_BYTES + rowCount * INPUT_ROW_BYTES > segmentsPosition ||
      segmentsPosition + segmentCount * SEGMENT_BYTES > blockLength
    ) {
      throw new RangeError(
        `input batch: ${rowCount} rows and ${segmentCount} segments do not fit into ${blockLength} bytes`,
      );
    }
    this.bytes = bufferViewOf(block);
    this.rowCount = rowCount;
    this.segmentCount = segmentCount;
    this.#cells = cells;
    this.payloadBytes = Math.max(0, blockLength - headerCell(cells, InputHeader.bytesPosition));
    this.#segmentsCell = segmentsPosition >> 2;
  }

  offset(row: number): number {
    return readInt64(this.#cells, FIRST_ROW_CELL + row * ROW_CELLS);
  }

  /** Milliseconds since 1970; −1 = none. */
  timestamp(row: number): number {
    return readInt64(this.#cells, FIRST_ROW_CELL + row * ROW_CELLS + 2);
  }

  /** Position of the key; the value follows it. */
  keyStart(row: number): number {
    return (this.#cells[FIRST_ROW_CELL + row * ROW_CELLS + 4] ?? 0) >>> 0;
  }

  /** −1 = null. */
  keyLength(row: number): number {
    return this.#cells[FIRST_ROW_CELL + row * ROW_CELLS + 5] ?? -1;
  }

  valueStart(row: number): number {
    const keyLength = this.keyLength(row);
    return this.keyStart(row) + (keyLength > 0 ? keyLength : 0);
  }

  /** −1 = null: a tombstone. */
  valueLength(row: number): number {
    return this.#cells[FIRST_ROW_CELL + row * ROW_CELLS + 6] ?? -1;
  }

  headersStart(row: number): number {
    const valueLength = this.valueLength(row);
    return this.valueStart(row) + (valueLength > 0 ? valueLength : 0);
  }

  /** −1 = no headers. */
  headersLength(row: number): number {
    return this.#cells[FIRST_ROW_CELL + row * ROW_CELLS + 7] ?? -1;
  }

  segmentField(segment: number, field: number): number {
    return (this.#cells[this.#segmentsCell + segment * SEGMENT_CELLS + (field >> 2)] ?? 0) >>> 0;
  }

  /** The segment that contains the row, found by bisection over the segments' first rows; −1 if none does. */
  segmentOf(row: number): number {
    let low = 0;
    let high = this.segmentCount - 1;
    while (low <= high) {
      const middle = (low + high) >> 1;
      const first = this.segmentField(middle, SegmentField.firstRow);
      if (row < first) high = middle - 1;
      else if (row < first + this.segmentField(middle, SegmentField.rowCount)) return middle;
      else low = middle + 1;
    }
    return -1;
  }

  /** Number of the row's topic-partition. */
  partitionIdOf(row: number): number {
    const segment = this.segmentOf(row);
    return segment < 0 ? -1 : this.segmentField(segment, SegmentField.partitionId);
  }
}

export function headerCell(cells: Int32Array, position: number): number {
  return (cells[position >> 2] ?? 0) >>> 0;
}
