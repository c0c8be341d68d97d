import { once } from 'node:events';
import type { InputBatch } from '../../core/batch.js';
import { visible } from '../../core/visible.js';
import {
  createDecoder,
  createEncoder,
  type Decoder,
  type Encoder,
  type FormatSpec,
  toDisplay,
} from '../../formats/index.js';
import type { AssignedPartition } from '../../ports/source.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { unpackHeaders } from '../../wire/packed-headers.js';
import type { CliIo } from '../io.js';

/** The range of a Date; the timestamp of a record may be any number. */
const DATE_MS_MAX = 8.64e15;

/** The fields of a line that describe the value. */
interface ShownValue {
  /** Decoded, for people; null if it can't be decoded. */
  readonly value: unknown;
  readonly undecodable?: string;
  /** The exact bytes, if the value alone would not restore them. */
  readonly valueBase64?: string;
  readonly format?: FormatSpec['format'];
}

/** Records were written with their writer's schema. */
function writtenAs(spec: FormatSpec): FormatSpec {
  if (spec.schema?.writerPath === undefined) return spec;
  return { ...spec, schema: { path: spec.schema.writerPath, references: spec.schema.references } };
}

/** Prints records as lines, for people or as JSON that `kd produce` reads. */
export class RecordPrinter {
  readonly #format: FormatSpec['format'];
  readonly #decoder: Decoder;
  readonly #encoder: Encoder;
  readonly #options: { readonly json: boolean; readonly max: number };
  readonly #io: CliIo;
  readonly #rows = new InputBatchReader();
  #printed = 0;

  constructor(spec: FormatSpec, options: { json: boolean; max: number }, io: CliIo) {
    this.#format = spec.format;
    this.#decoder = createDecoder(spec);
    this.#encoder = createEncoder(writtenAs(spec));
    this.#options = options;
    this.#io = io;
  }

  /** False when enough records have been printed. */
  async print(
    batch: InputBatch,
    partitionOf: (partitionId: number) => AssignedPartition & { readonly untilOffset: number },
  ): Promise<boolean> {
    this.#rows.open(batch.block.bytes);
    for (const { partitionId, firstRow, rowCount } of batch.segments) {
      const place = partitionOf(partitionId);
      for (let row = firstRow; row < firstRow + rowCount; row++) {
        if (this.#printed >= this.#options.max) return false;
        if (this.#rows.offset(row) >= place.untilOffset) break;
        const line = this.#line(row, place);
        this.#printed += 1;
        if (!this.#io.stdout.write(line)) await once(this.#io.stdout, 'drain');
      }
    }
    return this.#printed < this.#options.max;
  }

  #line(row: number, { topic, partition }: AssignedPartition): string {
    const rows = this.#rows;
    const offset = rows.offset(row);
    const timestamp = rows.timestamp(row);
    const key = toDisplay(this.#bytes(rows.keyStart(row), rows.keyLength(row)));
    const shown = this.#value(row);
    const start = rows.headersStart(row);
    const headers = unpackHeaders(rows.bytes, start, start + Math.max(rows.headersLength(row), 0)).map(
      ([name, bytes]) => [name, toDisplay(bytes)],
    );
    if (this.#options.json)
      return `${JSON.stringify({ topic, partition, offset, timestamp, key, ...shown, headers })}\n`;
    const time =
      timestamp < 0 || timestamp > DATE_MS_MAX ? String(timestamp) : new Date(timestamp).toISOString();
    const shownHeaders = headers.length === 0 ? '' : `  ${JSON.stringify(headers)}`;
    // Exact bytes are what JSON is for; here a record has one line, and no say about the terminal.
    return `${visible(
      `${topic}[${partition}] ${offset}  ${time}  ${key === null ? 'null' : String(key)}  ` +
        `${this.#asText(row, shown)}${shownHeaders}`,
    )}\n`;
  }

  #value(row: number): ShownValue {
    const length = this.#rows.valueLength(row);
    if (length < 0) return { value: null };
    const start = this.#rows.valueStart(row);
    const bytes = this.#bytes(start, length) ?? Buffer.alloc(0);
    try {
      const value = toDisplay(this.#decoder.decode(this.#rows.bytes, start, start + length));
      if (!this.#options.json || this.#givesBack(value, bytes)) return { value };
      return { value, ...this.#exactly(bytes) };
    } catch (error) {
      // A record that does not match its format is often the one that people look for: print it raw, with the
      // reason.
      const undecodable = error instanceof Error ? error.message : String(error);
      return { value: null, undecodable, ...this.#exactly(bytes) };
    }
  }

  #exactly(bytes: Buffer): Pick<ShownValue, 'valueBase64' | 'format'> {
    return { valueBase64: bytes.toString('base64'), format: this.#format };
  }

  /** True if `kd produce` in the same format restores the bytes of the value. */
  #givesBack(value: unknown, bytes: Buffer): boolean {
    // Raw bytes are printed completely.
    if (this.#format === 'raw') return true;
    if (value === null) return false;
    const room = Buffer.alloc(bytes.length);
    try {
      const end = this.#encoder.encode(JSON.parse(JSON.stringify(value)), room, 0, room.length);
      return end === bytes.length && room.equals(bytes);
    } catch {
      return false;
    }
  }

  #asText(row: number, { value, undecodable }: ShownValue): string {
    if (undecodable !== undefined)
      return `undecodable (${undecodable}): ${String(
        toDisplay(this.#bytes(this.#rows.valueStart(row), this.#rows.valueLength(row))),
      )}`;
    return typeof value === 'string' ? value : JSON.stringify(value);
  }

  #bytes(start: number, length: number): Buffer | null {
    return length < 0 ? null : Buffer.from(this.#rows.bytes.subarray(start, start + length));
  }
}
