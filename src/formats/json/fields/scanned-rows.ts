import type { JsonScanner } from '../scanner.js';

/** Rows that are scanned at once: their cells stay in the nearest cache. */
const ROWS_AT_ONCE = 64;

/** The cells of the rows that were scanned last. Rows are asked for in their order, so most are there. */
export class ScannedRows {
  readonly scanner: JsonScanner;
  #bytes: Uint8Array | undefined;
  #firstRow = 0;
  #endRow = 0;

  constructor(scanner: JsonScanner) {
    this.scanner = scanner;
  }

  has(bytes: Uint8Array, row: number): boolean {
    return bytes === this.#bytes && row >= this.#firstRow && row < this.#endRow;
  }

  /** Number of the row among those that were scanned with it. */
  indexOf(bytes: Uint8Array, row: number): number {
    if (!this.has(bytes, row)) this.#scan(bytes, row);
    return row - this.#firstRow;
  }

  /** The block has other records from now on. */
  release(): void {
    this.#bytes = undefined;
  }

  #scan(bytes: Uint8Array, row: number): void {
    this.#bytes = undefined;
    this.#endRow = row + this.scanner.scan(bytes, row, row + ROWS_AT_ONCE);
    this.#firstRow = row;
    this.#bytes = bytes;
  }
}
