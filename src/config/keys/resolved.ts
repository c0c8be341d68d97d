/** The configuration after all layers: nothing optional where a default exists, units in names, frozen. */
import type { Below, Nested } from './field.js';
import type { Schema } from './schema.js';

export type KafkaProperties = ReadonlyMap<string, string>;

export interface ClusterConfig {
  /** host:port, in the order given. */
  readonly bootstrapServers: readonly string[];
  /**
   * librdkafka names: what the user wrote, over the defaults of kafka/properties/defaults.ts. Properties that
   * the dispatcher owns are added by the Kafka adapter.
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

export type TokenSource = TokenReport &
  (
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
    | { readonly kind: 'module'; readonly path: string }
  );

interface TokenReport {
  /** Called with every token: it is a secret that no configuration holds. */
  readonly obtained?: (token: string) => void;
}

export type DataFormat = Section<'dispatcher.input'>['format'];
/** The typed settings of a section, as they follow from the schema. */
type Section<Name extends string> = Nested<Below<Schema, Name>>;

/**
 * A plain key of the schema is here by itself: `dispatcher.commit-interval` is `dispatcher.commitIntervalMs`.
 * Named below is only what takes more than its value to resolve.
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
    /** Undefined: every result must name its topic; a result without one is rejected (NO_TOPIC). */
    readonly topic: string | undefined;
  };
  readonly dispatcher: Omit<
    Section<'dispatcher'>,
    'transform' | 'input' | 'output' | 'threads' | 'batch' | 'deadLetter'
  > & {
    /** Absolute path of the module; undefined = pass-through. */
    readonly transform: string | undefined;
    readonly options: Readonly<Record<string, unknown>>;
    /** Of the whole configuration: errors of the transform may quote them, and dead letters must not. */
    readonly secrets: readonly string[];
    readonly input: WithSchema<Section<'dispatcher.input'>>;
    readonly output: WithSchema<Section<'dispatcher.output'>>;
    /** 0 = in the main thread. */
    readonly threads: number;
    readonly batch: Omit<Section<'dispatcher.batch'>, 'bytesMax'> & { readonly bytesMax: number };
    readonly deadLetter: Omit<Section<'dispatcher.dead-letter'>, 'topic'>;
    readonly deadLetterTopic: string | undefined;
  };
  /** What topics should be like where they are created. Those named here are wanted besides the job's own. */
  readonly topics: { readonly defaults: TopicWishes; readonly named: ReadonlyMap<string, TopicWishes> };
  readonly server: { readonly port: number; readonly address: string } | undefined;
  readonly logging: Section<'logging'>;
}

type WithSchema<Part> = Omit<Part, 'schema'> & { readonly schema: SchemaFiles | undefined };

export interface TopicWishes {
  readonly partitions: number | undefined;
  readonly replication: number | undefined;
  /** Kafka's own names and values. */
  readonly configs: ReadonlyMap<string, string>;
}

export interface SchemaFiles {
  /** Absolute path of the schema of the data (reader schema). */
  readonly path: string;
  /** The schema the data was written with, where it differs. */
  readonly writerPath: string | undefined;
  /** Further files whose named types the schema refers to. */
  readonly references: readonly string[];
}
