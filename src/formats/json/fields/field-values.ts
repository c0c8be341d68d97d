import type { FieldPath, FieldTree } from '../../fields/declared.js';
import { parseExactly } from '../../json-decode.js';
import { TEXT_WINDOW_BYTES } from '../../limits.js';
import { BufferCache } from '../../memory.js';
import type { JsonScanner } from '../scanner.js';
import { Kind, PathCell, RowCell } from '../scanner-layout.js';

type MakeValue = (index: number) => unknown;

/** Creates the values of declared fields from the cells of a scanned row. */
export class FieldValues {
  readonly #scanner: JsonScanner;
  /** For each path: its cells in a row, and its place among the row's numbers. */
  readonly #pathCells: readonly number[];
  readonly #numbers: readonly number[];
  readonly #buffers = new BufferCache();
  readonly #make: MakeValue;
  #bytes: Uint8Array = new Uint8Array(0);
  /** The text of `[#textStart, #textEnd)`, from which short strings are cut. */
  #text = '';
  #textStart = 0;
  #textEnd = 0;

  constructor(scanner: JsonScanner, reads: FieldTree, paths: readonly FieldPath[]) {
    this.#scanner = scanner;
    this.#pathCells = paths.map((_path, index) => scanner.pathCell(index));
    this.#numbers = paths.map((_path, index) => scanner.numberOf(index));
    const literal = objectLiteral(reads, [], paths);
    // Safe: the names come from the user's own module, and are string literals in the source.
    const compile = new Function('read', `return (index) => (${literal});`) as (
      read: (index: number, path: number) => unknown,
    ) => MakeValue;
    this.#make = compile((index, path) => this.#read(index, path));
  }

  /** The value of the row with this number among the scanned ones. */
  of(bytes: Uint8Array, index: number): unknown {
    if (bytes !== this.#bytes) {
      this.#bytes = bytes;
      this.#textEnd = 0;
    }
    return this.#make(index);
  }

  /** The block has other records from now on. */
  release(): void {
    this.#textEnd = 0;
  }

  #read(index: number, path: number): unknown {
    const { cells, numbers, stride } = this.#scanner;
    const cell = index * stride + (this.#pathCells[path] ?? 0);
    switch (cells[cell + PathCell.kind]) {
      case Kind.number:
        return numbers[index * this.#pathCells.length + (this.#numbers[path] ?? 0)];
      case Kind.string:
        return this.#ascii(start(cells, cell) + 1, end(cells, cell) - 1, endOfRow(this.#scanner, index));
      case Kind.null:
        return null;
      case Kind.true:
        return true;
      case Kind.false:
        return false;
      case Kind.absent:
      case Kind.blocked:
        return undefined;
      default:
        return parseExactly(this.#buffers.of(this.#bytes).utf8Slice(start(cells, cell), end(cells, cell)));
    }
  }

  #ascii(from: number, to: number, recordEnd: number): string {
    if (from < this.#textStart || to > this.#textEnd) {
      // Batches are packed downwards: just before a small record are the next ones, whose texts are read with
      // it.
      const textStart = Math.max(0, recordEnd - TEXT_WINDOW_BYTES);
      const buffer = this.#buffers.of(this.#bytes);
      if (from < textStart) return buffer.latin1Slice(from, to);
      this.#text = buffer.latin1Slice(textStart, recordEnd);
      this.#textStart = textStart;
      this.#textEnd = recordEnd;
    }
    return this.#text.substring(from - this.#textStart, to - this.#textStart);
  }
}

function endOfRow({ cells, stride }: JsonScanner, index: number): number {
  return cells[index * stride + RowCell.end] ?? 0;
}

function start(cells: Int32Array, cell: number): number {
  return cells[cell + PathCell.start] ?? 0;
}

function end(cells: Int32Array, cell: number): number {
  return cells[cell + PathCell.end] ?? 0;
}

/** One literal, so that all values have one hidden class. */
function objectLiteral(tree: FieldTree, within: FieldPath, paths: readonly FieldPath[]): string {
  const members = [...tree].map(([name, inside]) => {
    const path = [...within, name];
    const value =
      inside === 'whole'
        ? `read(index, ${paths.findIndex((known) => isSame(known, path))})`
        : objectLiteral(inside, path, paths);
    return `${JSON.stringify(name)}: ${value}`;
  });
  return `{ ${members.join(', ')} }`;
}

function isSame(one: FieldPath, other: FieldPath): boolean {
  return one.length === other.length && one.every((name, at) => name === other[at]);
}
