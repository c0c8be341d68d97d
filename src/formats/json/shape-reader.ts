import type { RawBuffer } from '../memory.js';
import { generateRead, type ReadShape } from './generate-read.js';
import { LeafReader } from './read-leaf.js';
import type { RowText } from './row-text.js';
import { JsonScanner } from './scanner.js';
import { ITEMS_MAX, ROW_CELLS, RowCell, RowFlag } from './scanner-layout.js';
import type { Shape } from './shape.js';
import type { SourceRecord } from './source-record.js';

/** Reads scanned rows that have the keys of the shape in its order, and notes what was read. */
export class ShapeReader {
  readonly scanner: JsonScanner;
  readonly #shape: Shape;
  readonly #source: SourceRecord;
  readonly #read: ReadShape;
  readonly #leaves: LeafReader;
  readonly #row: RowText;

  constructor(shape: Shape, source: SourceRecord) {
    this.scanner = new JsonScanner(shape.paths, ITEMS_MAX);
    this.#shape = shape;
    this.#source = source;
    this.#read = generateRead(shape);
    const { cells, numbers } = this.scanner;
    this.#row = { cells, at: 0, numbers, firstNumber: 0, text: '', start: 0 };
    this.#leaves = new LeafReader(this.scanner, source, this.#row);
    source.values = shape.paths.map(() => null);
    source.cells = cells;
  }

  /** `index`: the row's number among those that were scanned last. */
  read(buffer: RawBuffer, index: number): unknown {
    const { cells, stride } = this.scanner;
    const first = index * stride;
    const start = cells[first + RowCell.start] ?? 0;
    const end = cells[first + RowCell.end] ?? 0;
    const row = this.#row;
    row.at = first + ROW_CELLS;
    row.firstNumber = index * this.#shape.paths.length;
    row.start = start;
    row.text = buffer.latin1Slice(start, end);
    this.#leaves.buffer = buffer;
    const source = this.#source;
    source.itemCount = 0;
    const value = this.#read(row, source.values, this.#leaves);
    if (((cells[first + RowCell.flags] ?? 0) & RowFlag.canonical) !== 0) {
      source.bytes = buffer;
      source.shape = this.#shape;
      source.start = start;
      source.end = end;
      source.firstCell = row.at;
    }
    return value;
  }
}
