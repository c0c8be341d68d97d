import type { PartitionId } from '../../../src/core/batch.js';

/** The fate of a record, fixed when it is created: every run must give it the same outcome. */
export type Fate =
  /** `count` output records, to the default topic or another one. */
  | { readonly kind: 'emit'; readonly count: number; readonly topic?: string }
  | { readonly kind: 'drop'; readonly reason: string }
  | { readonly kind: 'reject'; readonly code: string }
  /** Ends its worker whenever it is transformed. */
  | { readonly kind: 'kill'; readonly code: string }
  /**
   * Transformed, but its output is refused: before it is sent (`alone`), or by the broker together with its
   * whole message set, which names the record (`named`) or does not (`unnamed`).
   */
  | { readonly kind: 'refused'; readonly how: 'alone' | 'named' | 'unnamed' };

export interface LogRecord {
  readonly offset: number;
  readonly fate: Fate;
  /** Size of the packed record; larger than a block means an oversize record. */
  readonly bytes: number;
  readonly availableAtMs: number;
}

/** A fault with this count never ends. */
export const DAMAGE_TIMES = 1_000_000;

/** What the reader gets instead of the record at `offset` (or after the last one). */
export interface LogFault {
  readonly offset: number;
  readonly code: number;
  /** How often the fault occurs; then the log can be read there. */
  timesLeft: number;
}

/** One partition as the brokers hold it. Offsets have gaps. */
export interface PartitionLog {
  readonly id: PartitionId;
  readonly topic: string;
  readonly partition: number;
  readonly records: readonly LogRecord[];
  /** The first offset that still exists. */
  readonly low: number;
  /** The next offset to be written; after the last record there may be control records. */
  readonly end: number;
  readonly faults: readonly LogFault[];
}

/** Index of the first record at or after an offset. */
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
