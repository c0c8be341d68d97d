import {
  HEADER_BYTES,
  OUTPUT_MAGIC,
  OUTPUT_ROW_BYTES,
  OutputFlag,
  OutputHeader,
  OutputRow,
  RowFlag,
} from './layout.js';
import type { HeaderValue } from './packed-headers.js';
import { packedHeadersBytes, packHeaders } from './packed-headers.js';
import { alignTo8, bufferViewOf, int32ViewOf, writeInt64 } from './views.js';

const ROW_CELLS = OUTPUT_ROW_BYTES >> 2;
/** The cell of a row with its topic and its flags. */
const TOPIC_MASK = 0xffff;
const DEAD_LETTER = RowFlag.deadLetter << 16;
/** Spare rows beyond one per source row, so that small tasks may emit several. */
const SPARE_ROWS = 64;

export interface OutputRange {
  readonly firstSourceRow: number;
  readonly sourceRowsMax: number;
  /** Output rows expected for a source row; 1 when not known. */
  readonly rowsPerSource?: number;
  /** Upper bound of output rows, where it is known. */
  readonly rowsMax?: number;
}

/**
 * Writes an output batch: outcomes, then room for rows, then payload, both upwards. Values are encoded
 * directly into the block, since their length is known only afterwards. What is added after `mark` can be
 * rolled back, so a record whose outputs do not all fit leaves nothing behind.
 */
export class OutputBatchWriter {
  bytes: Buffer = Buffer.alloc(0);
  rowCount = 0;
  /** Where the next payload byte goes; encoders write here, up to `limit`. */
  payloadEnd = 0;
  limit = 0;
  #cells: Int32Array = new Int32Array(0);
  #range: OutputRange = { firstSourceRow: 0, sourceRowsMax: 0 };
  #rowsCell = 0;
  #rowsMax = 0;
  #payloadStart = 0;
  #row = 0;
  #markedRows = 0;
  #markedPayload = 0;

  /**
   * Starts writing the answer to `range` into a block. Throws a RangeError when not even the outcomes fit.
   * Does not touch the progress cells.
   */
  open(block: Uint8Array, range: OutputRange): void {
    const rowsPosition = alignTo8(HEADER_BYTES + range.sourceRowsMax);
    const room = block.length - rowsPosition;
    if (room < OUTPUT_ROW_BYTES)
      throw new RangeError(
        `an output block of ${block.length} bytes is too small for ${range.sourceRowsMax} rows`,
      );
    const wanted = Math.ceil(range.sourceRowsMax * (range.rowsPerSource ?? 1)) + SPARE_ROWS;
    this.#rowsMax = Math.min(
      range.rowsMax ?? wanted,
      Math.max(1, Math.floor(room / (range.rowsMax === undefined ? 2 : 1) / OUTPUT_ROW_BYTES)),
    );
    this.bytes = bufferViewOf(block);
    this.#cells = int32ViewOf(block);
    this.#range = range;
    this.#rowsCell = rowsPosition >> 2;
    this.#payloadStart = rowsPosition + this.#rowsMax * OUTPUT_ROW_BYTES;
    this.payloadEnd = this.#payloadStart;
    this.limit = block.length;
    this.rowCount = 0;
    this.#cells.fill(0, 0, OutputHeader.lowestUnfinishedRow >> 2);
    this.bytes.fill(0, HEADER_BYTES, HEADER_BYTES + range.sourceRowsMax);
  }

  /**
   * Begins a row with null key, value and headers, the topic's partition policy and no timestamp. False when
   * there is no room for a row.
   */
  addRow(sourceRow: number, topic: number, flags: number): boolean {
    if (this.rowCount >= this.#rowsMax) return false;
    const cells = this.#cells;
    const at = this.#rowsCell + this.rowCount * ROW_CELLS;
    cells[at] = sourceRow;
    cells[at + 1] = topic | (flags << 16);
    cells[at + 2] = -1;
    cells[at + 3] = 0;
    cells[at + 4] = -1;
    cells[at + 5] = -1;
    cells[at + 6] = 0;
    cells[at + 7] = -1;
    cells[at + 8] = 0;
    cells[at + 9] = -1;
    cells[at + 10] = 0;
    cells[at + 11] = -1;
    this.#row = at;
    this.rowCount += 1;
    return true;
  }

  setPartition(partition: number): void {
    this.#cells[this.#row + (OutputRow.partition >> 2)] = partition;
  }

  setTimestamp(timestampMs: number): void {
    writeInt64(this.#cells, this.#row + (OutputRow.timestamp >> 2), timestampMs);
  }

  /** Sets the value of the current row to the bytes that an encoder wrote at `[payloadEnd, end)`. */
  takeValue(end: number): void {
    this.#cells[this.#row + (OutputRow.valuePosition >> 2)] = this.payloadEnd;
    this.#cells[this.#row + (OutputRow.valueLength >> 2)] = end - this.payloadEnd;
    this.payloadEnd = end;
  }

  /** False when it does not fit. */
  copyValue(value: Uint8Array): boolean {
    const end = this.payloadEnd + value.length;
    if (end > this.limit) return false;
    this.bytes.set(value, this.payloadEnd);
    this.takeValue(end);
    return true;
  }

  copyKey(key: Uint8Array): boolean {
    const start = this.payloadEnd;
    if (start + key.length > this.limit) return false;
    this.bytes.set(key, start);
    this.#cells[this.#row + (OutputRow.keyPosition >> 2)] = start;
    this.#cells[this.#row + (OutputRow.keyLength >> 2)] = key.length;
    this.payloadEnd = start + key.length;
    return true;
  }

  copyHeaders(headers: readonly (readonly [name: string, value: HeaderValue])[]): boolean {
    const start = this.payloadEnd;
    if (start + packedHeadersBytes(headers) > this.limit) return false;
    const end = packHeaders(headers, this.bytes, start);
    this.#cells[this.#row + (OutputRow.headersPosition >> 2)] = start;
    this.#cells[this.#row + (OutputRow.headersLength >> 2)] = end - start;
    this.payloadEnd = end;
    return true;
  }

  setOutcome(sourceRow: number, outcome: number): void {
    this.bytes[HEADER_BYTES + sourceRow - this.#range.firstSourceRow] = outcome;
  }

  mark(): void {
    this.#markedRows = this.rowCount;
    this.#markedPayload = this.payloadEnd;
  }

  /** Removes every row and byte since `mark`. */
  rollback(): void {
    this.rowCount = this.#markedRows;
    this.payloadEnd = this.#markedPayload;
  }

  /** Rows and payload added since `mark`. */
  get bytesSinceMark(): number {
    return this.payloadEnd - this.#markedPayload + (this.rowCount - this.#markedRows) * OUTPUT_ROW_BYTES;
  }

  get payloadBytes(): number {
    return this.payloadEnd - this.#payloadStart;
  }

  /** The number of rows by topic number; dead letters are left out. */
  rowsByTopic(): [topic: number, rows: number][] {
    const cells = this.#cells;
    const end = this.#rowsCell + this.rowCount * ROW_CELLS;
    // By topic number. Rows that are routed change topic all the time: a map would be asked for each.
    const counts: number[] = [];
    for (let at = this.#rowsCell + 1; at < end; at += ROW_CELLS) {
      const cell = cells[at] ?? 0;
      if ((cell & DEAD_LETTER) !== 0) continue;
      const topic = cell & TOPIC_MASK;
      while (counts.length <= topic) counts.push(0);
      counts[topic] = (counts[topic] ?? 0) + 1;
    }
    return [...counts.entries()].filter(([, rows]) => rows > 0);
  }

  /**
   * Writes the header for the first `sourceRowCount` source rows of the range. The block may be read from
   * then on.
   */
  finish(sourceRowCount: number): void {
    const rowsPosition = this.#rowsCell << 2;
    this.#header(OutputHeader.rowCount, this.rowCount);
    this.#header(OutputHeader.rowsPosition, rowsPosition);
    this.#header(OutputHeader.firstSourceRow, this.#range.firstSourceRow);
    this.#header(OutputHeader.sourceRowCount, sourceRowCount);
    this.#header(OutputHeader.bytesPosition, this.#payloadStart);
    this.#header(OutputHeader.blockLength, this.bytes.length);
    this.#header(OutputHeader.flags, 0);
    this.#header(OutputHeader.identityTopic, 0);
    this.#header(
      OutputHeader.packedBytes,
      rowsPosition + this.rowCount * OUTPUT_ROW_BYTES + this.payloadBytes,
    );
    this.#header(OutputHeader.magic, OUTPUT_MAGIC);
  }

  /** Moves to a larger block; everything written so far is copied to the same positions. */
  moveTo(block: Uint8Array): void {
    block.set(this.bytes.subarray(0, this.payloadEnd));
    this.bytes = bufferViewOf(block);
    this.#cells = int32ViewOf(block);
    this.limit = block.length;
  }

  /** Copies the finished batch into a block of exactly its size. */
  shrinkInto(block: Uint8Array): void {
    block.set(this.bytes.subarray(0, this.payloadEnd));
    int32ViewOf(block)[OutputHeader.blockLength >> 2] = block.length;
  }

  #header(position: number, value: number): void {
    this.#cells[position >> 2] = value;
  }
}

/** Answers `rowCount` source rows with themselves, unchanged, without touching a row. */
export function writeIdentity(
  block: Uint8Array,
  firstSourceRow: number,
  rowCount: number,
  topic: number,
): void {
  const cells = int32ViewOf(block);
  const rowsPosition = alignTo8(HEADER_BYTES + rowCount);
  if (rowsPosition > block.length)
    throw new RangeError(`an output block of ${block.length} bytes is too small for ${rowCount} rows`);
  cells.fill(0, 0, OutputHeader.lowestUnfinishedRow >> 2);
  block.fill(0, HEADER_BYTES, HEADER_BYTES + rowCount);
  cells[OutputHeader.rowsPosition >> 2] = rowsPosition;
  cells[OutputHeader.firstSourceRow >> 2] = firstSourceRow;
  cells[OutputHeader.sourceRowCount >> 2] = rowCount;
  cells[OutputHeader.bytesPosition >> 2] = block.length;
  cells[OutputHeader.blockLength >> 2] = block.length;
  cells[OutputHeader.flags >> 2] = OutputFlag.identity;
  cells[OutputHeader.identityTopic >> 2] = topic;
  cells[OutputHeader.packedBytes >> 2] = rowsPosition;
  cells[OutputHeader.magic >> 2] = OUTPUT_MAGIC;
}
