import type { Epoch } from '../../core/batch.js';
import type { OffsetLedger } from '../../core/offset-ledger.js';
import type { AssignedPartition, PartitionProgress } from '../../ports/source.js';

/** All that a run knows of one partition. It stays when the partition is given back. */
export interface PartitionState extends AssignedPartition {
  /** Of its last opening; rises by one with each, for the whole run. */
  epoch: Epoch;
  /** The last offset that the broker confirmed to us. */
  committed: number | undefined;
  /** Of a bounded run; undefined until it is looked for. */
  end: EndTarget | undefined;
  /** From the assignment to the revocation. */
  ours: Ours | undefined;
}

/** Where a bounded run is done with a partition. */
export interface EndTarget {
  readonly topic: string;
  readonly partition: number;
  readonly end: number;
  /** There was nothing in it from the beginning. */
  readonly empty: boolean;
  done: boolean;
}

/** One assignment. */
export interface Ours {
  /** Where reading began. */
  readonly begunAt: number;
  /** Handed over for the next commit. */
  stored: number | undefined;
  progress: PartitionProgress | undefined;
  /** Undefined when the partition was lost: it is another member's already. */
  reading: Reading | undefined;
}

/** One epoch: from an opening to the next, or to the close. */
export interface Reading {
  readonly offsets: OffsetLedger;
  /** The last fault met, and how often in a row at the same offset. */
  fault: { readonly offset: number; times: number } | undefined;
  /** Its topic was replaced: what was read is being settled. */
  leaving: boolean;
  seen: Seen;
}

/** What librdkafka's reports showed since the last opening or seek; behind that it means nothing. */
export interface Seen {
  /** The same fetch position without records, in this many reports. */
  quiet: { readonly nextOffset: number; reports: number } | undefined;
  /** Behind a fault librdkafka's positions are arbitrary. */
  distrusted: boolean;
  /** A last stable offset that does not move. */
  still: { readonly stableOffset: number; readonly sinceMs: number; endOffset: number } | undefined;
}
