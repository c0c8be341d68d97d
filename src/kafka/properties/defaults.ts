/**
 * kd's defaults for librdkafka: high throughput with limited memory, measured on real brokers. One table for
 * all uses.
 */

import { canonicalName, MICROSECONDS_MAX_MS } from './names.js';

/** Name → value, as librdkafka takes them. */
export type KafkaProperties = ReadonlyMap<string, string>;

const RECONNECT_BACKOFF = 'reconnect.backoff.ms';
/** MSK's smallest brokers accept four new connections per second on their IAM listener. */
const TOKEN_RECONNECT_BACKOFF_MS = '1000';

/**
 * While no broker is reachable, librdkafka tries one of the bootstrap servers twice per
 * `reconnect.backoff.ms`, however far its backoff has grown (rd_kafka_connect_any): at 100, its own default,
 * that is 20 connections per second from every client. It also waits half of it before a client's second
 * connection, so at 1000 every run began a second later. The maximum is how long a member may wait although a
 * broker is back.
 */
const reconnecting: KafkaProperties = new Map([
  [RECONNECT_BACKOFF, '250'],
  ['reconnect.backoff.max.ms', '3000'],
]);

export const consumerDefaults: KafkaProperties = new Map([
  // 1000, librdkafka's own default, stalls the fetcher for whole seconds; 0 makes it fetch too often and too
  // little.
  ['fetch.queue.backoff.ms', '5'],
  ['fetch.min.bytes', '1'],
  ['fetch.wait.max.ms', '50'],
  // Small queues keep records in the caches of the processor, and memory flat whatever the lag.
  ['queued.min.messages', '20000'],
  ['queued.max.messages.kbytes', '16384'],
  ['fetch.message.max.bytes', '262144'],
  // One response holds up to 256 KiB of each partition: with 100 partitions 8 MiB took 20 MiB more at the
  // same speed.
  ['fetch.max.bytes', '4194304'],
  ['partition.assignment.strategy', 'cooperative-sticky'],
  // librdkafka's own five minutes would leave new partitions and topics unread for as long.
  ['topic.metadata.refresh.interval.ms', '30000'],
  // Balancers and NAT gateways forget silent connections.
  ['socket.keepalive.enable', 'true'],
  ...reconnecting,
]);

const ALIVE = 'balancers and NAT gateways forget silent connections';

/** The reasons above, for `--explain`. */
const defaultReasons: ReadonlyMap<string, string> = new Map([
  ['fetch.queue.backoff.ms', 'a full queue delays fetching by milliseconds, not by a second'],
  ['fetch.min.bytes', 'brokers answer as soon as there is a record'],
  ['fetch.wait.max.ms', 'how long a broker waits for a first record'],
  ['queued.min.messages', 'small queues stay in the caches of the processor'],
  ['queued.max.messages.kbytes', 'memory stays flat, whatever the lag'],
  ['fetch.message.max.bytes', 'memory stays flat, whatever the lag'],
  ['fetch.max.bytes', 'memory stays flat, whatever the lag'],
  ['partition.assignment.strategy', 'a rebalance takes away only the partitions that move'],
  ['topic.metadata.refresh.interval.ms', 'new partitions and topics are noticed within half a minute'],
  ['metadata.max.age.ms', 'the longest age of metadata that librdkafka counts without an overflow'],
  ['enable.idempotence', 'a retried request neither repeats records nor changes their order'],
  ['acks', 'a record counts as written when all replicas in sync have it'],
  ['linger.ms', 'a little waiting makes fuller requests'],
  ['queue.buffering.max.messages', 'limits the records in flight'],
  ['allow.auto.create.topics', 'a missing topic is reported, not created'],
  ['socket.keepalive.enable', ALIVE],
  ['reconnect.backoff.ms', 'unreachable brokers get few connection attempts per second'],
  ['reconnect.backoff.max.ms', 'a broker that is back is used within seconds'],
]);

export const producerDefaults: KafkaProperties = new Map([
  ['enable.idempotence', 'true'],
  ['acks', 'all'],
  ['linger.ms', '5'],
  ['queue.buffering.max.messages', '100000'],
  // A missing topic is reported, not created with the broker's default partition count.
  ['allow.auto.create.topics', 'false'],
  ['topic.metadata.refresh.interval.ms', '30000'],
  ['socket.keepalive.enable', 'true'],
  ...reconnecting,
]);

/** What a run is tuned for: fewest requests and least CPU per record, or the shortest way of a record. */
export type Preset = 'throughput' | 'latency';

/**
 * Measured with a meter around kd: one millisecond instead of five halves the median at 100,000 records per
 * second, for a fifth more CPU; at full speed requests are full before that, and it costs nothing.
 */
const latencyProducerDefaults: KafkaProperties = new Map([...producerDefaults, ['linger.ms', '1']]);

const LATENCY_REASONS: ReadonlyMap<string, string> = new Map([
  ['linger.ms', 'dispatcher.preset is latency: a record hardly waits for others'],
]);

export function defaultsOf(side: 'consumer' | 'producer', preset: Preset): KafkaProperties {
  if (side === 'consumer') return consumerDefaults;
  return preset === 'latency' ? latencyProducerDefaults : producerDefaults;
}

export function reasonOf(side: 'consumer' | 'producer', name: string, preset: Preset): string {
  const own = side === 'producer' && preset === 'latency' ? LATENCY_REASONS.get(name) : undefined;
  return own ?? defaultReasons.get(name) ?? '';
}

function usesTokens(user: KafkaProperties): boolean {
  return [...user].some(
    ([name, value]) => canonicalName(name) === 'sasl.mechanisms' && value.toUpperCase() === 'OAUTHBEARER',
  );
}

const METADATA_AGE = 'metadata.max.age.ms';
const REFRESHES_PER_AGE = 3;

/** librdkafka's own age would be negative: it would forget every topic at once and read none. */
function ageOverflows(user: KafkaProperties): boolean {
  const refreshMs = Number(user.get('topic.metadata.refresh.interval.ms') ?? 0);
  return refreshMs * REFRESHES_PER_AGE > MICROSECONDS_MAX_MS;
}

/** librdkafka refuses these together with `group.protocol: consumer`. */
const CLASSIC_GROUP_ONLY = [
  'partition.assignment.strategy',
  'session.timeout.ms',
  'heartbeat.interval.ms',
  'group.protocol.type',
];

/** The user's properties over the defaults. A default is replaced by any alias of its name. */
export function withDefaults(defaults: KafkaProperties, user: KafkaProperties): Map<string, string> {
  const taken = new Set([...user.keys()].map(canonicalName));
  const newProtocol = user.get('group.protocol')?.toLowerCase() === 'consumer';
  const merged = new Map<string, string>();
  for (const [name, value] of defaults) {
    if (taken.has(canonicalName(name)) || (newProtocol && CLASSIC_GROUP_ONLY.includes(name))) continue;
    merged.set(name, value);
  }
  if (usesTokens(user) && !taken.has(RECONNECT_BACKOFF))
    merged.set(RECONNECT_BACKOFF, TOKEN_RECONNECT_BACKOFF_MS);
  if (!taken.has(METADATA_AGE) && ageOverflows(user)) merged.set(METADATA_AGE, String(MICROSECONDS_MAX_MS));
  for (const [name, value] of user) merged.set(name, value);
  return merged;
}
