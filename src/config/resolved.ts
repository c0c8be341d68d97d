/** The configuration after all layers: nothing optional where a default exists, units in the names, frozen. */

export type KafkaProperties = ReadonlyMap<string, string>;

export interface ClusterConfig {
  /** host:port, in the order given. */
  readonly bootstrapServers: readonly string[];
  /** librdkafka names: what the user wrote, over our defaults (kafka-defaults.ts). What we own is added by the Kafka adapter. */
  readonly properties: KafkaProperties;
}

export type DataFormat = 'raw' | 'json' | 'avro';
export type TombstonePolicy = 'pass' | 'drop' | 'reject';
export type PartitionRule = 'auto' | 'same' | 'key' | 'sticky';
export type Ordering = 'output' | 'partition' | 'none';

export interface ResolvedConfig {
  readonly name: string;
  /** Absolute; undefined when there is no file (demo, -b). */
  readonly file: string | undefined;
  readonly consumer: ClusterConfig & {
    readonly groupId: string;
    /** Names, or one source of a regular expression. */
    readonly topics: { readonly names: readonly string[] } | { readonly pattern: string };
    readonly autoOffsetReset: 'earliest' | 'latest' | 'none';
    readonly outOfRange: 'stop' | 'earliest' | 'latest';
    readonly missingTopicsFatal: boolean;
  };
  readonly producer: ClusterConfig & { readonly topic: string };
  readonly dispatcher: {
    /** Absolute path of the module; undefined = pass-through. */
    readonly transform: string | undefined;
    readonly options: Readonly<Record<string, unknown>>;
    readonly input: {
      readonly format: DataFormat;
      readonly schema: SchemaFiles | undefined;
      readonly tombstones: TombstonePolicy;
      readonly long: 'number' | 'bigint';
    };
    readonly output: {
      readonly format: DataFormat;
      readonly schema: SchemaFiles | undefined;
      readonly partition: PartitionRule;
      readonly timestamp: 'source' | 'now';
    };
    readonly delivery: 'at-least-once';
    readonly ordering: Ordering;
    /** 0 = in the main thread. */
    readonly threads: number;
    readonly concurrency: number;
    readonly timeoutMs: number;
    readonly batch: { readonly recordsMax: number; readonly bytesMax: number; readonly lingerMs: number; readonly outputBytesMax: number };
    readonly inFlight: { readonly recordsMax: number; readonly bytesMax: number };
    readonly deadLetterTopic: string | undefined;
    readonly commitIntervalMs: number;
    readonly drainTimeoutMs: number;
    readonly rebalanceDrainTimeoutMs: number;
    readonly stallTimeoutMs: number;
  };
  readonly server: { readonly port: number; readonly address: string } | undefined;
  readonly logging: { readonly level: LogLevel; readonly format: 'auto' | 'text' | 'json' };
}

export type LogLevel = 'error' | 'warn' | 'info' | 'debug';

export interface SchemaFiles {
  /** Absolute path of the schema of the data (reader schema). */
  readonly path: string;
  /** The schema the data was written with, where it differs. */
  readonly writerPath: string | undefined;
  /** Further files whose named types the schema refers to. */
  readonly references: readonly string[];
}
