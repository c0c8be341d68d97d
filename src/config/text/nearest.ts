/** Finds the key that an unknown name probably means: by spelling, by meaning, by place. */
import { editDistance, nearestName } from '../../core/nearest-name.js';

/** Words that other products use for kd's keys. Written in kebab-case, without the section. */
const SYNONYMS: ReadonlyMap<string, string> = new Map(
  Object.entries({
    'dispatcher.dead-letter.topic':
      'dlq dlt dlq-topic dead-letter-topic dead-letters dead-letter-queue deadletter ' +
      'dead-letter-queue-topic error-topic errors poison dead-letter-name',
    'dispatcher.threads':
      'workers worker worker-threads worker-count num-workers pool pool-size parallelism num-threads ' +
      'thread-count cores max-threads min-threads executors',
    'dispatcher.batch.records-max':
      'max-records batch-size size records max-poll-records batch-records max-batch-size ' +
      'max-batch-records records-per-batch chunk-size',
    'dispatcher.batch.bytes-max': 'batch-bytes max-batch-bytes max-bytes bytes',
    'dispatcher.batch.interval': 'gather min-interval batch-interval interval-ms',
    'dispatcher.batch.linger': 'linger linger-ms batch-timeout batch-wait max-wait',
    'kafka.bootstrap-servers':
      'brokers broker servers broker-list bootstrap bootstrap-server bootstrap-brokers hosts seeds ' +
      'seed-brokers metadata-broker-list',
    'kafka.consumer.topics':
      'topic input-topic input-topics source-topic source-topics from subscribe subscription source',
    'kafka.producer.topic':
      'output-topic target-topic sink-topic destination destination-topic to sink default-topic',
    'kafka.consumer.group-id': 'group consumer-group groupid group-name consumer-group-id',
    'kafka.consumer.auto-offset-reset':
      'offset-reset start-offset initial-offset from-beginning start-from offset',
    'kafka.properties':
      'security ssl tls sasl truststore keystore config settings librdkafka client-properties ' +
      'ssl-truststore-location security-protocol',
    'dispatcher.transform': 'processor function mapper map handler script module transformer code process',
    'dispatcher.options': 'params parameters args arguments transform-options context',
    'dispatcher.input.format': 'format deserializer decoder codec value-deserializer input-format',
    'dispatcher.output.format': 'serializer encoder value-serializer output-format',
    'dispatcher.input.schema': 'input-schema reader-schema avsc avro-schema schema-file',
    'dispatcher.output.schema': 'output-schema',
    'dispatcher.input.tombstones': 'nulls null-values tombstone',
    'dispatcher.output.partition': 'partitioner partitioning',
    'dispatcher.delivery': 'guarantee semantics delivery-guarantee processing-guarantee eos exactly-once',
    'dispatcher.ordering': 'order ordered order-by preserve-order',
    'dispatcher.in-flight.bytes-max':
      'memory max-memory memory-limit buffer buffer-memory buffer-size in-flight-bytes',
    'dispatcher.in-flight.records-max':
      'max-in-flight max-inflight inflight in-flight-records prefetch queue-size queue max-records-in-flight',
    'dispatcher.timeout':
      'task-timeout worker-timeout processing-timeout transform-timeout max-processing-time',
    'dispatcher.concurrency': 'async max-concurrency concurrent max-concurrent-tasks',
    'dispatcher.retry': 'retries max-retries attempts max-attempts backoff',
    'dispatcher.commit-interval': 'auto-commit-interval commit-interval-ms commit flush-interval',
    'dispatcher.drain-timeout':
      'shutdown-timeout grace-period graceful-shutdown drain stop-timeout termination-grace-period',
    'dispatcher.preset': 'prefer profile tuning mode optimize optimize-for',
    'dispatcher.rate': 'rate-limit max-rate records-per-second throughput speed',
    'dispatcher.throttle-lag': 'throttle max-lag lag lag-limit throttle-group live-group',
    'server.port': 'port http-port metrics-port health-port listen management-port',
    'server.address': 'host bind hostname interface',
    'server.token': 'bearer bearer-token auth-token access-token',
    'server.allowed-hosts': 'host-names allowed-origins cors',
    'telemetry.module': 'otel opentelemetry tracing open-telemetry instrumentation otel-module',
    'logging.level': 'log-level loglevel lvl log verbosity',
    'logging.level.transform': 'level-worker level-workers level-function level-user',
    'logging.level.librdkafka': 'level-client',
    'logging.level.group': 'level-consumer level-rebalance level-offsets level-commits',
    'logging.level.kafka': 'level-producer level-connection level-connections level-broker level-brokers',
    'logging.level.process': 'level-node level-console',
    'logging.level.http': 'level-server level-metrics',
    'logging.format': 'log-format',
    name: 'app-name application-id client-id app id job job-name',
  }).flatMap(([path, words]) => words.split(' ').map((word) => [word, path] as const)),
);

/** Converts camelCase, snake_case and dots to kebab-case. */
export function kebab(name: string): string {
  return name
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1-$2')
    .toLowerCase()
    .replaceAll(/[_.\s]+/g, '-');
}

/** Edits that still count as a misspelling. */
const SLIP_MAX = 2;

const sortedWords = (name: string): string => name.split('-').sort().join('-');

const lastPart = (path: string): string => path.slice(path.lastIndexOf('.') + 1);

/** The full path of the key that `key` below `section` most likely means ('' = top level). */
export function nearestKey(section: string, key: string, paths: readonly string[]): string | undefined {
  const word = kebab(key);
  const siblings = paths.filter((path) =>
    section === ''
      ? !path.includes('.')
      : path.startsWith(`${section}.`) && !path.slice(section.length + 1).includes('.'),
  );
  const exact = siblings.find((path) => lastPart(path) === word);
  if (exact !== undefined) return exact;
  const reordered = siblings.find((path) => sortedWords(lastPart(path)) === sortedWords(word));
  if (reordered !== undefined) return reordered;
  const sibling = nearestName(word, siblings.map(lastPart));
  if (sibling !== undefined && editDistance(word, sibling) <= SLIP_MAX)
    return siblings.find((path) => lastPart(path) === sibling);
  const whole = section === '' ? word : `${section}.${word}`;
  const slip =
    siblings.length > 0
      ? undefined
      : paths.find(
          (path) => Math.abs(path.length - whole.length) <= SLIP_MAX && editDistance(whole, path) <= SLIP_MAX,
        );
  if (slip !== undefined) return slip;
  const meant = SYNONYMS.get(`${lastPart(section)}-${word}`) ?? SYNONYMS.get(word);
  if (meant !== undefined) return meant;
  // In a section with only one key, any unknown name probably means that key.
  if (siblings.length === 1 && section !== '') return siblings[0];
  const elsewhere = paths.filter((path) => lastPart(path) === word);
  if (elsewhere.length > 0) return elsewhere[0];
  if (sibling !== undefined) return siblings.find((path) => lastPart(path) === sibling);
  const anywhere = nearestName(word, paths.map(lastPart));
  if (anywhere !== undefined) return paths.find((path) => lastPart(path) === anywhere);
  const synonym = nearestName(word, SYNONYMS.keys());
  return synonym === undefined ? undefined : SYNONYMS.get(synonym);
}
