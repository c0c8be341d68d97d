import { OutputHeader } from './layout.js';
import { int32ViewOf } from './views.js';

const LOWEST = OutputHeader.lowestUnfinishedRow >> 2;
const HIGHEST = OutputHeader.highestStartedRow >> 2;
const PROGRESS = OutputHeader.progress >> 2;

/**
 * Three cells of an output block that show the main thread which records a task was processing, while it runs
 * or after its worker died. The main thread resets them before it posts a task, so that a worker that dies
 * before it begins blames no record.
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
   * Plain stores: atomic ones cost 10 ns each. The thread that looks at a running task needs no order between
   * the cells, only to see them change; exact they must be once the task or its thread has ended.
   */
  started(row: number): void {
    this.#cells[HIGHEST] = row;
  }

  /**
   * Every row below `lowestUnfinishedRow` is finished. `finished` counts the records of this task; it
   * distinguishes a slow worker from a hung one.
   */
  finished(lowestUnfinishedRow: number, finished: number): void {
    this.#cells[LOWEST] = lowestUnfinishedRow;
    this.#cells[PROGRESS] = finished;
  }

  get progress(): number {
    return Atomics.load(this.#cells, PROGRESS);
  }

  /** Rows that were started but not finished, as `[first, count]`. */
  get underWay(): { readonly firstRow: number; readonly rowCount: number } {
    const firstRow = Atomics.load(this.#cells, LOWEST);
    return { firstRow, rowCount: Math.max(0, Atomics.load(this.#cells, HIGHEST) - firstRow + 1) };
  }
}
