/** Records as lines of JSON, for `produce` and `consume`: what one prints the other takes. */
import { DispatcherError } from '../core/errors.js';

/** `key` and header values: text, or `base64:…` for bytes that are no text. */
export interface RecordLine {
  readonly key: Buffer | null;
  /** As the output format wants it; null is a tombstone. */
  readonly value: unknown;
  readonly headers: readonly (readonly [name: string, value: Buffer | null])[];
  readonly partition: number | undefined;
  /** Milliseconds; undefined = now. */
  readonly timestampMs: number | undefined;
}

export interface LineFormat {
  /** The line is the value alone. */
  readonly valueOnly: boolean;
  /** raw: a value is text or `base64:…`, anything else is written as JSON. */
  readonly raw: boolean;
}

const FIELDS = new Set(['key', 'value', 'headers', 'partition', 'timestamp', 'topic', 'offset']);
const BASE64 = 'base64:';
const PARTITION_MAX = 2 ** 31 - 1;

export function parseRecordLine(line: string, format: LineFormat): RecordLine {
  if (format.valueOnly) {
    const value = format.raw ? bytesOf(line) : parseJson(line);
    return { key: null, value, headers: [], partition: undefined, timestampMs: undefined };
  }
  const fields = parseJson(line);
  if (typeof fields !== 'object' || fields === null || Array.isArray(fields)) {
    throw bad('is not an object', 'write { "key": …, "value": … } on each line, or use --value-only');
  }
  const record = new Map(Object.entries(fields));
  for (const name of record.keys()) {
    if (!FIELDS.has(name))
      throw bad(
        `has the unknown field ${JSON.stringify(name)}`,
        'fields are key, value, headers, partition, timestamp',
      );
  }
  if (!record.has('value')) throw bad('has no value', 'write "value": null for a tombstone');
  return {
    key: bytesOrNull('key', record.get('key')),
    value: format.raw ? rawValue(record.get('value')) : record.get('value'),
    headers: headersOf(record.get('headers')),
    partition: integer('partition', record.get('partition'), PARTITION_MAX),
    timestampMs: timestamp(record.get('timestamp')),
  };
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw bad(
      `is not JSON: ${cause instanceof Error ? cause.message : ''}`,
      'write one JSON document on each line',
      cause,
    );
  }
}

function rawValue(value: unknown): Buffer | null {
  if (value === null || typeof value === 'string') return bytesOrNull('value', value);
  return Buffer.from(JSON.stringify(value));
}

function bytesOrNull(name: string, value: unknown): Buffer | null {
  if (value === undefined || value === null) return null;
  if (typeof value !== 'string')
    throw bad(`has a ${name} that is no text`, `write ${name} as text, base64:… or null`);
  return bytesOf(value);
}

function bytesOf(text: string): Buffer {
  return text.startsWith(BASE64) ? Buffer.from(text.slice(BASE64.length), 'base64') : Buffer.from(text);
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
        'has a header that is no pair of name and value',
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
