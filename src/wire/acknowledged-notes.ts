/** The writer's report of where the acknowledged records of a part are (docs/WIRE.md). */
import { type HashSum, sumAt } from '../core/receipts/sum.js';

const HEADER_BYTES = 16;
const SUM_BYTES = 16;
const GROUP_BYTES = 40;
const RUN_BYTES = 16;

/** Acknowledged records of one topic and partition. */
export interface AcknowledgedGroup {
  readonly topic: number;
  readonly partition: number;
  readonly records: number;
  readonly sum: HashSum;
  /** In the order in which they were sent: offsets rise. */
  readonly runs: readonly AcknowledgedRun[];
}

/** Consecutive offsets. */
export interface AcknowledgedRun {
  readonly from: number;
  readonly to: number;
  /** One byte of each record's hash. */
  readonly marks: Uint8Array;
}

/** How many acknowledged records came from each segment of the input batch. */
export function ackedBySegment(notes: Uint8Array): Uint32Array {
  const count = viewOf(notes).getUint32(4, true);
  return new Uint32Array(notes.buffer, notes.byteOffset + HEADER_BYTES, count);
}

/** Records that were acknowledged without an offset. */
export function unplacedIn(notes: Uint8Array): number {
  return viewOf(notes).getUint32(8, true);
}

export function groupsIn(notes: Uint8Array): readonly AcknowledgedGroup[] {
  const view = viewOf(notes);
  const count = view.getUint32(0, true);
  const segments = view.getUint32(4, true);
  const sums = view.getUint32(12, true) === 0 ? 0 : segments * SUM_BYTES;
  const first = sumsPosition(segments) + sums;
  return Array.from({ length: count }, (_, index) => groupAt(notes, view, first + index * GROUP_BYTES));
}

/**
 * The hashes of the input of a part whose rows were all written as they were read; undefined: of another
 * part. `row` counts from the part's first one.
 */
export function inputHash(
  notes: Uint8Array,
  segment: number,
  row: number,
  rowCount: number,
): { readonly sum: HashSum; readonly marks: Uint8Array } | undefined {
  const view = viewOf(notes);
  const marksPosition = view.getUint32(12, true);
  if (marksPosition === 0) return undefined;
  const sum = sumAt(notes, sumsPosition(view.getUint32(4, true)) + segment * SUM_BYTES);
  return { sum, marks: notes.subarray(marksPosition + row, marksPosition + row + rowCount) };
}

function sumsPosition(segments: number): number {
  return (HEADER_BYTES + 4 * segments + 7) & ~7;
}

function groupAt(notes: Uint8Array, view: DataView, at: number): AcknowledgedGroup {
  const runCount = view.getUint32(at + 12, true);
  const runsPosition = view.getUint32(at + 32, true);
  let marksPosition = view.getUint32(at + 36, true);
  const runs = Array.from({ length: runCount }, (_, index) => {
    const from = view.getFloat64(runsPosition + index * RUN_BYTES, true);
    const count = view.getFloat64(runsPosition + index * RUN_BYTES + 8, true);
    const marks = notes.subarray(marksPosition, marksPosition + count);
    marksPosition += count;
    return { from, to: from + count, marks };
  });
  return {
    topic: view.getUint32(at, true),
    partition: view.getUint32(at + 4, true),
    records: view.getUint32(at + 8, true),
    sum: sumAt(notes, at + 16),
    runs,
  };
}

function viewOf(notes: Uint8Array): DataView {
  return new DataView(notes.buffer, notes.byteOffset, notes.byteLength);
}
