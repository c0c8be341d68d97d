/** Records as lines of JSON, for `produce` and `consume`: `produce` reads exactly what `consume` prints. */
import { isUtf8 } from 'node:buffer';
import { DispatcherError } from '../../core/errors.js';
import { FormatError, parseExactly } from '../../formats/index.js';

/** `key` and header values: text, or `base64:…` for bytes that are not text. */
export interface RecordLine {
  readonly key: Buffer | null;
  /** The value for the output format; null is a tombstone. Ignored when `bytes` is given. */
  readonly value: unknown;
  /** The exact bytes of the value, whatever the format. */
  readonly bytes: Buffer | undefined;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
  readonly partition: number | undefined;
  /** Milliseconds; undefined = now. */
  readonly timestampMs: number | undefined;
}

export interface LineFormat {
  /** The line is the value alone. */
  readonly valueOnly: boolean;
  /** raw: a value is text or `base64:…`; anything else is written as JSON. */
  readonly format: 'raw' | 'json' | 'avro';
}

const FIELDS = new Set([
  'key',
  'value',
  'valueBase64',
  'format',
  'undecodable',
  'headers',
  'partition',
  'timestamp',
  'topic',
  'offset',
]);
const BASE64 = 'base64:';
const BASE64_TEXT = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const PARTITION_MAX = 2 ** 31 - 1;
const NOTHING_ELSE = {
  key: null,
  headers: [],
  partition: undefined,
  timestampMs: undefined,
  bytes: undefined,
};

/** `line` without its line end. Throws USAGE with the fault; the caller adds the line number. */
export function parseRecordLine(line: Buffer, format: LineFormat): RecordLine {
  if (format.valueOnly && format.format === 'raw') return { ...NOTHING_ELSE, value: rawLine(line) };
  const document = parseJson(line);
  if (format.valueOnly) return { ...NOTHING_ELSE, value: document };
  if (typeof document !== 'object' || document === null || Array.isArray(document))
    throw bad('is not an object', 'write { "key": …, "value": … } on each line, or use --value-only');
  const record = new Map<string, unknown>(Object.entries(document));
  for (const name of record.keys())
    if (!FIELDS.has(name))
      throw bad(
        `has the unknown field ${JSON.stringify(name)}`,
        'the fields are key, value, headers, partition and timestamp',
      );
  if (!record.has('value') && !record.has('valueBase64'))
    throw bad('has no value', 'write "value": null for a tombstone');
  const bytes = exactBytes(record, format);
  const value = record.get('value');
  return {
    key: bytesOrNull('key', record.get('key')),
    value: bytes !== undefined || format.format !== 'raw' ? value : rawValue(value),
    bytes,
    headers: headersOf(record.get('headers')),
    partition: integer('partition', record.get('partition'), PARTITION_MAX),
    timestampMs: timestamp(record.get('timestamp')),
  };
}

/** `kd consume` adds this when the decoded value alone would not restore the bytes. */
function exactBytes(record: ReadonlyMap<string, unknown>, { format }: LineFormat): Buffer | undefined {
  const text = record.get('valueBase64');
  if (text === undefined) {
    if (!record.has('undecodable')) return undefined;
    throw bad(
      'holds a record that could not be decoded, without its bytes',
      'print it with kd consume -o json',
    );
  }
  if (typeof text !== 'string')
    throw bad('has a valueBase64 that is not text', 'write base64, or leave it out');
  const written = record.get('format');
  if (written !== undefined && written !== format)
    throw bad(
      `holds the bytes of a record in ${JSON.stringify(written)}, but kd produce writes ${format}`,
      'use the format that the record was read in: --format, or the configuration of that job',
    );
  return base64('valueBase64', text);
}

function parseJson(line: Buffer): unknown {
  if (!isUtf8(line)) throw bad('holds bytes that are not UTF-8', 'write them as base64:…');
  try {
    return parseExactly(line.toString());
  } catch (cause) {
    if (!(cause instanceof FormatError)) throw cause;
    throw bad(cause.message, 'write one JSON document on each line', cause);
  }
}

/** The exact bytes of the line, except for `base64:…`. */
function rawLine(line: Buffer): Buffer {
  if (line.subarray(0, BASE64.length).toString('latin1') !== BASE64) return Buffer.from(line);
  return base64('value', line.toString('latin1', BASE64.length));
}

function rawValue(value: unknown): Buffer | null {
  if (value === null || typeof value === 'string') return bytesOrNull('value', value);
  return Buffer.from(JSON.stringify(value));
}

function bytesOrNull(name: string, value: unknown): Buffer | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string')
    throw bad(`has a ${name} that is not text`, `write ${name} as text, base64:… or null`);
  if (value.startsWith(BASE64)) return base64(name, value.slice(BASE64.length));
  // Half of a surrogate pair has no UTF-8 form: it would become another character.
  if (!isWellFormed(value))
    throw bad(`has a ${name} with half of a surrogate pair`, `write the bytes of ${name} as base64:…`);
  return Buffer.from(value);
}

function isWellFormed(text: string): boolean {
  return !/\p{Surrogate}/u.test(text);
}

function base64(name: string, text: string): Buffer {
  const bytes = BASE64_TEXT.test(text) ? Buffer.from(text, 'base64') : undefined;
  // Bits after the last byte would be lost.
  if (bytes === undefined || bytes.toString('base64') !== text)
    throw bad(
      `has a ${name} that is not valid base64`,
      'write it with its padding, in the standard alphabet',
    );
  return bytes;
}

function headersOf(value: unknown): [string, Buffer | null][] {
  if (value === undefined || value === null) return [];
  if (typeof value !== 'object')
    throw bad(
      'has headers that are neither an object nor a list',
      'write { "name": "value" } or [["name", "value"], …]',
    );
  const entries: unknown[] = Array.isArray(value) ? value : Object.entries(value);
  return entries.map((entry) => {
    if (!Array.isArray(entry) || entry.length !== 2 || typeof entry[0] !== 'string') {
      throw bad(
        'has a header that is not a pair of name and value',
        'write headers as { "name": "value" } or [["name", "value"], …]',
      );
    }
    return [entry[0], bytesOrNull(`header ${entry[0]}`, entry[1])];
  });
}

function timestamp(value: unknown): number | undefined {
  if (typeof value !== 'string') return integer('timestamp', value, Number.MAX_SAFE_INTEGER);
  const parsed = Date.parse(value);
  if (Number.isNaN(parsed))
    throw bad(`has the timestamp ${JSON.stringify(value)}`, 'write milliseconds since 1970 or an ISO date');
  return parsed;
}

function integer(name: string, value: unknown, max: number): number | undefined {
  if (value === undefined || value === null) return undefined;
  if (typeof value !== 'number' || !Number.isSafeInteger(value) || value < 0 || value > max) {
    throw bad(`has the ${name} ${JSON.stringify(value)}`, `write ${name} as a whole number from 0 to ${max}`);
  }
  return value;
}

function bad(what: string, remedy: string, cause?: unknown): DispatcherError {
  return new DispatcherError('USAGE', what, { remedy, ...(cause === undefined ? {} : { cause }) });
}
