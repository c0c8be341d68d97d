/**
 * The configuration after all layers: nothing optional where a default exists, units in the names, frozen.
 */

export type KafkaProperties = ReadonlyMap<string, string>;

export interface ClusterConfig {
  /** host:port, in the order given. */
  readonly bootstrapServers: readonly string[];
  /**
   * librdkafka names: what the user wrote, over our defaults (kafka-defaults.ts). What we own is added by the
   * Kafka adapter.
   */
  readonly properties: KafkaProperties;
  /** librdkafka name → where it came from. Every name of `properties` has one. */
  readonly origins: ReadonlyMap<string, PropertyOrigin>;
  /** Of every certificate that was read, each once a store. */
  readonly certificates: readonly CertificateNote[];
  /**
   * Absolute: stores, PEM files, `${file:…}`, properties files, the configuration itself. When one changes,
   * clients are made anew.
   */
  readonly watchedFiles: readonly string[];
  /** Where OAUTHBEARER tokens come from; undefined: librdkafka fetches them itself, or none are needed. */
  readonly tokens: TokenSource | undefined;
}

/** What a user would have to change to change a property. */
export interface PropertyOrigin {
  /** As written: `kafka.properties.ssl.truststore.location`. */
  readonly key: string;
  /** `kd.yml:12:5`; '' where it is not a line in a file. */
  readonly place: string;
  /** What became of it, in one line; '' when it was taken over unchanged. */
  readonly note: string;
}

export interface CertificateNote {
  readonly use: 'truststore' | 'keystore';
  /** The file, or the property's name when the PEM stood in it. */
  readonly file: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** Of the DER form, in lower-case hexadecimal. */
  readonly sha256: string;
}

export type TokenSource =
  | {
      readonly kind: 'msk-iam';
      readonly region?: string;
      readonly profile?: string;
      readonly roleArn?: string;
      readonly roleSessionName?: string;
    }
  /**
   * Absolute path of a module; its default export: `async () => ({ token, expiryTime })`, expiryTime in ms
   * since 1970.
   */
  | { readonly kind: 'module'; readonly path: string };

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
    /** Texts among the options that must not be shown. */
    readonly optionSecrets: readonly string[];
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
    readonly batch: {
      readonly recordsMax: number;
      readonly bytesMax: number;
      readonly lingerMs: number;
      readonly outputBytesMax: number;
    };
    readonly inFlight: { readonly recordsMax: number; readonly bytesMax: number };
    readonly deadLetterTopic: string | undefined;
    readonly commitIntervalMs: number;
    readonly drainTimeoutMs: number;
    readonly rebalanceDrainTimeoutMs: number;
    readonly stallTimeoutMs: number;
    /** 0 = watched files are not looked at. */
    readonly reloadIntervalMs: number;
    readonly reloadTimeoutMs: number;
  };
  /** What topics should be like where they are created. Those named here are wanted besides the job's own. */
  readonly topics: { readonly defaults: TopicWishes; readonly named: ReadonlyMap<string, TopicWishes> };
  readonly server: { readonly port: number; readonly address: string } | undefined;
  readonly logging: { readonly level: LogLevel; readonly format: 'auto' | 'text' | 'json' };
}

export interface TopicWishes {
  readonly partitions: number | undefined;
  readonly replication: number | undefined;
  /** Kafka's own names and values. */
  readonly configs: ReadonlyMap<string, string>;
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
