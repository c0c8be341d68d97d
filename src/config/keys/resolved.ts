/** The configuration after all layers: every default is filled in, names carry units, and it is frozen. */
import type { LogLevels } from '../../core/log/areas.js';
import type { TokenSource } from '../../core/token-source.js';
import type { Below, Nested } from './field.js';
import type { Schema } from './schema.js';

export type KafkaProperties = ReadonlyMap<string, string>;

export interface ClusterConfig {
  /** host:port, in the order given. */
  readonly bootstrapServers: readonly string[];
  /**
   * librdkafka names: the user's properties over the defaults in kafka/properties/defaults.ts. The Kafka
   * adapter adds the properties that the dispatcher owns.
   */
  readonly properties: KafkaProperties;
  /** librdkafka name → where it came from. Every name of `properties` has one. */
  readonly origins: ReadonlyMap<string, PropertyOrigin>;
  /** Every certificate that was read, once per store. */
  readonly certificates: readonly CertificateNote[];
  /**
   * Absolute paths: stores, PEM files, `${file:…}`, properties files, the configuration itself. A change to
   * one of them creates new clients.
   */
  readonly watchedFiles: readonly string[];
  /** Where OAUTHBEARER tokens come from; undefined: librdkafka fetches them itself, or none are needed. */
  readonly tokens: TokenSource | undefined;
}

/** The key that a user would change to change a property. */
export interface PropertyOrigin {
  /** As written: `kafka.properties.ssl.truststore.location`. */
  readonly key: string;
  /** `kd.yml:12:5`; '' where it is not a line in a file. */
  readonly place: string;
  /** How it was translated, in one line; '' if it was taken over unchanged. */
  readonly note: string;
}

export interface CertificateNote {
  readonly use: 'truststore' | 'keystore';
  /** The file, or the property's name for an inline PEM. */
  readonly file: string;
  readonly subject: string;
  readonly notBefore: Date;
  readonly notAfter: Date;
  /** SHA-256 of the DER form, in lower-case hexadecimal. */
  readonly sha256: string;
}

export type DataFormat = Section<'dispatcher.input'>['format'];
/** The typed settings of a section, derived from the schema. */
type Section<Name extends string> = Nested<Below<Schema, Name>>;

/**
 * A plain key of the schema appears here by itself: `dispatcher.commit-interval` is
 * `dispatcher.commitIntervalMs`. Only keys that take more than their value to resolve are named below.
 */
export interface ResolvedConfig {
  readonly name: string;
  /** Absolute; undefined when there is no file (demo, -b). */
  readonly file: string | undefined;
  readonly consumer: ClusterConfig &
    Omit<Section<'kafka.consumer'>, 'bootstrapServers' | 'groupId' | 'topics'> & {
      readonly groupId: string;
      /** Names, or the source of one regular expression. */
      readonly topics: { readonly names: readonly string[] } | { readonly pattern: string };
    };
  readonly producer: ClusterConfig & {
    /** Undefined: every result must name its topic; a result without a topic is rejected (NO_TOPIC). */
    readonly topic: string | undefined;
  };
  readonly dispatcher: Omit<
    Section<'dispatcher'>,
    'transform' | 'input' | 'output' | 'threads' | 'workerHeapMax' | 'batch' | 'inFlight' | 'deadLetter'
  > & {
    /** Absolute path of the module; undefined = pass-through. */
    readonly transform: string | undefined;
    readonly options: Readonly<Record<string, unknown>>;
    /**
     * Secrets of the whole configuration: errors of the transform may quote them, and dead letters must not.
     */
    readonly secrets: readonly string[];
    readonly input: WithSchema<Section<'dispatcher.input'>>;
    readonly output: WithSchema<Section<'dispatcher.output'>>;
    /** 0 = in the main thread. */
    readonly threads: number;
    /** Bytes. */
    readonly workerHeapMax: number;
    readonly inFlight: Omit<Section<'dispatcher.in-flight'>, 'bytesMax'> & { readonly bytesMax: number };
    readonly batch: Omit<Section<'dispatcher.batch'>, 'bytesMax'> & { readonly bytesMax: number };
    readonly deadLetter: Omit<Section<'dispatcher.dead-letter'>, 'topic'>;
    readonly deadLetterTopic: string | undefined;
  };
  /**
   * Settings for topics that `kd topics create` makes. Topics named here are created in addition to the job's
   * own.
   */
  readonly topics: { readonly defaults: TopicWishes; readonly named: ReadonlyMap<string, TopicWishes> };
  /** The container's memory limit in bytes; undefined: there is none. */
  readonly memoryLimit: number | undefined;
  readonly server: ServerConfig | undefined;
  readonly telemetry: Omit<Section<'telemetry'>, 'module'> & {
    /** Absolute. */
    readonly module: string | undefined;
  };
  readonly logging: Omit<Section<'logging'>, 'level'> & { readonly level: LogLevels };
}

export interface ServerConfig {
  readonly port: number;
  readonly address: string;
  /** A secret; undefined: clients need none. */
  readonly token: string | undefined;
  readonly allowedHosts: readonly string[];
}

type WithSchema<Part> = Omit<Part, 'schema'> & { readonly schema: SchemaFiles | undefined };

export interface TopicWishes {
  readonly partitions: number | undefined;
  readonly replication: number | undefined;
  /** Kafka's own setting names and values. */
  readonly configs: ReadonlyMap<string, string>;
}

export interface SchemaFiles {
  /** Absolute path of the reader schema. */
  readonly path: string;
  /** Absolute path of the writer schema, if it differs. */
  readonly writerPath: string | undefined;
  /** Further files with named types that the schema refers to. */
  readonly references: readonly string[];
}
