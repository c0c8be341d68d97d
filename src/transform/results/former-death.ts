/** For dead letters that are read again: their results do not carry the headers of the earlier rejection. */
import type { InputBatchReader } from '../../wire/input-reader.js';
import { type HeaderValue, unpackHeaders } from '../../wire/packed-headers.js';

export type HeaderList = (readonly [name: string, value: HeaderValue])[];
type SourceHeaders = readonly (readonly [string, Buffer | null])[];

const DEATH_HEADERS: ReadonlySet<string> = new Set(
  (
    'topic partition offset timestamp group code message stack ' +
    'exception attempts stage transform host version time'
  )
    .split(' ')
    .map((name) => `kd-${name}`),
);
const ORIGIN = ['kd-topic', 'kd-partition', 'kd-offset', 'kd-timestamp'] as const;
const MARK = Buffer.from('kd-code');
const ATTEMPTS_MAX = 1_000_000_000;

/** Looks for the bytes first, because hardly any record is a dead letter. */
export function hasDied(reader: InputBatchReader, row: number): boolean {
  const length = reader.headersLength(row);
  if (length <= 0) return false;
  const start = reader.headersStart(row);
  const { bytes } = reader;
  const found = Buffer.from(bytes.buffer, bytes.byteOffset + start, length).includes(MARK);
  return found && headersOf(reader, row).some(([name]) => name === 'kd-code');
}

export function headersOf(reader: InputBatchReader, row: number): SourceHeaders {
  const start = reader.headersStart(row);
  return unpackHeaders(reader.bytes, start, start + Math.max(0, reader.headersLength(row)));
}

/** The headers that a result takes from its source. Those of an earlier rejection are left out. */
export function sourceHeaders(reader: InputBatchReader, row: number): HeaderList {
  const headers = headersOf(reader, row);
  return headers.some(([name]) => name === 'kd-code') ? headersInLife(headers) : [...headers];
}

/** The headers without those of an earlier rejection. */
export function headersInLife(headers: SourceHeaders): HeaderList {
  return headers.filter(([name]) => !DEATH_HEADERS.has(name));
}

/** The origin of a record that was dead-lettered before: the dead-letter topic is not its origin. */
export function originBefore(headers: SourceHeaders): HeaderList | undefined {
  const origin = ORIGIN.flatMap((name) => {
    const header = headers.findLast(([one]) => one === name);
    return header === undefined ? [] : [header];
  });
  return origin.length === ORIGIN.length ? origin : undefined;
}

export function attemptsBefore(headers: SourceHeaders): number {
  const text = headers.findLast(([name]) => name === 'kd-attempts')?.[1]?.toString('latin1') ?? '';
  return /^\d{1,9}$/.test(text) ? Math.min(Number(text), ATTEMPTS_MAX) : 0;
}
