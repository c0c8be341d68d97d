import type { Epoch } from '../../core/batch.js';
import type { OffsetLedger } from '../../core/offset-ledger.js';
import type { OffsetRange } from '../../core/offset-ranges.js';
import type { EndHistory } from '../../core/progress/end-history.js';
import type { AssignedPartition, PartitionProgress } from '../../ports/source.js';

/** Everything that a run knows about one partition. It is kept after the partition is revoked. */
export interface PartitionState extends AssignedPartition {
  /** The epoch of the last opening; rises by one with each, for the whole run. */
  epoch: Epoch;
  /** The last offset that the broker confirmed. */
  committed: number | undefined;
  /** For a bounded run; undefined until it was looked up. */
  end: EndTarget | undefined;
  /** The state from the assignment to the revocation. */
  ours: Ours | undefined;
}

/** The offset at which a bounded run is done with a partition. */
export interface EndTarget {
  readonly topic: string;
  readonly partition: number;
  low: number;
  end: number;
  high: number | undefined;
  topicId: string | undefined;
  /** The last offset committed by others that we know of. */
  committed: number;
  /** The group's offset when it was first asked for; undefined: not asked yet, −1: it had none. */
  begun: number | undefined;
  /** The partition was empty from the beginning. */
  empty: boolean;
  done: boolean;
}

/** One assignment. */
export interface Ours {
  /** The offset at which reading began. */
  readonly begunAt: number;
  /** The offset stored for the next commit. */
  stored: number | undefined;
  progress: PartitionProgress | undefined;
  readonly ends: EndHistory;
  /** Of the last stable offset. */
  readonly stableEnds: EndHistory;
  /** Since when settled records have waited for a commit; undefined: none were seen to wait. */
  uncommittedSinceMs: number | undefined;
  /** Undefined if the partition was lost: another member already owns it. */
  reading: Reading | undefined;
}

/** One epoch: from an opening to the next, or to the close. */
export interface Reading {
  readonly offsets: OffsetLedger;
  /** Settled and counted before a rewind, ahead of what was not: sorted, disjoint; not counted again. */
  readonly counted: readonly OffsetRange[];
  /** The offset at which reading ends; infinite without one. */
  until: number;
  /** The last fault, and how often it occurred in a row at the same offset. */
  fault: { readonly offset: number; times: number } | undefined;
  /** Its topic was replaced, and what was read is being settled. */
  leaving: boolean;
  seen: Seen;
}

/** Facts from librdkafka's reports since the last opening or seek; earlier reports have no meaning. */
export interface Seen {
  /** The number of reports in a row with the same fetch position and without records. */
  quiet: { readonly nextOffset: number; reports: number } | undefined;
  /** After a fault librdkafka's positions are arbitrary. */
  distrusted: boolean;
  /** A last stable offset that does not move. */
  still: { readonly stableOffset: number; readonly sinceMs: number; endOffset: number } | undefined;
}
