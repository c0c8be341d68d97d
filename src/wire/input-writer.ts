import {
  HEADER_BYTES,
  INPUT_MAGIC,
  INPUT_ROW_BYTES,
  InputHeader,
  InputRow,
  SEGMENT_BYTES,
  SegmentField,
  SegmentKind,
} from './layout.js';
import type { HeaderValue } from './packed-headers.js';
import { packedHeadersBytes, packHeaders } from './packed-headers.js';
import { bufferViewOf, int32ViewOf, writeInt64 } from './views.js';

export interface InputRecord {
  readonly offset: number;
  /** Milliseconds; −1 = none. */
  readonly timestamp: number;
  readonly key: Uint8Array | null;
  readonly value: Uint8Array | null;
  readonly headers?: readonly (readonly [name: string, value: HeaderValue])[] | null;
}

interface OpenSegment {
  readonly partitionId: number;
  readonly epoch: number;
  readonly firstRow: number;
  readonly firstOffset: number;
  rowCount: number;
  lastOffset: number;
}

/**
 * Packs records as the C reader does: rows upwards, payload downwards, segments after the rows when closed.
 */
export class InputBatchWriter {
  readonly #bytes: Buffer;
  readonly #cells: Int32Array;
  readonly #segments: OpenSegment[] = [];
  #rowCount = 0;
  #payloadStart: number;
  #firstTimestamp = -1;
  #lastTimestamp = -1;

  constructor(block: Uint8Array) {
    this.#bytes = bufferViewOf(block);
    this.#cells = int32ViewOf(block);
    this.#payloadStart = block.length;
  }

  get rowCount(): number {
    return this.#rowCount;
  }

  /** False when the record does not fit; then nothing was written. */
  add(partitionId: number, epoch: number, record: InputRecord): boolean {
    const current = this.#segments.at(-1);
    const continues = current !== undefined && current.partitionId === partitionId && current.epoch === epoch;
    const headersLength = record.headers == null ? -1 : packedHeadersBytes(record.headers);
    const payload = (record.key?.length ?? 0) + (record.value?.length ?? 0) + Math.max(headersLength, 0);
    const start = this.#payloadStart - payload;
    if (start < this.#tablesEnd(1, continues ? 0 : 1)) return false;
    this.#writePayload(start, record);
    const cell = (HEADER_BYTES + this.#rowCount * INPUT_ROW_BYTES) >> 2;
    writeInt64(this.#cells, cell + (InputRow.offset >> 2), record.offset);
    writeInt64(this.#cells, cell + (InputRow.timestamp >> 2), record.timestamp);
    this.#cells[cell + (InputRow.position >> 2)] = start;
    this.#cells[cell + (InputRow.keyLength >> 2)] = record.key?.length ?? -1;
    this.#cells[cell + (InputRow.valueLength >> 2)] = record.value?.length ?? -1;
    this.#cells[cell + (InputRow.headersLength >> 2)] = headersLength;
    this.#payloadStart = start;
    this.#noteTimestamp(record.timestamp);
    if (continues) {
      current.rowCount += 1;
      current.lastOffset = record.offset;
    } else {
      this.#segments.push({
        partitionId,
        epoch,
        firstRow: this.#rowCount,
        firstOffset: record.offset,
        rowCount: 1,
        lastOffset: record.offset,
      });
    }
    this.#rowCount += 1;
    return true;
  }

  /** Writes segments and header; the block may be read from then on. */
  close(): void {
    const segmentsPosition = HEADER_BYTES + this.#rowCount * INPUT_ROW_BYTES;
    let cell = segmentsPosition >> 2;
    for (const segment of this.#segments) cell = this.#writeSegment(cell, segment);
    this.#cells.fill(0, 0, HEADER_BYTES >> 2);
    this.#header(InputHeader.magic, INPUT_MAGIC);
    this.#header(InputHeader.rowCount, this.#rowCount);
    this.#header(InputHeader.rowsPosition, HEADER_BYTES);
    this.#header(InputHeader.segmentCount, this.#segments.length);
    this.#header(InputHeader.segmentsPosition, segmentsPosition);
    this.#header(InputHeader.bytesPosition, this.#payloadStart);
    this.#header(InputHeader.blockLength, this.#bytes.length);
    this.#header(InputHeader.packedBytes, this.#tablesEnd(0, 0) + this.#bytes.length - this.#payloadStart);
    writeInt64(this.#cells, InputHeader.firstTimestamp >> 2, this.#firstTimestamp);
    writeInt64(this.#cells, InputHeader.lastTimestamp >> 2, this.#lastTimestamp);
  }

  #noteTimestamp(timestamp: number): void {
    if (timestamp < 0) return;
    if (this.#firstTimestamp < 0 || timestamp < this.#firstTimestamp) this.#firstTimestamp = timestamp;
    if (timestamp > this.#lastTimestamp) this.#lastTimestamp = timestamp;
  }

  #tablesEnd(moreRows: number, moreSegments: number): number {
    const segments = this.#segments.length + moreSegments;
    return HEADER_BYTES + (this.#rowCount + moreRows) * INPUT_ROW_BYTES + segments * SEGMENT_BYTES;
  }

  #writePayload(start: number, record: InputRecord): void {
    let at = start;
    if (record.key !== null) {
      this.#bytes.set(record.key, at);
      at += record.key.length;
    }
    if (record.value !== null) {
      this.#bytes.set(record.value, at);
      at += record.value.length;
    }
    if (record.headers != null) packHeaders(record.headers, this.#bytes, at);
  }

  #writeSegment(cell: number, segment: OpenSegment): number {
    this.#cells.fill(0, cell, cell + (SEGMENT_BYTES >> 2));
    this.#cells[cell + (SegmentField.partitionId >> 2)] = segment.partitionId;
    this.#cells[cell + (SegmentField.epoch >> 2)] = segment.epoch;
    this.#cells[cell + (SegmentField.firstRow >> 2)] = segment.firstRow;
    this.#cells[cell + (SegmentField.rowCount >> 2)] = segment.rowCount;
    writeInt64(this.#cells, cell + (SegmentField.firstOffset >> 2), segment.firstOffset);
    writeInt64(this.#cells, cell + (SegmentField.lastOffset >> 2), segment.lastOffset);
    this.#cells[cell + (SegmentField.kind >> 2)] = SegmentKind.records;
    return cell + (SEGMENT_BYTES >> 2);
  }

  #header(position: number, value: number): void {
    this.#cells[position >> 2] = value;
  }
}
