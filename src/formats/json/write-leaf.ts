import { mayHideValues } from '../json-values.js';
import { NESTING_DEPTH_MAX } from '../limits.js';
import { CopiedBlock } from './fields/copied-block.js';
import { PATH_CELLS, PathCell } from './scanner-layout.js';
import type { SourceRecord } from './source-record.js';

/** UTF-8 of a UTF-16 unit. */
const UNIT_BYTES_MAX = 3;
const NUMBER_BYTES_MAX = 24;

/**
 * Writes a record that is like the source record except for some leaves: everything between these is
 * copied.
 */
export class LeafWriter {
  readonly #source: SourceRecord;
  readonly #block = new CopiedBlock();
  #limit = 0;
  #end = 0;
  /** Bytes of the source from here on are still to be copied. */
  #copied = 0;

  constructor(source: SourceRecord) {
    this.#source = source;
  }

  begin(bytes: Uint8Array, start: number, limit: number): void {
    this.#block.open(this.#source.bytes, bytes);
    this.#end = start;
    this.#limit = limit;
    this.#copied = this.#source.start;
  }

  /**
   * The leaf's value differs, or may differ, from the one that was read. False: it needs a closer look, or
   * there is no room.
   */
  write(leaf: number, value: unknown): boolean {
    if (this.#isSameArray(leaf, value)) return true;
    const isNumber = typeof value === 'number' && Number.isFinite(value);
    const text = isNumber ? '' : textOf(value);
    const { cells, firstCell } = this.#source;
    const at = firstCell + leaf * PATH_CELLS;
    if (text === undefined || !this.#copyTo(cells[at + PathCell.start] ?? 0)) return false;
    this.#copied = cells[at + PathCell.end] ?? 0;
    const most = isNumber ? NUMBER_BYTES_MAX : text.length * UNIT_BYTES_MAX;
    if (most > this.#limit - this.#end) return false;
    this.#end = isNumber ? this.#block.number(this.#end, value) : this.#block.text(this.#end, text);
    return true;
  }

  /** Where the record ends; −1: there is no room. */
  finish(): number {
    return this.#copyTo(this.#source.end) ? this.#end : -1;
  }

  #isSameArray(leaf: number, value: unknown): boolean {
    const { values, items, firstItem, cells, firstCell } = this.#source;
    const at = firstCell + leaf * PATH_CELLS;
    if (value !== values[leaf] || !Array.isArray(value) || cells[at + PathCell.items] === 0) return false;
    const first = firstItem[leaf] ?? 0;
    if (value.length !== cells[at + PathCell.count] || Object.getPrototypeOf(value) !== Array.prototype)
      return false;
    for (let i = 0; i < value.length; i++) if (value[i] !== items[first + i]) return false;
    return !('toJSON' in value);
  }

  #copyTo(end: number): boolean {
    if (end - this.#copied > this.#limit - this.#end) return false;
    this.#end = this.#block.copy(this.#end, this.#copied, end);
    return true;
  }
}

/** What JSON.stringify writes for a member; undefined: it may write nothing, fail, or lose something. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'string':
      return JSON.stringify(value);
    case 'boolean':
      return value ? 'true' : 'false';
    case 'object':
      return value === null ? 'null' : objectText(value);
    default:
      return undefined;
  }
}

function objectText(value: object): string | undefined {
  // It would be called with its key.
  if ('toJSON' in value) return undefined;
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch {
    return undefined;
  }
  const isPlain = typeof text === 'string' && text.length < NESTING_DEPTH_MAX && !mayHideValues(text);
  return isPlain && typeof text === 'string' ? text : undefined;
}
