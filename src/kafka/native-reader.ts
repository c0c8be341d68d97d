/** The addon's reader (native/reader.c): records of a consumer into packed batches. */

export interface ReaderOptions {
  /** Rows in a batch at most. */
  readonly recordsMax: number;
  /** A batch is closed once it holds this many packed bytes (the block's length bounds it too). */
  readonly bytesMax: number;
  /** Waits this long for more after the first record; 0 = takes what is there. */
  readonly lingerMs: number;
  /** Close the batch when the partition changes (`ordering: partition`). */
  readonly cutPerPartition: boolean;
  /** Batches that may wait for JavaScript at most. */
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
  /** Rows below the reader's next offset: delivered again by librdkafka inside one epoch, dropped. */
  readonly duplicatesDropped: number;
  /** Rows of closed partitions, dropped. */
  readonly staleDropped: number;
  /** Messages popped from librdkafka and not yet packed. */
  readonly held: number;
}

export interface NativeReader {
  /**
   * Starts the event thread (serves callbacks on the main queue, keeps the membership alive) and the reader
   * thread.
   */
  start(): void;
  /**
   * The typed array must be over shared memory or stay untouched, 256 bytes at least; it is kept alive until
   * handed back. Taken, and never begun, while stopping. `recordsMax`: rows that this block may bring at
   * most, 1 or more; above the reader's own `recordsMax` that one counts.
   */
  offer(blockId: number, block: Uint8Array, recordsMax: number): void;
  /** Ids of the blocks offered and not begun. Parked only. */
  reclaim(): number[];
  /**
   * Asks the reader to pause; `parked` follows, after the batch in hand; asked while it is parked,
   * `parked` comes once more.
   */
  park(): void;
  unpark(): void;
  /**
   * Parked only: forwards the partition's queue to the data queue and sets the reader's next offset. Call it
   * before assign/incrementalAssign.
   */
  open(partitionId: number, epoch: number, nextOffset: number): void;
  /**
   * Parked only: takes the forwarding back and drops what is in hand of it. Call it before
   * unassign/incrementalUnassign.
   */
  close(partitionId: number): void;
  /** Parked only: reads nothing more of it until `rewind` or a new `open`; drops what is in hand of it. */
  halt(partitionId: number): void;
  /** Parked only: the epoch and the next offset after a seek; drops what is in hand of it. */
  rewind(partitionId: number, epoch: number, nextOffset: number): void;
  /** Next offset to read, by the reader; -1 when not open. */
  nextOffset(partitionId: number): number;
  stats(): ReaderStats;
  /**
   * Takes back all forwarding, destroys the data queue, ends both threads; `stopped` follows. Call it before
   * disconnect. Idempotent.
   */
  stop(): void;
}
