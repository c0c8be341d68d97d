/** The addon's writer (native/writer.c): packed batches to a producer. */

export type PartitionPolicy = 'auto' | 'same' | 'key' | 'sticky';

export interface WriterOptions {
  /** Maximum number of parts that wait or are in flight; `write` throws beyond it. */
  readonly partsMax: number;
  /** The writer polls the producer's queue at least this often (errors, logs, failed reports). */
  readonly pollIntervalMs: number;
  /** `settled` brings notes of where each acknowledged record is, and its hash. */
  readonly receipts?: boolean;
  /** Results have headers that name their source: kd-source-topic, -partition, -offset. */
  readonly sourceHeaders?: boolean;
}

/**
 * Codes are librdkafka's, except for the addon's own: −10001 (BAD_ROW), a row that does not fit its blocks;
 * −10002 (BAD_BATCH), a header that does not: then nothing of the part was sent, and row 0 is reported for
 * all; −10003, a record that is too large even alone; −10004, a partition that the topic never had; −10007,
 * one that it had before it was created again. A dead-letter row (flag 16) without a partition goes to the
 * source's modulo the count. `settled`: a = batchId, b = part, c = acknowledged rows; `failures` and `words`
 * say what was refused; `stale` rows skipped by epoch. `fatal`: code in a, text. `stopped`.
 */
export type WriterEventKind = 'settled' | 'fatal' | 'stopped';
export type WriterListener = (
  kind: WriterEventKind,
  a: number,
  b: number,
  c: number,
  stale: number,
  /** Three numbers per failure: row, code, index into `words` (-1: none). */
  failures: Int32Array | null,
  text: string | null,
  /** The broker's words about single records of the part. */
  words: readonly string[] | null,
  /** With `receipts`: see docs/WIRE.md. */
  notes: Uint8Array | null,
) => void;

export interface NativeWriter {
  start(): void;
  /**
   * The topic's number for output rows; the same name has the same number. `partitionCount` from metadata, ≥
   * 1.
   */
  topic(name: string, partitionCount: number, policy: PartitionPolicy): number;
  setPartitionCount(topicNumber: number, partitionCount: number): void;
  /** Rows of this topic that were acknowledged or may still be. */
  written(topicNumber: number): number;
  /**
   * `max.message.bytes` of a topic: rows that exceed it even as a batch of one are refused with -10003 (like
   * librdkafka's own refusals for size) and not sent. 0 = no limit. Not for compressed messages, whose size
   * is not known yet.
   */
  setBatchLimit(topicNumber: number, bytesMax: number): void;
  /**
   * Queues one part; parts are sent to librdkafka in the order of the calls. Both blocks are read, without a
   * copy, until the part is `settled`. Throws RangeError beyond partsMax.
   */
  write(batchId: number, part: number, input: Uint8Array, output: Uint8Array): void;
  /** rd_kafka_purge of queue and in-flight; parts not yet sent fail with _PURGE_QUEUE. */
  purge(): void;
  stats(): {
    readonly produced: number;
    readonly acknowledged: number;
    readonly failed: number;
    readonly stale: number;
    readonly bytes: number;
    readonly queueFullWaits: number;
  };
  /**
   * Ends the thread; what is not acknowledged is purged first. `stopped` follows. Call it before disconnect.
   * Idempotent.
   */
  stop(): void;
}
