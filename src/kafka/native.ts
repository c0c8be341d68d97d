/**
 * The addon's face (native/addon.c): the data plane. Everything here moves whole batches; nothing is per
 * record. All methods are for the main thread. Every callback comes on a later turn of the loop, in the order
 * in which things happened. Handles are node-rdkafka's own `rd_kafka_t`, found by the private property
 * `kd.handle` that the addon, loaded by librdkafka as a plugin, sees in `on_conf_set`.
 */
import { createRequire } from 'node:module';
import type {
  ClusterDescription,
  GroupDescription,
  GroupOffset,
  ListedOffset,
  Settings,
  TopicDescription,
  TopicResult,
} from '../ports/admin.js';
import { loadBuilt, loadRdkafka } from './libraries.js';

export interface NativeBinding {
  /** e.g. "2.12.0"; the addon refuses to load beside another major.minor than it was built with. */
  readonly librdkafkaVersion: string;
  /** For `plugin.library.paths`. Must be the first property, `kd.handle` the second. */
  readonly pluginPath: string;
  /** A number for `kd.handle`, never used before in this process. */
  newHandleId(): number;
  /**
   * Ends the process at once, without any handler: the last resort when a client's disconnect never ends, for
   * which every other exit waits.
   */
  exitNow(code: number): never;
  readonly PartitionTable: new (partitionsMax: number) => NativePartitionTable;
  readonly Reader: new (
    handleId: number,
    table: NativePartitionTable,
    options: ReaderOptions,
    onEvent: ReaderListener,
  ) => NativeReader;
  readonly Writer: new (
    handleId: number,
    table: NativePartitionTable,
    options: WriterOptions,
    onEvent: WriterListener,
  ) => NativeWriter;
  readonly MockCluster: new (brokers: number) => NativeMockCluster;
  /** rd_kafka_fatal_error: null when there is none or the handle is gone. */
  fatalError(handleId: number): { readonly code: number; readonly text: string } | null;
  /** rd_kafka_assignment_lost; false when the handle is gone. */
  assignmentLost(handleId: number): boolean;
  /**
   * rd_kafka_oauthbearer_set_token, for a client that is connected; false when the handle is gone. Throws
   * where it uses another mechanism.
   */
  setOauthBearerToken(handleId: number, token: string): boolean;
  /**
   * rd_kafka_offsets_store, with a text for the group to keep beside the offsets; `places`: partitions and
   * offsets in turn. librdkafka's code: 0 when one of them was taken; _STATE when the handle is gone.
   */
  storeOffsets(handleId: number, topic: string, metadata: string, places: Float64Array): number;
  /** Likewise rd_kafka_commit, not waited for. */
  commitOffsets(handleId: number, topic: string, metadata: string, places: Float64Array): number;
  /** Of the cluster that this client is connected to; empty: not heard yet, or the handle is gone. */
  clusterId(handleId: number): string;
  /** Messages and requests in librdkafka's queues; 0 when the handle is gone. */
  outQueueLength(handleId: number): number;
  /**
   * For clients with `log.queue`: hands what librdkafka has logged to node-rdkafka, for `event.log`; false
   * when the handle is gone. To be called now and then, from when the client is connected on.
   */
  serveLog(handleId: number): boolean;
  /** e.g. "_TRANSPORT", "Local: Broker transport failure". */
  errorName(code: number): { readonly name: string; readonly text: string };
  /**
   * Creates a client with these properties (bootstrap servers and the plugin left out: nothing is connected)
   * and destroys it again: librdkafka's refusal, or null. To be called before a client is created with the
   * plugin: librdkafka 2.12 frees the interceptors twice, and the process dies, when a client can't be
   * created (a CA or key that does not parse or match, an unknown SASL mechanism). Takes a few milliseconds.
   */
  checkConfiguration(
    kind: 'consumer' | 'producer',
    properties: readonly (readonly [name: string, value: string])[],
  ): string | null;
  /**
   * The values of these settings of these topics, from the brokers; an answer for each topic, in their order.
   * Rejects with an Error whose `code` is librdkafka's, when the question can't be put or answered (at once
   * where the brokers do not know it) or the handle goes away meanwhile.
   */
  describeTopicConfigs(
    handleId: number,
    topics: readonly string[],
    names: readonly string[],
    timeoutMs: number,
  ): Promise<readonly NativeTopicConfigs[]>;
  /**
   * A question of librdkafka's Admin API; admin.ts knows the words of each. Flags: 1 = tell what this user
   * may do, too (clusters, topics, groups), 2 = only look whether it could be done (createTopics). Rejects as
   * describeTopicConfigs does.
   */
  askBrokers<Q extends keyof Questions>(
    handleId: number,
    question: Q,
    flags: number,
    words: readonly string[],
    timeoutMs: number,
  ): Promise<Questions[Q]>;
  /** Counts that must be zero again when all is closed; for leak tests. */
  liveCounts(): {
    readonly handles: number;
    readonly readers: number;
    readonly writers: number;
    readonly tables: number;
    readonly heldMessages: number;
  };
}

/** What each question is answered with. */
export interface Questions {
  readonly describeCluster: ClusterDescription;
  readonly describeTopics: readonly TopicDescription[];
  readonly describeTopicSettings: readonly Settings[];
  readonly describeBrokerSettings: readonly Settings[];
  readonly describeGroup: GroupDescription;
  readonly committedOffsets: readonly GroupOffset[];
  readonly listOffsets: readonly ListedOffset[];
  readonly createTopics: readonly TopicResult[];
}

export interface NativeTopicConfigs {
  readonly topic: string;
  /** 0, or why this topic's settings are unknown. */
  readonly code: number;
  readonly text: string;
  /** In the order of the names; null: no such setting. */
  readonly values: readonly (string | null)[];
}

/**
 * The epochs that reader and writer share, and what the writer must know of a source partition. Thread-safe.
 */
export interface NativePartitionTable {
  /** Same topic and partition: same id. Throws a RangeError past partitionsMax. */
  idOf(topic: string, partition: number): number;
  describe(id: number): { readonly topic: string; readonly partition: number };
  /** 0 closes it: rows of older epochs are stale from then on, also at the writer. */
  setEpoch(id: number, epoch: number): void;
  epoch(id: number): number;
  /** Partition count of the source topic, for `auto` and `same`. */
  setTopicPartitionCount(topic: string, count: number): void;
}

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

export type PartitionPolicy = 'auto' | 'same' | 'key' | 'sticky';

export interface WriterOptions {
  /** Parts that may wait or be in flight at most; `write` throws past it. */
  readonly partsMax: number;
  /** The writer polls the producer's queue at least this often (errors, logs, failed reports). */
  readonly pollIntervalMs: number;
}

/**
 * Codes are librdkafka's, apart from the addon's own: −10001 (BAD_ROW), a row that does not fit its blocks;
 * −10002 (BAD_BATCH), a header that does not: then nothing of the part was handed over, and row 0 is reported
 * for all; −10003, a record too large even alone; −10004, a partition that the topic never had; −10007, one
 * that it had before it was created again. A
 * dead-letter row (flag 16) without a partition goes to the source's modulo the count. What was handed over
 * and is not acknowledged at `stop` does not settle any more: purge and wait before. `settled`: a = batchId,
 * b = part, c = acknowledged rows; `failures` and `words` say what was refused; `stale` rows skipped by
 * epoch. `fatal`: code in a, text. `stopped`.
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
  /** What the broker said of single records of the part. */
  words: readonly string[] | null,
) => void;

export interface NativeWriter {
  start(): void;
  /** Number of the topic for output rows; same name: same number. `partitionCount` from metadata, ≥ 1. */
  topic(name: string, partitionCount: number, policy: PartitionPolicy): number;
  setPartitionCount(topicNumber: number, partitionCount: number): void;
  /** Rows of this topic that were acknowledged or still may be. */
  written(topicNumber: number): number;
  /**
   * `max.message.bytes` of a topic: rows that exceed it even as a batch of their own are refused with -10003
   * (librdkafka's own refusals for size too) and not sent. 0 = none. Not for compressed messages, whose size
   * is not known yet.
   */
  setBatchLimit(topicNumber: number, bytesMax: number): void;
  /**
   * Queues one part; parts are handed to librdkafka in the order of the calls. Throws RangeError past
   * partsMax.
   */
  write(batchId: number, part: number, input: Uint8Array, output: Uint8Array): void;
  /** rd_kafka_purge of queue and in-flight, and parts not yet handed over fail with _PURGE_QUEUE. */
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
   * Ends the thread; parts not handed over fail with _PURGE_QUEUE first. `stopped` follows. Call it before
   * disconnect. Idempotent.
   */
  stop(): void;
}

export interface NativeMockCluster {
  readonly bootstrapServers: string;
  createTopic(name: string, partitions: number, replicationFactor: number): void;
  setGroupInitialRebalanceDelayMs(delayMs: number): void;
  /** Injects librdkafka error codes for the next requests of an API key. */
  pushRequestErrors(apiKey: number, codes: readonly number[]): void;
  close(): void;
}

/** Loads the addon. node-rdkafka goes first, so that its librdkafka is the one in the process. */
export function loadNative(): NativeBinding {
  loadRdkafka();
  const require = createRequire(import.meta.url);
  return loadBuilt(
    'the data plane (native/build/Release/kafka_dispatcher.node)',
    () => require('../../../native/build/Release/kafka_dispatcher.node') as NativeBinding,
  );
}
