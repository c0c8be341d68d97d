/** The lines of a receipt. docs/RECEIPTS.md describes them for people. */
import type { OffsetRange } from '../offset-ranges.js';

/** Input offsets `[from, to)`, the records in them, and how many acknowledged records came from these. */
export type InputPiece = readonly [from: number, to: number, records: number, outputs: number];

export interface TopicIdentity {
  readonly topic: string;
  /** Null: the brokers do not report ids. */
  readonly id: string | null;
}

export interface PartitionRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

/** The digests of what was run. */
export interface RunDigests {
  readonly configuration: string;
  readonly transform: { readonly file: string; readonly sha256: string } | null;
}

interface Line {
  readonly time: string;
  /** A process that wrote lines; the same for all lines of one process. */
  readonly instance: string;
}

export interface BegunLine extends Line, RunDigests {
  readonly kind: 'begun';
  readonly schema: 1;
  readonly version: string;
  readonly host: string;
  readonly name: string;
  readonly group: string;
  readonly until: string;
  readonly inputs: readonly TopicIdentity[];
  readonly outputs: readonly TopicIdentity[];
  /** Where the output topics ended: records below were written before the run. */
  readonly outputEnds: readonly Omit<PartitionRange, 'from'>[];
}

/** A reload brought another configuration or transform. */
export interface ReloadedLine extends Line, RunDigests {
  readonly kind: 'reloaded';
}

/**
 * The range that a bounded run has to read. `exact`: from the first offset on, not from the group's
 * commits.
 */
export interface BoundsLine extends Line {
  readonly kind: 'bounds';
  readonly exact: boolean;
  readonly ranges: readonly PartitionRange[];
}

interface Hashed {
  readonly topic: string;
  readonly partition: number;
  readonly records: number;
  /** See {@link sumText}. */
  readonly sum: string;
  /** One byte of each record's hash, base64, in the order of offsets within each range. */
  readonly marks: string;
}

export interface SettledInput extends Hashed {
  readonly pieces: readonly InputPiece[];
}

export interface AcknowledgedOutput extends Hashed {
  readonly runs: readonly OffsetRange[];
}

export interface Outcomes {
  readonly transformed: number;
  readonly filtered: Readonly<Record<string, number>>;
  readonly deadLettered: Readonly<Record<string, number>>;
}

/** Written before the offsets that it covers are committed. */
export interface SettledLine extends Line {
  readonly kind: 'settled';
  readonly outcomes: Outcomes;
  readonly inputs: readonly SettledInput[];
  readonly outputs: readonly AcknowledgedOutput[];
  /** Acknowledged, but the broker named no offset. */
  readonly unplaced: number;
}

export interface EndedLine extends Line {
  readonly kind: 'ended';
  readonly state: string;
  readonly exitCode: number;
  readonly endReached: boolean;
  /** Read and not settled: some of their results may have been written. */
  readonly unsettled: number;
  readonly records: Readonly<Record<string, number>>;
}

export type ReceiptLine = BegunLine | ReloadedLine | BoundsLine | SettledLine | EndedLine;

/** A line without what every line has. */
export type LineContent = ReceiptLine extends infer One
  ? One extends Line
    ? Omit<One, keyof Line>
    : never
  : never;
