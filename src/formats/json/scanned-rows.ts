import type { JsonScanner } from './scanner.js';

const ROW_MAX = 0xffffffff;

/** The scanner's findings for the rows of an input block, which are scanned many at a time, on demand. */
export class ScannedRows {
  readonly scanner: JsonScanner;
  #block: Uint8Array | undefined;
  #firstRow = 0;
  #endRow = 0;

  constructor(scanner: JsonScanner) {
    this.scanner = scanner;
  }

  has(block: Uint8Array, row: number): boolean {
    return block === this.#block && row >= this.#firstRow && row < this.#endRow;
  }

  /** The row's number among the scanned ones. Throws a RangeError if the block has no such row. */
  indexOf(block: Uint8Array, row: number): number {
    if (!this.has(block, row)) {
      this.forget();
      this.#endRow = row + this.scanner.scan(block, row, ROW_MAX);
      this.#firstRow = row;
      this.#block = block;
    }
    return row - this.#firstRow;
  }

  /** The block's bytes may change from now on. */
  forget(): void {
    this.#block = undefined;
  }
}
