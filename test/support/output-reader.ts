import { headerCell } from '../../src/wire/input-reader.js';
import {
  HEADER_BYTES,
  OUTPUT_MAGIC,
  OUTPUT_ROW_BYTES,
  OutputFlag,
  OutputHeader,
  OutputRow,
} from '../../src/wire/layout.js';
import type { HeaderEntry } from '../../src/wire/packed-headers.js';
import { copyOf, unpackHeaders } from '../../src/wire/packed-headers.js';
import { bufferViewOf, int32ViewOf, readInt64 } from '../../src/wire/views.js';

export interface OutputBatchHeader {
  readonly rowCount: number;
  readonly firstSourceRow: number;
  readonly sourceRowCount: number;
  readonly packedBytes: number;
  /** If set, there are no rows, and every source row goes unchanged to this topic. */
  readonly identityTopic: number | undefined;
}

export interface OutputRecord {
  readonly sourceRow: number;
  readonly topic: number;
  readonly flags: number;
  readonly partition: number;
  readonly timestamp: number;
  readonly key: Buffer | null;
  readonly value: Buffer | null;
  readonly headers: readonly HeaderEntry[] | null;
}

/** Reads an output batch with every position checked. */
export class OutputBatchReader {
  readonly header: OutputBatchHeader;
  readonly #bytes: Buffer;
  readonly #cells: Int32Array;
  readonly #rowsPosition: number;

  constructor(block: Uint8Array) {
    this.#bytes = bufferViewOf(block);
    this.#cells = int32ViewOf(block);
    const field = (position: number): number => headerCell(this.#cells, position);
    ensure(field(OutputHeader.magic) === OUTPUT_MAGIC, 'wrong magic number');
    ensure(field(OutputHeader.blockLength) <= block.length, 'the block is shorter than its header says');
    this.#rowsPosition = field(OutputHeader.rowsPosition);
    this.header = {
      rowCount: field(OutputHeader.rowCount),
      firstSourceRow: field(OutputHeader.firstSourceRow),
      sourceRowCount: field(OutputHeader.sourceRowCount),
      packedBytes: field(OutputHeader.packedBytes),
      identityTopic:
        (field(OutputHeader.flags) & OutputFlag.identity) === 0
          ? undefined
          : field(OutputHeader.identityTopic),
    };
    ensure(
      (this.#rowsPosition & 7) === 0 && this.#rowsPosition >= HEADER_BYTES + this.header.sourceRowCount,
      'rows overlap the outcomes',
    );
    ensure(
      this.#rowsPosition + this.header.rowCount * OUTPUT_ROW_BYTES <= block.length,
      'rows reach past the block',
    );
  }

  /** The outcome byte of a row of the input batch. */
  outcome(sourceRow: number): number {
    const index = sourceRow - this.header.firstSourceRow;
    ensure(index >= 0 && index < this.header.sourceRowCount, `source row ${sourceRow} is not answered here`);
    return this.#bytes[HEADER_BYTES + index] ?? 0;
  }

  sourceRow(outputRow: number): number {
    return this.header.identityTopic === undefined
      ? this.#word(outputRow, OutputRow.sourceRow) >>> 0
      : this.header.firstSourceRow + outputRow;
  }

  topic(outputRow: number): number {
    return this.header.identityTopic ?? this.#word(outputRow, OutputRow.topic) & 0xffff;
  }

  flags(outputRow: number): number {
    return this.#word(outputRow, OutputRow.topic) >>> 16;
  }

  /** Copies one row. Parts that come from the source are null here: see `flags`. */
  record(outputRow: number): OutputRecord {
    const headers = this.#range(outputRow, OutputRow.headersPosition);
    return {
      sourceRow: this.sourceRow(outputRow),
      topic: this.topic(outputRow),
      flags: this.flags(outputRow),
      partition: this.#word(outputRow, OutputRow.partition),
      timestamp: readInt64(this.#cells, this.#cell(outputRow) + (OutputRow.timestamp >> 2)),
      key: this.#copy(outputRow, OutputRow.keyPosition),
      value: this.#copy(outputRow, OutputRow.valuePosition),
      headers: headers === null ? null : unpackHeaders(this.#bytes, headers.start, headers.end),
    };
  }

  #copy(outputRow: number, field: number): Buffer | null {
    const range = this.#range(outputRow, field);
    return range === null ? null : copyOf(this.#bytes, range.start, range.end);
  }

  /** In every row the length follows the position. */
  #range(outputRow: number, field: number): { readonly start: number; readonly end: number } | null {
    const start = this.#word(outputRow, field) >>> 0;
    const length = this.#word(outputRow, field + 4);
    if (length < 0) return null;
    ensure(start + length <= this.#bytes.length, `output row ${outputRow} reaches past the block`);
    return { start, end: start + length };
  }

  #cell(outputRow: number): number {
    return (this.#rowsPosition + outputRow * OUTPUT_ROW_BYTES) >> 2;
  }

  #word(outputRow: number, field: number): number {
    ensure(outputRow >= 0 && outputRow < this.header.rowCount, `no output row ${outputRow}`);
    return this.#cells[this.#cell(outputRow) + (field >> 2)] ?? 0;
  }
}

function ensure(condition: boolean, what: string): void {
  if (!condition) throw new RangeError(`output batch: ${what}`);
}
