import { type FieldPath, type FieldTree, shownPath } from '../../fields/declared.js';
import { writeText } from '../../raw.js';
import type { JsonScanner } from '../scanner.js';
import { Kind, ObjectCell, PathCell } from '../scanner-layout.js';
import { CopiedBlock } from './copied-block.js';
import { fieldText } from './field-text.js';
import { rebuiltRecord } from './rebuild.js';
import { ResultFields } from './result-fields.js';

/** A written field: its cells in a row, and those of the object that holds it. */
interface Write {
  readonly path: FieldPath;
  readonly cell: number;
  readonly objectCell: number;
  /** Goes before the value of a field that the record does not have: `"name":`. */
  readonly member: string;
}

/** The record that a result belongs to. */
export interface ScannedRecord {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly end: number;
  readonly scanner: JsonScanner;
  /** Its number among the rows that were scanned with it. */
  readonly index: number;
}

export interface Room {
  readonly bytes: Uint8Array;
  readonly start: number;
  readonly limit: number;
}

/** Writes a record with new texts for the written fields: all other bytes stay as they are. */
export class Splice {
  readonly #tree: FieldTree;
  readonly #writes: readonly Write[];
  readonly #block = new CopiedBlock();
  readonly #result: ResultFields;
  /** The texts of one result, '' for numbers, and the places in the record where they go. */
  readonly #texts: string[];
  readonly #places: Int32Array;
  /** The writes in the order of their places. */
  readonly #order: Int32Array;

  /** `paths`: the paths of the scanner. */
  constructor(
    scanner: JsonScanner,
    tree: FieldTree,
    paths: readonly FieldPath[],
    writes: readonly FieldPath[],
  ) {
    this.#tree = tree;
    this.#writes = writes.map((path) => ({
      path,
      cell: scanner.pathCell(numberOf(paths, path)),
      objectCell: scanner.objectCell(numberOf(scanner.objects, path.slice(0, -1))),
      member: `${JSON.stringify(path.at(-1))}:`,
    }));
    this.#result = new ResultFields(tree, writes);
    this.#texts = writes.map(() => '');
    this.#places = new Int32Array(writes.length);
    this.#order = new Int32Array(writes.length);
  }

  /** Like `encode` of an encoder, but writes to `to`. */
  write(result: unknown, record: ScannedRecord, to: Room): number {
    const { start, limit } = to;
    this.#result.take(result);
    this.#block.open(record.bytes, to.bytes);
    const added = this.#prepare(record);
    if (added < 0) return this.#rebuild(result, record, start, limit);
    const needed = record.end - record.start + added;
    if (needed <= limit - start) return this.#splice(record, start);
    const exact = this.#exactSize(record);
    return exact <= limit - start ? this.#splice(record, start) : -1 - exact;
  }

  /**
   * Makes the texts and puts their places in order. Returns how many bytes they add at most; −1 if a field
   * disappears, or the object that would hold it is missing.
   */
  #prepare({ scanner, index }: ScannedRecord): number {
    const { cells, stride } = scanner;
    const row = index * stride;
    let added = 0;
    for (let i = 0; i < this.#writes.length; i++) {
      const write = this.#writes[i];
      if (write === undefined) break;
      const { cell, objectCell, path, member } = write;
      const value = this.#result.values[i];
      const kind = cells[row + cell + PathCell.kind] ?? Kind.absent;
      const isNew = kind === Kind.absent;
      const place = isNew ? cells[row + objectCell + ObjectCell.close] : cells[row + cell + PathCell.start];
      if (value === undefined || kind === Kind.duplicate || kind === Kind.blocked || !place) return -1;
      const text = isPlainNumber(value) ? '' : fieldText(value, path);
      this.#texts[i] = text;
      added += (text === '' ? NUMBER_BYTES_MAX : text.length * 3) + (isNew ? member.length * 3 + 1 : 0);
      this.#insert(i, place);
    }
    return added;
  }

  /** Keeps the order of the writes at one place. */
  #insert(write: number, place: number): void {
    this.#places[write] = place;
    let at = write;
    for (; at > 0; at--) {
      const before = this.#order[at - 1] ?? 0;
      if ((this.#places[before] ?? 0) <= place) break;
      this.#order[at] = before;
    }
    this.#order[at] = write;
  }

  #splice(record: ScannedRecord, start: number): number {
    const { cells, stride } = record.scanner;
    const row = record.index * stride;
    const block = this.#block;
    let from = record.start;
    let at = start;
    for (let i = 0; i < this.#order.length; i++) {
      const number = this.#order[i] ?? 0;
      const write = this.#writes[number];
      if (write === undefined) break;
      const place = this.#places[number] ?? 0;
      at = block.copy(at, from, place);
      from = place;
      if (cells[row + write.cell + PathCell.kind] === Kind.absent) {
        const isFirst = (cells[row + write.objectCell + ObjectCell.members] ?? 0) === 0;
        if (!isFirst || this.#isPlace(i - 1, place)) at = block.text(at, ',');
        at = block.text(at, write.member);
      } else from = cells[row + write.cell + PathCell.end] ?? place;
      const value = this.#result.values[number];
      at = isPlainNumber(value) ? block.number(at, value) : block.text(at, this.#texts[number] ?? '');
    }
    return block.copy(at, from, record.end);
  }

  /** Another new field of the same object is written first. */
  #isPlace(i: number, place: number): boolean {
    return i >= 0 && this.#places[this.#order[i] ?? 0] === place;
  }

  #exactSize({ start, end, scanner, index }: ScannedRecord): number {
    const { cells, stride } = scanner;
    const row = index * stride;
    let size = end - start;
    for (const [i, { cell, member }] of this.#writes.entries()) {
      const at = row + cell;
      const value = this.#result.values[i];
      size += Buffer.byteLength(isPlainNumber(value) ? String(value) : (this.#texts[i] ?? ''));
      if (cells[at + PathCell.kind] === Kind.absent) size += Buffer.byteLength(member) + 1;
      else size -= (cells[at + PathCell.end] ?? 0) - (cells[at + PathCell.start] ?? 0);
    }
    return size;
  }

  #rebuild(result: unknown, { start, end }: ScannedRecord, to: number, limit: number): number {
    const text = this.#block.source.utf8Slice(start, end);
    return writeText(rebuiltRecord(text, this.#tree, result), this.#block.target, to, limit);
  }
}

function numberOf(paths: readonly FieldPath[], path: FieldPath): number {
  return paths.findIndex((known) => shownPath(known) === shownPath(path));
}

/** The longest text of a number: `-1.2345678901234567e-300`. */
const NUMBER_BYTES_MAX = 24;

/** Written without making a string of it. */
function isPlainNumber(value: unknown): value is number {
  return typeof value === 'number' && Number.isFinite(value);
}
