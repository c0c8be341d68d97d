import { mayHideValues } from '../json-values.js';
import { NESTING_DEPTH_MAX } from '../limits.js';
import type { RawBuffer } from '../memory.js';
import { PATH_CELLS, PathCell } from './scanner-layout.js';
import type { SourceRecord } from './source-record.js';

/** Longer runs are copied in C++. */
const RUN_IN_JAVASCRIPT_MAX = 256;
/** UTF-8 of a UTF-16 unit. */
const UNIT_BYTES_MAX = 3;
const LAST_ASCII = 0x7f;

/** Writes a record that is like the source record except for some leaves: what is between these is copied. */
export class LeafWriter {
  readonly #source: SourceRecord;
  #buffer: RawBuffer | undefined;
  #view: DataView = new DataView(new ArrayBuffer(0));
  #limit = 0;
  #end = 0;
  /** Bytes of the source from here on are still to be copied. */
  #copied = 0;

  constructor(source: SourceRecord) {
    this.#source = source;
  }

  begin(buffer: RawBuffer, start: number, limit: number): void {
    if (buffer !== this.#buffer) {
      this.#buffer = buffer;
      this.#view = new DataView(buffer.buffer, buffer.byteOffset, buffer.byteLength);
    }
    this.#end = start;
    this.#limit = limit;
    this.#copied = this.#source.start;
  }

  /**
   * The leaf's value is not, or may not be, what was read. False: it needs a closer look, or there is no
   * room.
   */
  write(leaf: number, value: unknown): boolean {
    if (this.#isSameArray(leaf, value)) return true;
    const text = textOf(value);
    const { cells, firstCell } = this.#source;
    const at = firstCell + leaf * PATH_CELLS;
    if (text === undefined || !this.#copyTo(cells[at + PathCell.start] ?? 0)) return false;
    this.#copied = cells[at + PathCell.end] ?? 0;
    return this.#append(text);
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
    const from = this.#copied;
    const length = end - from;
    if (length > this.#limit - this.#end) return false;
    if (length > RUN_IN_JAVASCRIPT_MAX && this.#buffer !== undefined)
      this.#buffer.set(this.#source.bytes.subarray(from, end), this.#end);
    else this.#copyWords(from, length);
    this.#end += length;
    return true;
  }

  #copyWords(from: number, length: number): void {
    const source = this.#source.view;
    const target = this.#view;
    const to = this.#end;
    let i = 0;
    for (; i + 4 <= length; i += 4) target.setInt32(to + i, source.getInt32(from + i));
    for (; i < length; i++) target.setInt8(to + i, source.getInt8(from + i));
  }

  #append(text: string): boolean {
    const start = this.#end;
    if (text.length * UNIT_BYTES_MAX > this.#limit - start) return false;
    const view = this.#view;
    for (let i = 0; i < text.length; i++) {
      const unit = text.charCodeAt(i);
      if (unit > LAST_ASCII) return this.#appendUtf8(text);
      view.setUint8(start + i, unit);
    }
    this.#end = start + text.length;
    return true;
  }

  #appendUtf8(text: string): boolean {
    if (this.#buffer === undefined) return false;
    this.#end += this.#buffer.utf8Write(text, this.#end, this.#limit - this.#end);
    return true;
  }
}

/** What JSON.stringify writes for a member; undefined: it may write nothing, fail, or lose something. */
function textOf(value: unknown): string | undefined {
  switch (typeof value) {
    case 'number':
      return Number.isFinite(value) ? String(value) : undefined;
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
