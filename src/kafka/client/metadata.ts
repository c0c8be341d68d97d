/** The cluster's metadata about topics: which exist, and their partition counts. */
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../core/errors.js';
import { type TopicSelection, topicMatcher } from '../../core/topic-selection.js';
import { KafkaCode } from '../errors.js';
import {
  errorText,
  getMetadata,
  type KafkaClient,
  kafkaErrorCode,
  type Metadata,
  type TopicPartition,
} from '../rdkafka.js';
import { inAttempts } from './attempts.js';
import type { ClusterOptions } from './client-config.js';

/** Time limit for a request to the brokers, all its attempts together. */
export const REQUEST_TIMEOUT_MS = 30_000;
/** A topic that was just created is not known to every broker immediately. */
const MISSING_ATTEMPTS_MAX = 4;
const MISSING_PAUSE_MS = 250;
/**
 * How often partition counts are refreshed and new topics looked for, unless
 * `topic.metadata.refresh.interval.ms` is set.
 */
const TOPICS_REFRESH_MS = 30_000;

export function refreshMsOf(cluster: Pick<ClusterOptions, 'properties'>): number {
  const ms = Number(cluster.properties.get('topic.metadata.refresh.interval.ms'));
  return ms > 0 ? ms : TOPICS_REFRESH_MS;
}

const CREATE = 'kd topics create';

/** Partition counts by topic; a missing topic (or one that this user may not see) has 0. */
export type PartitionCounts = ReadonlyMap<string, number>;

/** Asks for each topic by name. */
export async function partitionCountsOf(
  client: KafkaClient,
  names: readonly string[],
): Promise<Map<string, number>> {
  const counts = new Map<string, number>();
  for (const name of names) {
    for (let attempt = 1; attempt <= MISSING_ATTEMPTS_MAX; attempt++) {
      const metadata = await ask(client, { topic: name, allTopics: false }, `topic ${name}`);
      const count = metadata.topics.find((topic) => topic.name === name)?.partitions.length ?? 0;
      counts.set(name, count);
      if (count > 0 || attempt === MISSING_ATTEMPTS_MAX) break;
      await delay(MISSING_PAUSE_MS);
    }
  }
  return counts;
}

/**
 * The topics that this client already uses: costs one request, without node-rdkafka's leak per named topic.
 */
export async function partitionCountsKnown(client: KafkaClient): Promise<Map<string, number>> {
  const metadata = await ask(client, { allTopics: false }, 'the topics in use');
  return new Map(metadata.topics.map((topic) => [topic.name, topic.partitions.length]));
}

/** The topics of a subscription that exist, or that are named but do not exist. */
export async function partitionCountsOfSelection(
  client: KafkaClient,
  selection: TopicSelection,
): Promise<Map<string, number>> {
  if ('names' in selection) return partitionCountsOf(client, selection.names);
  const matches = topicMatcher(selection);
  const metadata = await ask(client, { allTopics: true }, 'all topics');
  const matching = metadata.topics.filter((topic) => matches(topic.name));
  return new Map(matching.map((topic) => [topic.name, topic.partitions.length]));
}

export function partitionsOf(counts: PartitionCounts): readonly TopicPartition[] {
  return [...counts].flatMap(([topic, count]) =>
    Array.from({ length: count }, (_, partition) => ({ topic, partition })),
  );
}

export function missingTopics(counts: PartitionCounts): string[] {
  return [...counts].filter(([, count]) => count === 0).map(([name]) => name);
}

/** `createCommand`: the command that creates what the configuration needs. */
export function sourceTopicsMissing(
  selection: TopicSelection,
  missing: readonly string[],
  createCommand = CREATE,
): DispatcherError {
  if (!('names' in selection)) {
    return new DispatcherError(
      'TOPIC_MISSING',
      `no topic matches /${selection.pattern}/ (or this user may not see it)`,
      {
        remedy:
          'correct kafka.consumer.topics, create the topic, or set kafka.consumer.missing-topics-fatal: ' +
          'false to wait for it',
      },
    );
  }
  return new DispatcherError(
    'TOPIC_MISSING',
    `${naming(missing)} not exist (or this user may not see ${missing.length > 1 ? 'them' : 'it'})`,
    {
      remedy:
        `${createCommand}; or correct kafka.consumer.topics; or set ` +
        `kafka.consumer.missing-topics-fatal: false to wait for it`,
    },
  );
}

/** `createCommand`: of a job; without it the name is one that a command was given. */
export function outputTopicMissing(
  name: string,
  role: 'output' | 'dead-letter',
  createCommand: string | undefined,
): DispatcherError {
  const key = role === 'output' ? 'kafka.producer.topic' : 'dispatcher.dead-letter.topic';
  const [what, remedy] =
    createCommand === undefined
      ? ['', 'correct the name (kd topics list --all shows what there is), or create the topic']
      : [`${role} `, `${createCommand}; or correct ${key}`];
  return new DispatcherError(
    'TOPIC_MISSING',
    `the ${what}topic ${name} does not exist (or this user may not see it)`,
    { remedy },
  );
}

/** The configuration does not name it, so `kd topics create` would not create it. */
export function namedTopicMissing(name: string, createCommand = CREATE): DispatcherError {
  return new DispatcherError(
    'TOPIC_MISSING',
    `the topic ${name}, which the transform names, does not exist (or this user may not see it)`,
    {
      remedy:
        `add \`topics: { ${JSON.stringify(name)}: {} }\` to the configuration, then ${createCommand}; ` +
        `or correct the name in the transform`,
    },
  );
}

/** For `partition: same`: a record of partition 7 has no place in a topic of 4. */
export function requireSameCounts(
  input: PartitionCounts,
  output: { readonly name: string; readonly partitionCount: number },
): void {
  const other = [...input].find(([, count]) => count > 0 && count !== output.partitionCount);
  if (other === undefined) return;
  const [name, count] = other;
  throw new DispatcherError(
    'CONFIGURATION',
    `dispatcher.output.partition is same, but the input topic ${name} has ${counted(count)} and the ` +
      `output topic ${output.name} has ${counted(output.partitionCount)}`,
    { remedy: 'give both topics the same number of partitions, or set dispatcher.output.partition: auto' },
  );
}

/** A failed request: no network, or a missing right. */
export function requestFailure(what: string, cause: unknown): DispatcherError {
  if (cause instanceof DispatcherError) return cause;
  const code = kafkaErrorCode(cause);
  const refused =
    code !== undefined &&
    code >= KafkaCode.TOPIC_AUTHORIZATION_FAILED &&
    code <= KafkaCode.CLUSTER_AUTHORIZATION_FAILED;
  return new DispatcherError(
    refused ? 'KAFKA_REFUSED' : 'KAFKA_UNREACHABLE',
    `Kafka did not answer for ${what}: ${errorText(cause)}`,
    {
      remedy: refused
        ? 'grant this user DESCRIBE and READ there'
        : 'check that all brokers are up and can be reached under the names that they advertise',
      cause,
    },
  );
}

async function ask(
  client: KafkaClient,
  options: { topic?: string; allTopics: boolean },
  what: string,
): Promise<Metadata> {
  try {
    return await inAttempts(REQUEST_TIMEOUT_MS, (timeout) => getMetadata(client, { ...options, timeout }));
  } catch (cause) {
    throw requestFailure(what, cause);
  }
}

function naming(names: readonly string[]): string {
  return names.length > 1 ? `the topics ${names.join(', ')} do` : `the topic ${names.join('')} does`;
}

function counted(count: number): string {
  return `${count} ${count === 1 ? 'partition' : 'partitions'}`;
}
