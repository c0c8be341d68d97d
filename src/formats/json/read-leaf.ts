import { bufferOver } from '../memory.js';
import type { RowText } from './row-text.js';
import type { JsonScanner } from './scanner.js';
import { ITEM_CELLS, ItemCell, Kind, PathCell } from './scanner-layout.js';
import type { SourceRecord } from './source-record.js';

/** Reads leaves that are neither plain text nor numbers. The scanner has checked them. */
export class LeafReader {
  readonly #scanner: JsonScanner;
  readonly #source: SourceRecord;
  readonly #row: RowText;
  /** Over the row's block. */
  buffer = bufferOver(new Uint8Array(0));

  constructor(scanner: JsonScanner, source: SourceRecord, row: RowText) {
    this.#scanner = scanner;
    this.#source = source;
    this.#row = row;
  }

  /** `at`: the first of the leaf's cells. */
  read(leaf: number, at: number): unknown {
    const { cells } = this.#scanner;
    const kind = cells[at + PathCell.kind] ?? 0;
    const start = cells[at + PathCell.start] ?? 0;
    const end = cells[at + PathCell.end] ?? 0;
    const items = cells[at + PathCell.items] ?? 0;
    if (kind !== Kind.array || items === 0) return this.#scalar(kind, start, end);
    return this.#array(leaf, items - 1, cells[at + PathCell.count] ?? 0);
  }

  #scalar(kind: number, start: number, end: number): unknown {
    switch (kind) {
      case Kind.null:
        return null;
      case Kind.false:
        return false;
      case Kind.true:
        return true;
      case Kind.numberText:
        return Number(this.buffer.latin1Slice(start, end));
      case Kind.string:
        return this.#row.text.substring(start + 1 - this.#row.start, end - 1 - this.#row.start);
      case Kind.stringUtf8:
        return this.buffer.utf8Slice(start + 1, end - 1);
      default:
        return JSON.parse(this.buffer.utf8Slice(start, end));
    }
  }

  #array(leaf: number, first: number, count: number): unknown[] {
    const { items, itemNumbers } = this.#scanner;
    const source = this.#source;
    const array: unknown[] = [];
    source.firstItem[leaf] = source.itemCount;
    for (let item = first; item < first + count; item++) {
      const at = item * ITEM_CELLS;
      const kind = items[at + ItemCell.kind] ?? 0;
      const value =
        kind === Kind.number
          ? itemNumbers[item]
          : this.#scalar(kind, items[at + ItemCell.start] ?? 0, items[at + ItemCell.end] ?? 0);
      array.push(value);
      source.items[source.itemCount++] = value;
    }
    return array;
  }
}
