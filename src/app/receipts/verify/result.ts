/** The result of a verification. */
import type { Side } from './listed.js';

/**
 * `changed`, `dropped`, `doubled`, `moved`, `inserted`: a record is not where the receipt lists it, or not as
 * it lists it. `foreign`: a record that is in no receipt, and equals none that is. `missing`: a record of the
 * input that is in no receipt. `replaced`: the topic was deleted and created again.
 */
export type DifferenceKind =
  | 'changed'
  | 'dropped'
  | 'doubled'
  | 'moved'
  | 'inserted'
  | 'foreign'
  | 'missing'
  | 'replaced';

export interface FoundDifference {
  readonly kind: DifferenceKind;
  readonly side: Side;
  readonly topic: string;
  /** −1: the whole topic. */
  readonly partition: number;
  readonly offset: number;
  /** How many records; for a change, the first one is named. */
  readonly records: number;
  readonly message: string;
  /** The line that lists it. */
  readonly listedAt: string | null;
}

export interface Unchecked {
  readonly side: Side;
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  readonly to: number;
}

export interface VerifyResult {
  readonly schema: 1;
  readonly agrees: boolean;
  readonly files: readonly string[];
  readonly lines: number;
  readonly instances: number;
  /** Every process ended by itself with nothing left unsettled. */
  readonly complete: boolean;
  readonly input: { readonly records: number; readonly settledTwice: number; readonly missing: number };
  readonly output: {
    readonly records: number;
    /** Results that are there more than once, known exactly. */
    readonly twice: number;
    readonly others: number;
  };
  readonly differences: readonly FoundDifference[];
  /** Deleted by retention since. */
  readonly unchecked: readonly Unchecked[];
  readonly notes: readonly string[];
  readonly message: string;
}

export function orderOf(a: FoundDifference, b: FoundDifference): number {
  if (a.side !== b.side) return a.side === 'input' ? -1 : 1;
  if (a.topic !== b.topic) return a.topic < b.topic ? -1 : 1;
  return a.partition - b.partition || a.offset - b.offset;
}
