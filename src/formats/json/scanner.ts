/**
 * The scanner of JSON records (native/json/scan.c): one call checks the values of many rows of an input block
 * completely and notes where the members of some paths are.
 */
import { createRequire } from 'node:module';
import { loadBuilt } from '../../core/built.js';
import { keyTree } from './key-tree.js';
import { ITEM_CELLS, OBJECT_CELLS, PATH_CELLS, ROW_CELLS, ROWS_MAX } from './scanner-layout.js';

type Scan = (
  ...args: readonly [
    block: Uint8Array,
    row: number,
    rowsEnd: number,
    cells: Int32Array,
    numbers: Float64Array,
    items: Int32Array,
    itemNumbers: Float64Array,
  ]
) => number;

interface ScannerAddon {
  createScan(nodes: readonly (readonly [parent: number, name: string, path: number])[]): Scan;
}

export class JsonScanner {
  /** Row after row, `stride` cells each. */
  readonly cells: Int32Array<ArrayBuffer>;
  /** For each row the number of each path whose kind is `number`. */
  readonly numbers: Float64Array<ArrayBuffer>;
  /**
   * Items of arrays on paths, {@link ITEM_CELLS} cells each, and the values of those items that are
   * numbers.
   */
  readonly items: Int32Array<ArrayBuffer>;
  readonly itemNumbers: Float64Array<ArrayBuffer>;
  readonly stride: number;
  /** The root, `[]`, and every parent on a path, depth first. */
  readonly objects: readonly (readonly string[])[];
  readonly #places: readonly number[];
  readonly #scan: Scan;

  /** `itemsMax`: how many items of arrays one call may note. */
  constructor(paths: readonly (readonly string[])[], itemsMax = 0) {
    const tree = keyTree(paths);
    this.#places = tree.places;
    this.objects = tree.objects;
    this.stride = ROW_CELLS + PATH_CELLS * paths.length + OBJECT_CELLS * tree.objects.length;
    this.cells = new Int32Array(ROWS_MAX * this.stride);
    this.numbers = new Float64Array(ROWS_MAX * paths.length);
    this.items = new Int32Array(itemsMax * ITEM_CELLS);
    this.itemNumbers = new Float64Array(itemsMax);
    this.#scan = load().createScan(tree.nodes);
  }

  /** The first of a path's cells, counted from the row's first one. */
  pathCell(path: number): number {
    return ROW_CELLS + PATH_CELLS * this.numberOf(path);
  }

  /** Where a path's number is among the numbers of a row. */
  numberOf(path: number): number {
    return this.#places[path] ?? 0;
  }

  objectCell(object: number): number {
    return ROW_CELLS + PATH_CELLS * this.#places.length + OBJECT_CELLS * object;
  }

  /**
   * Scans the values of rows `[row, rowsEnd)` of an input block, as many as it has, at most
   * {@link ROWS_MAX}, and returns how many. Throws a RangeError if the block has no such rows.
   */
  scan(block: Uint8Array, row: number, rowsEnd: number): number {
    return this.#scan(block, row, rowsEnd, this.cells, this.numbers, this.items, this.itemNumbers);
  }
}

let addon: ScannerAddon | undefined;

function load(): ScannerAddon {
  const require = createRequire(import.meta.url);
  addon ??= loadBuilt(
    'the JSON scanner (native/build/Release/kd_json.node)',
    () => require('../../../../native/build/Release/kd_json.node') as ScannerAddon,
  );
  return addon;
}
