/**
 * The addon's face (native/addon.c): the data plane. Everything here moves whole batches; nothing is per
 * record. All methods are for the main thread. Every callback comes on a later turn of the loop, in the order
 * in which things happened. Handles are node-rdkafka's own `rd_kafka_t`, found by the private property
 * `kd.handle` that the addon, loaded by librdkafka as a plugin, sees in `on_conf_set`.
 */
import { createRequire } from 'node:module';
import { loadBuilt } from '../core/built.js';
import type {
  ClusterDescription,
  GroupDescription,
  GroupOffset,
  ListedOffset,
  PartitionOffset,
  Settings,
  TopicDescription,
  TopicResult,
} from '../ports/admin.js';
import { loadRdkafka } from './libraries.js';
import type { NativeReader, ReaderListener, ReaderOptions } from './native-reader.js';
import type { NativeWriter, WriterListener, WriterOptions } from './native-writer.js';

export interface NativeBinding {
  /** e.g. "2.12.0"; the addon refuses to load with another major.minor than it was built for. */
  readonly librdkafkaVersion: string;
  /** For `plugin.library.paths`. Must be the first property, `kd.handle` the second. */
  readonly pluginPath: string;
  /** A number for `kd.handle`, never used before in this process. */
  newHandleId(): number;
  /**
   * Ends the process immediately, without any handlers: the last resort if a client's disconnect never ends,
   * because every other exit waits for it.
   */
  exitNow(code: number): never;
  /**
   * sd_notify: sends the lines to the service manager's socket, without waiting. Returns 0 or an errno, which
   * a caller can ignore: the service manager draws its own conclusions. At most 2,048 bytes.
   */
  notifyService(address: string, lines: string): number;
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
   * rd_kafka_offsets_store, with a text that the group keeps with the offsets; `places`: partitions and
   * offsets in turn. Returns librdkafka's code: 0 if one of them was accepted; _STATE if the handle is gone.
   */
  storeOffsets(handleId: number, topic: string, metadata: string, places: Float64Array): number;
  /** The same with rd_kafka_commit, without waiting. */
  commitOffsets(handleId: number, topic: string, metadata: string, places: Float64Array): number;
  /** The id of the cluster that this client is connected to; empty: not known yet, or the handle is gone. */
  clusterId(handleId: number): string;
  /** Messages and requests in librdkafka's queues; 0 when the handle is gone. */
  outQueueLength(handleId: number): number;
  /**
   * For clients with `log.queue`: passes librdkafka's log lines to node-rdkafka, for `event.log`; false if
   * the handle is gone. Call it regularly once the client is connected.
   */
  serveLog(handleId: number): boolean;
  /** e.g. "_TRANSPORT", "Local: Broker transport failure". */
  errorName(code: number): { readonly name: string; readonly text: string };
  /**
   * Creates a client with these properties (without bootstrap servers and the plugin, so it connects to
   * nothing) and destroys it again; returns librdkafka's refusal, or null. Call it before a client is created
   * with the plugin: if a client can't be created (a CA or key that does not parse or match, an unknown SASL
   * mechanism), librdkafka 2.12 frees the interceptors twice, and the process crashes. Takes a few
   * milliseconds.
   */
  checkConfiguration(
    kind: 'consumer' | 'producer',
    properties: readonly (readonly [name: string, value: string])[],
  ): string | null;
  /**
   * The values of these settings of these topics, from the brokers; one answer per topic, in order. Rejects
   * with an Error whose `code` is librdkafka's if the question can't be sent or answered (immediately if the
   * brokers do not support it) or the handle goes away in the meantime.
   */
  describeTopicConfigs(
    handleId: number,
    topics: readonly string[],
    names: readonly string[],
    timeoutMs: number,
  ): Promise<readonly NativeTopicConfigs[]>;
  /**
   * A question of librdkafka's Admin API; admin.ts has the arguments of each. Flags: 1 = also report the
   * user's rights (clusters, topics, groups), 2 = only validate (createTopics). Rejects as
   * describeTopicConfigs does.
   */
  askBrokers<Q extends keyof Questions>(
    handleId: number,
    question: Q,
    flags: number,
    words: readonly string[],
    timeoutMs: number,
  ): Promise<Questions[Q]>;
  /**
   * Hashes rows of an input block for receipts; `kind`: see {@link RowHashes}. Throws a RangeError where the
   * block does not have them.
   */
  hashRows(block: Uint8Array, firstRow: number, rowCount: number, kind: RowHashes): Uint8Array;
  /** Counts that must be zero again after everything is closed; for leak tests. */
  liveCounts(): {
    readonly handles: number;
    readonly readers: number;
    readonly writers: number;
    readonly tables: number;
    readonly heldMessages: number;
  };
}

/**
 * 0: the sum. 1: the sum, and a byte of each hash. 2: each hash. 3: a number for each row (a double), equal
 * for records that differ in nothing but their time.
 */
export type RowHashes = 0 | 1 | 2 | 3;

/** The answer to each question. */
export interface Questions {
  readonly describeCluster: ClusterDescription;
  readonly describeTopics: readonly TopicDescription[];
  readonly describeTopicSettings: readonly Settings[];
  readonly describeBrokerSettings: readonly Settings[];
  readonly describeGroup: GroupDescription;
  readonly committedOffsets: readonly GroupOffset[];
  /** Of the consumer's own group, asked by its membership. */
  readonly ownOffsets: readonly GroupOffset[];
  readonly alterOffsets: readonly PartitionOffset[];
  readonly listOffsets: readonly ListedOffset[];
  readonly createTopics: readonly TopicResult[];
}

export interface NativeTopicConfigs {
  readonly topic: string;
  /** 0, or the reason why this topic's settings are unknown. */
  readonly code: number;
  readonly text: string;
  /** In the order of the names; null: no such setting. */
  readonly values: readonly (string | null)[];
}

/**
 * The epochs that reader and writer share, and the facts about source partitions that the writer needs.
 * Thread-safe.
 */
export interface NativePartitionTable {
  /** Same topic and partition: same id. Throws a RangeError past partitionsMax. */
  idOf(topic: string, partition: number): number;
  describe(id: number): { readonly topic: string; readonly partition: number };
  /** 0 closes it: from then on rows of older epochs are stale, at the writer too. */
  setEpoch(id: number, epoch: number): void;
  epoch(id: number): number;
  /** Partition count of the source topic, for `auto` and `same`. */
  setTopicPartitionCount(topic: string, count: number): void;
}

export interface NativeMockCluster {
  readonly bootstrapServers: string;
  createTopic(name: string, partitions: number, replicationFactor: number): void;
  setGroupInitialRebalanceDelayMs(delayMs: number): void;
  /** Makes the next requests of an API key fail with these librdkafka error codes. */
  pushRequestErrors(apiKey: number, codes: readonly number[]): void;
  close(): void;
}

/** Loads the addon. node-rdkafka is loaded first, so that its librdkafka is the one in the process. */
export function loadNative(): NativeBinding {
  loadRdkafka();
  const require = createRequire(import.meta.url);
  return loadBuilt(
    'the data plane (native/build/Release/kafka_dispatcher.node)',
    () => require('../../../native/build/Release/kafka_dispatcher.node') as NativeBinding,
  );
}
