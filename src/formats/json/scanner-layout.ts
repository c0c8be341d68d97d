/** The numbers of native/json/scan.h; a test compares the two. */

/** Rows of one call. */
export const ROWS_MAX = 64;
export const PATHS_MAX = 256;
/** Items of arrays that one call notes. */
export const ITEMS_MAX = 1_024;

export const RowStatus = {
  /** Not JSON, not UTF-8, too deep, empty, or a null value; the strict decoder says which. */
  invalid: 0,
  /** Valid; no key twice, no `__proto__`, and every number is held exactly by a double. */
  safe: 1,
  /** Valid, but may have a key twice, `__proto__` or an inexact number: the strict decoder must look. */
  closer: 2,
} as const;

/** Cells of a row. Positions are absolute in the block, ends exclusive. */
export const RowCell = { status: 0, flags: 1, start: 2, end: 3, keys: 4, kind: 5 } as const;

export const RowFlag = {
  /** A byte order mark was skipped. */
  byteOrderMark: 1,
  ascii: 2,
  escapes: 4,
  /** The objects on the paths have exactly the keys of the paths, in their order (depth first). */
  inOrder: 8,
  /** Byte for byte what JSON.stringify writes for the value, unless a key looks like an index. */
  canonical: 16,
} as const;

/**
 * Cells from the scanner's `pathCell` on. `items`: 1 + the number of its first item, if it is an array of
 * values that contain no others, and there was room; else 0.
 */
export const PathCell = { kind: 0, keyStart: 1, start: 2, end: 3, items: 4, count: 5 } as const;

/** Cells of an item, in the scanner's `items`. */
export const ItemCell = { kind: 0, start: 1, end: 2 } as const;

/** Cells from the scanner's `objectCell` on. `start` 0: there is no such object. */
export const ObjectCell = { start: 0, close: 1, members: 2 } as const;

export const Kind = {
  absent: 0,
  null: 1,
  false: 2,
  true: 3,
  /** Exact; its value is in `numbers`. */
  number: 4,
  /** Its text must be read in JavaScript. */
  numberText: 5,
  /** ASCII without escapes. Spans of strings include the quotes. */
  string: 6,
  /** Other characters, no escapes. */
  stringUtf8: 7,
  stringEscaped: 8,
  array: 9,
  object: 10,
  /** The key, or that of a parent, is there twice. */
  duplicate: 11,
  /** A parent is not an object. */
  blocked: 12,
} as const;

export const ROW_CELLS = 6;
export const PATH_CELLS = 6;
export const OBJECT_CELLS = 3;
export const ITEM_CELLS = 3;
