/**
 * The facts that a run notes for its receipt: which records were settled, and what was acknowledged for
 * them.
 */
import type { EndOffset } from './source.js';

/** Rows of an input block that are settled: a run of one partition. */
export interface SettledRows {
  readonly topic: string;
  readonly partition: number;
  readonly firstRow: number;
  readonly rowCount: number;
  /** Offset of the first record. */
  readonly from: number;
  /** The offset after the last one. */
  readonly to: number;
  /** How many acknowledged records came from these. */
  readonly outputs: number;
  /** The sum of their hashes and a byte of each, if they are known. */
  readonly hash: { readonly sum: bigint; readonly marks: Uint8Array } | undefined;
}

export interface SettledOutcomes {
  readonly transformed: number;
  readonly filtered: readonly (readonly [reason: string, rows: number])[];
  readonly deadLettered: readonly { readonly code: string; readonly rows: number }[];
}

export interface Receipts {
  /** The range that a bounded run has to read, once it is known. `exact`: from the first offset on. */
  bounded(ends: readonly EndOffset[], exact: boolean): void;
  /** `block`: the input block, which is not kept. */
  settled(block: Uint8Array, rows: readonly SettledRows[], outcomes: SettledOutcomes): void;
  /** The writer's notes of a part (docs/WIRE.md). Includes records that are read again. */
  acknowledged(notes: Uint8Array, topicName: (number: number) => string): void;
  /** Call it before offsets are stored: writes what covers them. Throws RECEIPT_UNWRITABLE. */
  write(): void;
}
