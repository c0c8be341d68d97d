/**
 * Finds the trace contexts of some records of an input batch, in their headers, without decoding the records.
 * The look is bounded, because it happens on the main thread: a few rows of the batch, and a few headers of
 * each.
 */
import { INPUT_ROW_BYTES, InputHeader, InputRow } from './layout.js';

export const LookLimits = {
  /** Rows that are looked at, spread evenly over the batch. */
  rowsMax: 64,
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
/** An id of zeros is no id. What follows the last part belongs to a later version than 00. */
const TRACE_PARENT = /^(?!ff)([0-9a-f]{2})-(?!0{32})([0-9a-f]{32})-(?!0{16})([0-9a-f]{16})-[0-9a-f]{2}(-|$)/;
/** Where its flags end; digits with the lowest bit set mean that the record is sampled. */
const FLAGS_AT = 54;
const SAMPLED = new Set(Buffer.from('13579bdf', 'latin1'));

/** The contexts of records that their producers sampled, each one once. */
export function sampledContexts(block: Uint8Array): readonly SampledContext[] {
  const bytes = Buffer.from(block.buffer, block.byteOffset, block.byteLength);
  const view = new DataView(block.buffer, block.byteOffset, block.byteLength);
  const rows = view.getUint32(InputHeader.rowCount, true);
  const rowsAt = view.getUint32(InputHeader.rowsPosition, true);
  const step = Math.max(1, rows / LookLimits.rowsMax);
  const found = new Map<string, SampledContext>();
  for (let next = 0; next < rows && found.size < LookLimits.contextsMax; next += step) {
    const row = Math.floor(next);
    const context = contextOf({ bytes, view }, rowsAt + row * INPUT_ROW_BYTES, row);
    if (context === undefined) continue;
    const key = context.traceId + context.spanId;
    if (!found.has(key)) found.set(key, context);
  }
  return [...found.values()];
}

/** Of one block. */
interface Views {
  readonly bytes: Buffer;
  readonly view: DataView;
}

function contextOf({ bytes, view }: Views, at: number, row: number): SampledContext | undefined {
  // Another thread may still write to a block that is reused: what does not fit is left out.
  if (at + INPUT_ROW_BYTES > bytes.length) return undefined;
  const headersLength = view.getInt32(at + InputRow.headersLength, true);
  if (headersLength <= 0) return undefined;
  const begin =
    view.getUint32(at + InputRow.position, true) +
    Math.max(0, view.getInt32(at + InputRow.keyLength, true)) +
    Math.max(0, view.getInt32(at + InputRow.valueLength, true));
  const end = begin + headersLength;
  if (end > bytes.length) return undefined;
  const { parent, state } = traceHeaders({ bytes, view }, begin, end);
  const [, version, traceId, spanId, rest] = TRACE_PARENT.exec(parent ?? '') ?? [];
  if (traceId === undefined || spanId === undefined || (version === '00' && rest === '-')) return undefined;
  return { row, traceId, spanId, traceState: state };
}

interface TraceHeaders {
  /** Undefined: there is none, or the record is not sampled. */
  readonly parent: string | undefined;
  readonly state: string | undefined;
}

/** The last header of a name counts, as in `record.header(name)`. */
function traceHeaders({ bytes, view }: Views, begin: number, end: number): TraceHeaders {
  let parentAt = -1;
  let parentLength = 0;
  let stateAt = -1;
  let stateLength = 0;
  let at = begin;
  for (let count = 0; count < LookLimits.headersMax && at + 8 <= end; count++) {
    const nameLength = view.getUint32(at, true);
    const valueLength = view.getInt32(at + 4, true);
    const valueAt = at + 8 + nameLength;
    const next = valueAt + Math.max(0, valueLength);
    if (next > end) break;
    if (isNamed(bytes, at + 8, nameLength, NAMES.traceparent)) {
      parentAt = valueAt;
      parentLength = valueLength;
    } else if (isNamed(bytes, at + 8, nameLength, NAMES.tracestate)) {
      stateAt = valueAt;
      stateLength = valueLength;
    }
    at = next;
  }
  // Nothing is made into text before the flags have been looked at: most records are not sampled.
  if (parentLength <= FLAGS_AT || !SAMPLED.has(bytes[parentAt + FLAGS_AT] ?? 0)) return NO_HEADERS;
  return {
    parent: bytes.toString('latin1', parentAt, parentAt + Math.min(parentLength, FLAGS_AT + 2)),
    state:
      stateLength > 0 && stateLength <= LookLimits.traceStateBytesMax
        ? bytes.toString('latin1', stateAt, stateAt + stateLength)
        : undefined,
  };
}

const NO_HEADERS: TraceHeaders = { parent: undefined, state: undefined };

function isNamed(bytes: Buffer, at: number, length: number, name: Buffer): boolean {
  if (length !== name.length) return false;
  for (let index = 0; index < length; index++) if (bytes[at + index] !== name[index]) return false;
  return true;
}
