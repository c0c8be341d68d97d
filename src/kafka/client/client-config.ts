/**
 * From the configuration to librdkafka's properties: defaults, then the user's, then those that this adapter
 * owns.
 */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { TokenSource } from '../../core/token-source.js';
import type { NativeBinding } from '../native.js';
import { consumerDefaults, producerDefaults, withDefaults } from '../properties/defaults.js';
import { FIXED_PROPERTIES } from '../properties/owned.js';
import { librdkafkaFeatures } from '../rdkafka.js';
import { askingNobody } from '../tokens/oidc.js';

/** One side's cluster as configured. */
export interface ClusterOptions {
  readonly bootstrapServers: readonly string[];
  /** librdkafka names and values, as the user wrote them. */
  readonly properties: ReadonlyMap<string, string>;
  /** librdkafka name → where the user wrote it, for messages. */
  readonly origins?: ReadonlyMap<
    string,
    { readonly key: string; readonly place: string; readonly note: string }
  >;
  /** Where OAUTHBEARER tokens come from, if librdkafka does not fetch them itself. */
  readonly tokens?: TokenSource | undefined;
}

export interface PluginIdentity {
  readonly pluginPath: string;
  /** Identifies this handle for the addon; `client.id` belongs to the user. */
  readonly handleId: number;
}

export interface ConsumerClientOptions {
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly groupId: string;
  readonly commitIntervalMs: number;
  /** 0 = no statistics. */
  readonly statisticsIntervalMs: number;
}

export interface ProducerClientOptions {
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  /** Bytes that may wait in librdkafka for delivery. */
  readonly queueBytesMax: number;
  /** [0] 0 = no statistics. */
  readonly statisticsIntervalMs?: number;
  /** `max.message.bytes` of the output topics, where known: the largest and the smallest. */
  readonly topicLimits?: { readonly largestBytes: number; readonly smallestBytes: number };
}

type Properties = Record<string, string | number | boolean>;

const PLUGIN = 'plugin.library.paths';
const HANDLE = 'kd.handle';

/**
 * Kafka's own default of `max.message.bytes`; librdkafka's is lower, and would refuse records that the source
 * topic could hold.
 */
const TOPIC_MESSAGE_BYTES_DEFAULT = 1_048_588;
const BATCH_SIZE_BYTES_DEFAULT = 1_000_000;
/** librdkafka's `message.max.bytes`: default, minimum and maximum. */
const MESSAGE_BYTES_DEFAULT = 1_000_000;
const MESSAGE_BYTES_MIN = 1_000;
const MESSAGE_BYTES_MAX = 1_000_000_000;

/**
 * For node-rdkafka's constructor; the caller adds callbacks. The order matters: the plugin must be loaded
 * before it can see its handle's number.
 */
export function consumerProperties(identity: PluginIdentity, options: ConsumerClientOptions): Properties {
  const properties = Object.fromEntries(withDefaults(consumerDefaults, options.cluster.properties));
  return {
    ...pluginProperties(identity),
    ...properties,
    ...producerLimit(properties),
    'bootstrap.servers': options.cluster.bootstrapServers.join(','),
    'client.id': options.clientId,
    'group.id': options.groupId,
    'auto.commit.interval.ms': options.commitIntervalMs,
    ...fixedProperties('consumer'),
    'statistics.interval.ms': options.statisticsIntervalMs,
  };
}

/** Only producers use this property, but librdkafka refuses a consumer whose fetch size is smaller. */
function producerLimit(properties: Properties): Properties {
  const limitBytes = Math.min(
    Number(properties['message.max.bytes'] ?? MESSAGE_BYTES_DEFAULT),
    Number(properties['fetch.max.bytes']),
  );
  return { 'message.max.bytes': Math.max(limitBytes, MESSAGE_BYTES_MIN) };
}

export function producerProperties(identity: PluginIdentity, options: ProducerClientOptions): Properties {
  return {
    ...pluginProperties(identity),
    ...sizeProperties(options),
    ...Object.fromEntries(withDefaults(producerDefaults, options.cluster.properties)),
    'bootstrap.servers': options.cluster.bootstrapServers.join(','),
    'client.id': options.clientId,
    ...fixedProperties('producer'),
    'statistics.interval.ms': options.statisticsIntervalMs ?? 0,
  };
}

/**
 * The maximum sizes of a record and a message set. librdkafka counts more bytes for both than the broker
 * does, so the topics' limits are used unchanged.
 */
function sizeProperties({ cluster, queueBytesMax, topicLimits }: ProducerClientOptions): Properties {
  const { largestBytes, smallestBytes } = topicLimits ?? {
    largestBytes: 0,
    smallestBytes: BATCH_SIZE_BYTES_DEFAULT,
  };
  // A record larger than the whole queue would wait for room forever.
  const roomBytes = Math.min(Math.max(queueBytesMax, TOPIC_MESSAGE_BYTES_DEFAULT), MESSAGE_BYTES_MAX);
  // librdkafka compares sizes before compression, the broker after it: with compression only the broker can
  // decide.
  const wantedBytes = isCompressed(cluster) ? roomBytes : largestBytes;
  const messageBytesMax = Math.min(Math.max(wantedBytes, TOPIC_MESSAGE_BYTES_DEFAULT), roomBytes);
  return {
    // One record always fits, however small the in-flight limit is.
    'queue.buffering.max.kbytes': Math.ceil(Math.max(queueBytesMax, messageBytesMax) / 1024),
    'message.max.bytes': messageBytesMax,
    // A message set above the topic's limit fails as a whole; kept below it, a size error names the guilty
    // record.
    'batch.size': Math.max(1, Math.min(BATCH_SIZE_BYTES_DEFAULT, smallestBytes)),
  };
}

export function isCompressed({ properties }: ClusterOptions): boolean {
  const codec = properties.get('compression.codec') ?? properties.get('compression.type') ?? 'none';
  return codec.toLowerCase() !== 'none';
}

/** Refuses features that this build of librdkafka lacks, because the client's own error would say less. */
export function checkFeatures(
  cluster: ClusterOptions,
  features: ReadonlySet<string> = librdkafkaFeatures(),
): void {
  for (const need of FEATURE_NEEDS) {
    const value = need.names.map((name) => cluster.properties.get(name)).find((found) => found !== undefined);
    if (value === undefined || !need.matches.test(value) || features.has(need.feature)) continue;
    throw new DispatcherError(
      'CONFIGURATION',
      `${need.names[0]} is ${value}, but librdkafka was built without ${need.feature}`,
      {
        remedy: `install ${need.packages} and build node-rdkafka again (npm rebuild node-rdkafka)`,
      },
    );
  }
}

const FEATURE_NEEDS = [
  {
    feature: 'zstd',
    names: ['compression.codec', 'compression.type'],
    matches: /^zstd$/i,
    packages: 'libzstd-dev',
  },
  { feature: 'ssl', names: ['security.protocol'], matches: /ssl$/i, packages: 'libssl-dev' },
  {
    feature: 'sasl_gssapi',
    names: ['sasl.mechanism', 'sasl.mechanisms'],
    matches: /^gssapi$/i,
    packages: 'libsasl2-dev',
  },
  {
    feature: 'sasl_scram',
    names: ['sasl.mechanism', 'sasl.mechanisms'],
    matches: /^scram-/i,
    packages: 'libssl-dev',
  },
  {
    feature: 'oidc',
    names: ['sasl.oauthbearer.method'],
    matches: /^oidc$/i,
    packages: 'libcurl4-openssl-dev',
  },
] as const;

/**
 * Throws what librdkafka would say against a client with these properties. Asked without the plugin: with it,
 * a client that can't be created crashes the process.
 */
export function checkCreatable(native: ConfigurationCheck, kind: ClientSide, properties: Properties): void {
  const asked = Object.entries(properties).filter(
    ([name]) => name !== PLUGIN && name !== HANDLE && name !== 'bootstrap.servers',
  );
  const refusal = native.checkConfiguration(
    kind,
    askingNobody(asked.map(([name, value]) => [name, String(value)] as const)),
  );
  if (refusal !== null) throw new Error(refusal);
}

type ConfigurationCheck = Pick<NativeBinding, 'checkConfiguration'>;

function pluginProperties(identity: PluginIdentity): Properties {
  // Without the queue, librdkafka's threads would call into node-rdkafka, which is not ready for that while
  // it connects (see serveLog in connect.ts).
  return { [PLUGIN]: identity.pluginPath, [HANDLE]: identity.handleId, 'log.queue': true };
}

function fixedProperties(side: ClientSide): Properties {
  return Object.fromEntries(FIXED_PROPERTIES[side].map(({ name, value }) => [name, value]));
}
