import { OutputHeader } from './layout.js';
import { int32ViewOf } from './views.js';

const LOWEST = OutputHeader.lowestUnfinishedRow >> 2;
const HIGHEST = OutputHeader.highestStartedRow >> 2;
const PROGRESS = OutputHeader.progress >> 2;

/**
 * The three cells of an output block by which the main thread sees, while a task runs or after its worker
 * died, which records were under way. The main thread resets them before it posts a task, so that a worker
 * that dies before it began blames nobody.
 */
export class ProgressCells {
  readonly #cells: Int32Array;

  constructor(block: Uint8Array) {
    this.#cells = int32ViewOf(block);
  }

  reset(firstRow: number): void {
    Atomics.store(this.#cells, OutputHeader.magic >> 2, 0);
    Atomics.store(this.#cells, LOWEST, firstRow);
    Atomics.store(this.#cells, HIGHEST, firstRow - 1);
    Atomics.store(this.#cells, PROGRESS, 0);
  }

  /**
   * Plain stores: they cost a fifth of an atomic one, and the cells are read for certain only after the
   * thread has ended.
   */
  started(row: number): void {
    this.#cells[HIGHEST] = row;
  }

  /**
   * Every row below `lowestUnfinishedRow` is answered. `finished` counts records of this task; it is what
   * tells a slow worker from a hung one.
   */
  finished(lowestUnfinishedRow: number, finished: number): void {
    this.#cells[LOWEST] = lowestUnfinishedRow;
    Atomics.store(this.#cells, PROGRESS, finished);
  }

  get progress(): number {
    return Atomics.load(this.#cells, PROGRESS);
  }

  /** Rows that were started and not finished, as `[first, count]`. */
  get underWay(): { readonly firstRow: number; readonly rowCount: number } {
    const firstRow = Atomics.load(this.#cells, LOWEST);
    return { firstRow, rowCount: Math.max(0, Atomics.load(this.#cells, HIGHEST) - firstRow + 1) };
  }
}
