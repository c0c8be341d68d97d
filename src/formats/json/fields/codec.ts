import { DispatcherError } from '../../../core/errors.js';
import { type DeclaredFields, type FieldPath, shownPath, treeOf } from '../../fields/declared.js';
import type { Decoder, Encoder } from '../../format.js';
import { checkKeys, JsonDecoder } from '../../json-decode.js';
import { BufferCache, utf8Text } from '../../memory.js';
import { ScannedRows } from '../scanned-rows.js';
import { JsonScanner } from '../scanner.js';
import { RowCell, RowStatus } from '../scanner-layout.js';
import { FieldValues } from './field-values.js';
import { type Room, type ScannedRecord, Splice } from './splice.js';

/** Creates the fields that a transform reads; the whole record is checked. */
class FieldDecoder implements Decoder {
  readonly rows: ScannedRows;
  /** For results that come after other records were decoded, such as those of asynchronous transforms. */
  readonly later: ScannedRows;
  readonly #values: FieldValues;
  readonly #strict = new JsonDecoder();
  readonly #buffers = new BufferCache();

  constructor(declared: DeclaredFields, paths: readonly FieldPath[]) {
    this.rows = new ScannedRows(new JsonScanner(paths));
    this.later = new ScannedRows(new JsonScanner(paths));
    this.#values = new FieldValues(this.rows.scanner, treeOf(declared.reads), paths);
  }

  decode(bytes: Uint8Array, start: number, end: number, row = 0): unknown {
    const index = this.rows.indexOf(bytes, row);
    const { cells, stride } = this.rows.scanner;
    const status = cells[index * stride + RowCell.status];
    if (status !== RowStatus.safe) this.#lookCloser(status, bytes, start, end);
    return this.#values.of(bytes, index);
  }

  release(): void {
    this.rows.forget();
    this.later.forget();
    this.#values.release();
  }

  /** Numbers that are only copied may have any digits. */
  #lookCloser(status: number | undefined, bytes: Uint8Array, start: number, end: number): void {
    if (status === RowStatus.closer) {
      checkKeys(utf8Text(this.#buffers.of(bytes), start, end));
      return;
    }
    this.#strict.decode(bytes, start, end);
    throw new Error('the JSON scanner refused a record that the strict decoder accepts');
  }
}

/** Writes the fields that a transform returns into a copy of the record. */
class FieldEncoder implements Encoder {
  readonly #decoder: FieldDecoder;
  readonly #splice: Splice;
  /** Reused, as there is one for each record. */
  readonly #record: Mutable<ScannedRecord>;
  readonly #room: Mutable<Room> = { bytes: NOTHING, start: 0, limit: 0 };

  constructor(decoder: FieldDecoder, splice: Splice) {
    this.#decoder = decoder;
    this.#splice = splice;
    this.#record = { bytes: NOTHING, start: 0, end: 0, scanner: decoder.rows.scanner, index: 0 };
  }

  from(bytes: Uint8Array, start: number, end: number, row = 0): void {
    const { rows: decoded, later } = this.#decoder;
    const rows = decoded.has(bytes, row) ? decoded : later;
    const record = this.#record;
    record.bytes = bytes;
    record.start = start;
    record.end = end;
    record.scanner = rows.scanner;
    record.index = rows.indexOf(bytes, row);
  }

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    const room = this.#room;
    room.bytes = bytes;
    room.start = start;
    room.limit = limit;
    return this.#splice.write(value, this.#record, room);
  }
}

type Mutable<Shape> = { -readonly [Key in keyof Shape]: Shape[Key] };

const NOTHING = new Uint8Array(0);

/**
 * A decoder of the declared fields and an encoder that copies all others. Throws DispatcherError
 * CONFIGURATION for more fields, or longer names, than the scanner takes.
 */
export function createJsonFields(declared: DeclaredFields): {
  readonly decoder: Decoder;
  readonly encoder: Encoder;
} {
  const byName = new Map([...declared.reads, ...declared.writes].map((path) => [shownPath(path), path]));
  const paths = [...byName.values()];
  const decoder = fieldDecoder(declared, paths);
  const splice = new Splice(decoder.rows.scanner, treeOf(declared.writes), paths, declared.writes);
  return { decoder, encoder: new FieldEncoder(decoder, splice) };
}

function fieldDecoder(declared: DeclaredFields, paths: readonly FieldPath[]): FieldDecoder {
  try {
    return new FieldDecoder(declared, paths);
  } catch (cause) {
    if (!(cause instanceof RangeError)) throw cause;
    throw new DispatcherError('CONFIGURATION', `these fields can't be declared: ${cause.message}`, {
      remedy: 'declare fewer fields, or the object that holds them; or remove `reads` and `writes`',
      cause,
    });
  }
}
