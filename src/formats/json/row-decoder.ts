import type { Decoder } from '../format.js';
import { JsonDecoder, parseExactly } from '../json-decode.js';
import { TEXT_WINDOW_BYTES } from '../limits.js';
import { BufferCache, type RawBuffer } from '../memory.js';
import { ScannedRows } from './scanned-rows.js';
import { JsonScanner } from './scanner.js';
import { RowCell, RowFlag, RowStatus } from './scanner-layout.js';
import { shapeOf } from './shape.js';
import { ShapeReader } from './shape-reader.js';
import type { SourceRecord } from './source-record.js';

/** After this many records without the known shape, if they are the majority, another one is tried. */
const STRANGERS_MAX = 256;
const SHAPES_MAX = 16;

/**
 * Strict JSON, as {@link JsonDecoder} reads it, for rows of input blocks. What the scanner has found harmless
 * needs no further check; a record with the keys of those before it is not even parsed.
 */
export class JsonRowDecoder implements Decoder {
  readonly #plain = new JsonDecoder();
  readonly #buffers = new BufferCache();
  readonly #source: SourceRecord;
  #scanner = new JsonScanner([]);
  #rows = new ScannedRows(this.#scanner);
  #reader: ShapeReader | undefined;
  #shapes = 0;
  #strangers = STRANGERS_MAX;
  #known = 0;

  constructor(source: SourceRecord) {
    this.#source = source;
  }

  decode(bytes: Uint8Array, start: number, end: number, row?: number): unknown {
    this.#source.shape = undefined;
    if (row === undefined) return this.#plain.decode(bytes, start, end);
    const { cells, stride } = this.#scanner;
    const index = this.#rows.indexOf(bytes, row);
    const at = index * stride;
    const status = cells[at + RowCell.status];
    if (status === RowStatus.invalid) return this.#plain.decode(bytes, start, end);
    const buffer = this.#buffers.of(bytes);
    if (status === RowStatus.closer) return parseExactly(textOf(buffer, cells, at));
    const isKnown = ((cells[at + RowCell.flags] ?? 0) & RowFlag.inOrder) !== 0;
    if (isKnown && this.#reader !== undefined && end - start <= TEXT_WINDOW_BYTES) {
      this.#known += 1;
      return this.#reader.read(buffer, index);
    }
    const value: unknown = JSON.parse(textOf(buffer, cells, at));
    if (!isKnown || this.#reader === undefined) this.#noteStranger(value);
    return value;
  }

  release(): void {
    this.#rows.forget();
    this.#source.forget();
  }

  #noteStranger(value: unknown): void {
    this.#strangers += 1;
    if (this.#strangers < STRANGERS_MAX || this.#shapes >= SHAPES_MAX) return;
    const isMinority = this.#strangers <= this.#known;
    this.#strangers = 0;
    this.#known = 0;
    const shape = isMinority ? undefined : shapeOf(value);
    if (shape === undefined) return;
    this.#shapes += 1;
    this.#reader = new ShapeReader(shape, this.#source);
    this.#scanner = this.#reader.scanner;
    this.#rows = new ScannedRows(this.#scanner);
  }
}

/** The text of a valid value. */
function textOf(buffer: RawBuffer, cells: Int32Array, at: number): string {
  const start = cells[at + RowCell.start] ?? 0;
  const end = cells[at + RowCell.end] ?? 0;
  const isAscii = ((cells[at + RowCell.flags] ?? 0) & RowFlag.ascii) !== 0;
  return isAscii ? buffer.latin1Slice(start, end) : buffer.utf8Slice(start, end);
}
