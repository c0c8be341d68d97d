import type { Epoch, PartitionId } from '../../../src/core/batch.js';

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

/** Of the record that was read at an offset in an epoch. */
export type FateOf = (id: PartitionId, epoch: Epoch, offset: number) => Fate;

export interface LogRecord {
  readonly offset: number;
  readonly fate: Fate;
  /** Size of the packed record; larger than a block means an oversize record. */
  readonly bytes: number;
  /** Infinity: not before someone finds out that the log was cut (see LogChange). */
  availableAtMs: number;
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

/** Logs become other ones in the middle of a run, all at one moment. */
export interface LogChange {
  readonly atMs: number;
  /**
   * `new-topic`: deleted and created again under the same name, other records under the same offsets.
   * `cut`: the same topic, restored without its last records; it grows again once a reader was told.
   */
  readonly kind: 'new-topic' | 'cut';
  /** By their ids, instead of those that were there. */
  readonly logs: readonly PartitionLog[];
}

/** No broker leads the partition: nobody says where it begins and ends, and nothing is read from it. */
export interface LeaderlessSpan {
  readonly id: PartitionId;
  readonly fromMs: number;
  /** Infinity: the leader never comes back. */
  readonly toMs: number;
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

/** The end offset that is visible at a moment. */
export function visibleEnd(log: PartitionLog, nowMs: number): number {
  const hidden = log.records.find((record) => record.availableAtMs > nowMs);
  return hidden === undefined ? log.end : hidden.offset;
}
