/**
 * Finds the trace contexts of some records of an input batch, in their headers, without decoding the records.
 * The look is bounded, because it happens on the main thread: a few rows of the batch, and a few headers of
 * each.
 */
import { INPUT_ROW_BYTES, InputHeader, InputRow } from './layout.js';

export const LookLimits = {
  /** Rows that are looked at, spread evenly over the batch. */
  rowsMax: 256,
  /** Headers of one row that are looked at. */
  headersMax: 64,
  /** Contexts that are returned. */
  contextsMax: 32,
  /** Longer ones are left out; W3C asks for at least 512 to be passed on. */
  traceStateBytesMax: 512,
} as const;

export interface SampledContext {
  readonly row: number;
  readonly traceId: string;
  readonly spanId: string;
  readonly traceState: string | undefined;
}

const NAMES = {
  traceparent: Buffer.from('traceparent', 'latin1'),
  tracestate: Buffer.from('tracestate', 'latin1'),
} as const;
const TRACE_PARENT_BYTES = 55;
/** An id of zeros is no id. What follows the last part belongs to a later version than 00. */
const TRACE_PARENT =
  /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-([0-9a-f]{2})(-|$)/;
const SAMPLED = 1;

/** The contexts of records that their producers sampled, each one once. */
export function sampledContexts(block: Uint8Array): readonly SampledContext[] {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const rows = bytes.readUInt32LE(InputHeader.rowCount);
  const rowsAt = bytes.readUInt32LE(InputHeader.rowsPosition);
  const step = Math.max(1, rows / LookLimits.rowsMax);
  const found = new Map<string, SampledContext>();
  for (let next = 0; next < rows && found.size < LookLimits.contextsMax; next += step) {
    const row = Math.floor(next);
    const context = contextOf(bytes, rowsAt + row * INPUT_ROW_BYTES, row);
    if (context === undefined) continue;
    const key = context.traceId + context.spanId;
    if (!found.has(key)) found.set(key, context);
  }
  return [...found.values()];
}

function contextOf(bytes: Buffer, at: number, row: number): SampledContext | undefined {
  // Another thread may still write to a block that is reused: what does not fit is left out.
  if (at + INPUT_ROW_BYTES > bytes.length) return undefined;
  const headersLength = bytes.readInt32LE(at + InputRow.headersLength);
  if (headersLength <= 0) return undefined;
  const begin =
    bytes.readUInt32LE(at + InputRow.position) +
    Math.max(0, bytes.readInt32LE(at + InputRow.keyLength)) +
    Math.max(0, bytes.readInt32LE(at + InputRow.valueLength));
  const end = begin + headersLength;
  if (end > bytes.length) return undefined;
  const { parent, state } = traceHeaders(bytes, begin, end);
  const [, version, traceId, spanId, flags, rest] = TRACE_PARENT.exec(parent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && rest === '-')) return undefined;
  if ((Number.parseInt(flags ?? '', 16) & SAMPLED) === 0) return undefined;
  return { row, traceId, spanId, traceState: state };
}

interface TraceHeaders {
  readonly parent: string | undefined;
  readonly state: string | undefined;
}

/** The last header of a name counts, as in `record.header(name)`. */
function traceHeaders(bytes: Buffer, begin: number, end: number): TraceHeaders {
  let [parent, state]: (string | undefined)[] = [];
  let at = begin;
  for (let count = 0; count < LookLimits.headersMax && at + 8 <= end; count++) {
    const nameLength = bytes.readUInt32LE(at);
    const valueLength = bytes.readInt32LE(at + 4);
    const valueAt = at + 8 + nameLength;
    const next = valueAt + Math.max(0, valueLength);
    if (next > end) break;
    if (isNamed(bytes, at + 8, nameLength, NAMES.traceparent))
      parent = text(bytes, valueAt, valueLength, TRACE_PARENT_BYTES + 1);
    else if (isNamed(bytes, at + 8, nameLength, NAMES.tracestate))
      state = valueLength > LookLimits.traceStateBytesMax ? undefined : text(bytes, valueAt, valueLength);
    at = next;
  }
  return { parent, state };
}

function isNamed(bytes: Buffer, at: number, length: number, name: Buffer): boolean {
  return length === name.length && name.compare(bytes, at, at + length) === 0;
}

function text(bytes: Buffer, at: number, length: number, lengthMax = length): string | undefined {
  return length < 0 ? undefined : bytes.toString('latin1', at, at + Math.min(length, lengthMax));
}
