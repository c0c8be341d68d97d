/**
 * From the configuration to librdkafka's properties: defaults, then the user's, then those that this adapter
 * must own.
 */
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import type { TokenSource } from '../../core/token-source.js';
import type { NativeBinding } from '../native.js';
import { consumerDefaults, producerDefaults, withDefaults } from '../properties/defaults.js';
import { FIXED_PROPERTIES } from '../properties/owned.js';
import { librdkafkaFeatures } from '../rdkafka.js';
import { askingNobody } from '../tokens/oidc.js';

/** One side's cluster, as the configuration has it. */
export interface ClusterOptions {
  readonly bootstrapServers: readonly string[];
  /** librdkafka names: what the user wrote. */
  readonly properties: ReadonlyMap<string, string>;
  /** librdkafka name → where the user wrote it, for messages. */
  readonly origins?: ReadonlyMap<
    string,
    { readonly key: string; readonly place: string; readonly note: string }
  >;
  /** Where OAUTHBEARER tokens come from that librdkafka does not fetch itself. */
  readonly tokens?: TokenSource | undefined;
}

export interface PluginIdentity {
  readonly pluginPath: string;
  /** Tells this handle apart for the addon; `client.id` belongs to the user. */
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
/** librdkafka's `message.max.bytes`: its default, the least and the most. */
const MESSAGE_BYTES_DEFAULT = 1_000_000;
const MESSAGE_BYTES_MIN = 1_000;
const MESSAGE_BYTES_MAX = 1_000_000_000;

/**
 * For node-rdkafka's constructor; callbacks are added by the caller. The order counts: the plugin must be
 * loaded before it can see its handle's number.
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

/**
 * Only producers go by it, but librdkafka refuses a consumer that fetches less at once, be it for a shared
 * property or by its own choice.
 */
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
  };
}

/**
 * How large a record and a message set may be. librdkafka counts more for both than the broker will, so the
 * topics' limits are taken as they are.
 */
function sizeProperties({ cluster, queueBytesMax, topicLimits }: ProducerClientOptions): Properties {
  const { largestBytes, smallestBytes } = topicLimits ?? {
    largestBytes: 0,
    smallestBytes: BATCH_SIZE_BYTES_DEFAULT,
  };
  // What is larger than the whole queue would wait for room in it for ever.
  const roomBytes = Math.min(Math.max(queueBytesMax, TOPIC_MESSAGE_BYTES_DEFAULT), MESSAGE_BYTES_MAX);
  // librdkafka compares before it compresses, the broker afterwards: then only the broker can tell.
  const wantedBytes = isCompressed(cluster) ? roomBytes : largestBytes;
  const messageBytesMax = Math.min(Math.max(wantedBytes, TOPIC_MESSAGE_BYTES_DEFAULT), roomBytes);
  return {
    // One record always fits, however little is to be in flight.
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

/** Refuses what this build of librdkafka can't do, before a client fails with less to say. */
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
 * Throws what librdkafka would say against a client with these properties. Asked without the plugin, because
 * a client that can't be created takes the process with it when it has one.
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
  // Without the queue, librdkafka's threads call into node-rdkafka, which is not ready for that while it
  // connects (see serveLog in connect.ts).
  return { [PLUGIN]: identity.pluginPath, [HANDLE]: identity.handleId, 'log.queue': true };
}

function fixedProperties(side: ClientSide): Properties {
  return Object.fromEntries(FIXED_PROPERTIES[side].map(({ name, value }) => [name, value]));
}
