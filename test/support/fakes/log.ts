import type { PartitionId } from '../../../src/core/batch.js';

/** What becomes of a record, fixed when it is made: every run over it must come to the same end. */
export type Fate =
  /** `count` output records, to the default topic or another one. */
  | { readonly kind: 'emit'; readonly count: number; readonly topic?: string }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly code: string }
  /** Ends its worker whenever it is transformed. */
  | { readonly kind: 'kill'; readonly code: string }
  /**
   * Transformed, but its output is refused: before it is sent (`alone`), or by the broker together with its
   * whole message set, which names it (`named`) or does not (`unnamed`).
   */
  | { readonly kind: 'refused'; readonly how: 'alone' | 'named' | 'unnamed' };

export interface LogRecord {
  readonly offset: number;
  readonly fate: Fate;
  /** Of the packed record; more than a block is an oversize record. */
  readonly bytes: number;
  readonly availableAtMs: number;
}

/** A fault that is met this often never ends. */
export const DAMAGE_TIMES = 1_000_000;

/** What the reader meets instead of the record at `offset` (or behind the last one). */
export interface LogFault {
  readonly offset: number;
  readonly code: number;
  /** How often; then the log can be read there. */
  timesLeft: number;
}

/** One partition as the brokers hold it. Offsets have gaps. */
export interface PartitionLog {
  readonly id: PartitionId;
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** The first offset that is still there. */
  readonly low: number;
  /** The next offset that would be written; behind the last record there may be control records. */
  readonly end: number;
  readonly faults: readonly LogFault[];
}

/** Index of the first record at or behind an offset. */
export function indexAt(log: PartitionLog, offset: number): number {
  let low = 0;
  let high = log.records.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((log.records[middle]?.offset ?? Number.POSITIVE_INFINITY) < offset) low = middle + 1;
    else high = middle;
  }
  return low;
}
