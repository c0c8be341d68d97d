/** The addon's reader (native/reader.c): records of a consumer into packed batches. */

export interface ReaderOptions {
  /** Maximum number of rows in a batch. */
  readonly recordsMax: number;
  /** A batch is closed once it has this many packed bytes (the block's length limits it too). */
  readonly bytesMax: number;
  /** How long to wait for more after the first record; 0 = take what is there. */
  readonly lingerMs: number;
  /** Batches of few records (below 256) are at least this long apart; 0 = as they come. */
  readonly intervalMs: number;
  /** Closes the batch when the partition changes (`ordering: partition`). */
  readonly cutPerPartition: boolean;
  /** Maximum number of batches that wait for JavaScript. */
  readonly readyBatchesMax: number;
}

/**
 * An error instead of a partition's records is a fault segment that ends its batch, and nothing more of
 * the partition is delivered until `rewind` or `close` and `open`. After _AUTO_OFFSET_RESET librdkafka has
 * stopped fetching and refuses to seek: unassign and assign the partition again. `batch`: a = block id, b =
 * rowCount, c = packedBytes. `oversize`: a = bytes needed. `parked`: the reader has paused. `error`: from
 * the main queue: a = code, text, topic and partition in text where known. `stray`: a record came on the main
 * queue (a defect: its partition was not forwarded). `stopped`: both threads have ended.
 */
export type ReaderEventKind = 'batch' | 'oversize' | 'parked' | 'error' | 'stray' | 'stopped';
export type ReaderListener = (
  kind: ReaderEventKind,
  a: number,
  b: number,
  c: number,
  text: string | null,
) => void;

export interface ReaderStats {
  readonly recordsRead: number;
  readonly bytesRead: number;
  readonly batches: number;
  /** Rows below the reader's next offset, delivered again by librdkafka within one epoch, and dropped. */
  readonly duplicatesDropped: number;
  /** Rows of closed partitions, dropped. */
  readonly staleDropped: number;
  /** Messages taken from librdkafka and not yet packed. */
  readonly held: number;
}

export interface NativeReader {
  /**
   * Starts the event thread (serves callbacks on the main queue, keeps the membership alive) and the reader
   * thread.
   */
  start(): void;
  /**
   * The typed array must use shared memory or stay untouched, with 256 bytes at least; it is kept alive until
   * it is returned. Accepted while stopping, but never filled. `recordsMax`: the maximum number of rows for
   * this block, 1 or more; the reader's own `recordsMax` applies too.
   */
  offer(blockId: number, block: Uint8Array, recordsMax: number): void;
  /** Ids of the blocks that were offered but not begun. Parked only. */
  reclaim(): number[];
  /**
   * Asks the reader to pause; `parked` follows, after the current batch. If it is parked already, `parked`
   * comes once more.
   */
  park(): void;
  unpark(): void;
  /**
   * Parked only: forwards the partition's queue to the data queue and sets the reader's next offset. Call it
   * before assign/incrementalAssign.
   */
  open(partitionId: number, epoch: number, nextOffset: number): void;
  /**
   * Parked only: removes the forwarding and drops what the reader holds of it. Call it before
   * unassign/incrementalUnassign.
   */
  close(partitionId: number): void;
  /**
   * Parked only: reads nothing more of it until `rewind` or a new `open`; drops what the reader holds of it.
   */
  halt(partitionId: number): void;
  /** Parked only: sets the epoch and the next offset after a seek; drops what the reader holds of it. */
  rewind(partitionId: number, epoch: number, nextOffset: number): void;
  /**
   * Parked only: records at or after `until` are not read. The first of them becomes a fault with the code
   * −10,008, after which nothing is read of the partition until `rewind`. It holds until the next `open`.
   */
  limit(partitionId: number, until: number): void;
  /** The reader's next offset; -1 when not open. */
  nextOffset(partitionId: number): number;
  stats(): ReaderStats;
  /**
   * Removes all forwarding, destroys the data queue, ends both threads; `stopped` follows. Call it before
   * disconnect. Idempotent.
   */
  stop(): void;
}
