import type { Decoder } from '../format.js';
import { JsonDecoder, parseExactly } from '../json-decode.js';
import { BufferCache, type RawBuffer } from '../memory.js';
import { ScannedRows } from './scanned-rows.js';
import { JsonScanner } from './scanner.js';
import { RowCell, RowFlag, RowStatus } from './scanner-layout.js';

/**
 * Strict JSON, as {@link JsonDecoder} reads it, for rows of input blocks: what the scanner has found harmless
 * is only parsed.
 */
export class JsonRowDecoder implements Decoder {
  readonly #plain = new JsonDecoder();
  readonly #buffers = new BufferCache();
  readonly #scanner = new JsonScanner([]);
  readonly #rows = new ScannedRows(this.#scanner);

  decode(bytes: Uint8Array, start: number, end: number, row?: number): unknown {
    if (row === undefined) return this.#plain.decode(bytes, start, end);
    const { cells, stride } = this.#scanner;
    const at = this.#rows.indexOf(bytes, row) * stride;
    const status = cells[at + RowCell.status];
    if (status === RowStatus.invalid) return this.#plain.decode(bytes, start, end);
    const text = textOf(this.#buffers.of(bytes), cells, at);
    return status === RowStatus.safe ? JSON.parse(text) : parseExactly(text);
  }

  release(): void {
    this.#rows.forget();
  }
}

/** The text of a valid value. */
function textOf(buffer: RawBuffer, cells: Int32Array, at: number): string {
  const start = cells[at + RowCell.start] ?? 0;
  const end = cells[at + RowCell.end] ?? 0;
  const isAscii = ((cells[at + RowCell.flags] ?? 0) & RowFlag.ascii) !== 0;
  return isAscii ? buffer.latin1Slice(start, end) : buffer.utf8Slice(start, end);
}
