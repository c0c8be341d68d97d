/**
 * What the main thread knows about a packed batch: its block, its counts and its segments, but never its
 * records.
 */

/** Number of a topic-partition in the {@link PartitionRegistry}; stable for the life of the process. */
export type PartitionId = number;

/** Counts the assignments of one partition; 0 is never an open epoch. */
export type Epoch = number;

/** Number of a batch; rises by one in the order in which batches were read. */
export type BatchId = number;

/** A piece of shared memory from the in-flight budget. `bytes` is a view over a SharedArrayBuffer. */
export interface Block {
  readonly id: number;
  readonly bytes: Uint8Array;
}

/** A run of rows of one partition and one epoch inside a batch. Offsets are exact integers below 2^53. */
export interface Segment {
  readonly partitionId: PartitionId;
  readonly epoch: Epoch;
  readonly firstRow: number;
  readonly rowCount: number;
  readonly firstOffset: number;
  readonly lastOffset: number;
}

/** An error that the source returned instead of records; nothing after `offset` can be trusted. */
export interface Fault {
  readonly partitionId: PartitionId;
  readonly epoch: Epoch;
  /** The next offset that would have been read. */
  readonly offset: number;
  /** The source's own error number; `Source.verdict` says what it means. */
  readonly code: number;
  readonly text: string;
}

export interface InputBatch {
  readonly block: Block;
  readonly rowCount: number;
  /** Header, rows, segments and payload. */
  readonly packedBytes: number;
  /** The lowest and the highest timestamp of its rows; −1: none has one. */
  readonly firstTimestampMs: number;
  readonly lastTimestampMs: number;
  readonly segments: readonly Segment[];
  /** In the order of the log, after all rows of the batch. */
  readonly faults: readonly Fault[];
}
