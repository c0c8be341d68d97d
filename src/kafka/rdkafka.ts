/**
 * node-rdkafka as this adapter uses it: promises instead of callbacks, and its errors recognised. Only the
 * control plane uses it.
 */

import type {
  KafkaConsumer,
  LibrdKafkaError,
  Metadata,
  Producer,
  TopicPartition,
  TopicPartitionOffset,
} from 'node-rdkafka';
import { loadRdkafka } from './libraries.js';

export type { KafkaConsumer, Metadata, Producer, TopicPartition, TopicPartitionOffset };
export type KafkaClient = KafkaConsumer | Producer;

/** The features that librdkafka was built with, e.g. `zstd`, `ssl`, `sasl_scram`. */
export function librdkafkaFeatures(): ReadonlySet<string> {
  return new Set(loadRdkafka().features);
}

type ClientProperties = Readonly<Record<string, unknown>>;

export function newConsumer(properties: ClientProperties): KafkaConsumer {
  const { client, topic } = byScope(properties);
  return new (loadRdkafka().KafkaConsumer)(client, topic);
}

export function newProducer(properties: ClientProperties): Producer {
  const { client, topic } = byScope(properties);
  return new (loadRdkafka().Producer)(client, topic);
}

/** librdkafka's topic properties that are not also client properties. */
const OF_TOPICS: ReadonlySet<string> = new Set([
  'acks',
  'auto.offset.reset',
  'compression.level',
  'consume.callback.max.messages',
  'delivery.timeout.ms',
  'message.timeout.ms',
  'offset.store.method',
  'offset.store.path',
  'offset.store.sync.interval.ms',
  'partitioner',
  'produce.offset.report',
  'queuing.strategy',
  'request.required.acks',
  'request.timeout.ms',
]);

/**
 * node-rdkafka replaces all topic properties by its second argument, even by an empty one, so topic
 * properties among the client's would have no effect.
 */
export function byScope(properties: ClientProperties): {
  readonly client: Record<string, unknown>;
  readonly topic: Record<string, unknown>;
} {
  const entries = Object.entries(properties);
  return {
    client: Object.fromEntries(entries.filter(([name]) => !OF_TOPICS.has(name))),
    topic: Object.fromEntries(entries.filter(([name]) => OF_TOPICS.has(name))),
  };
}

/** Codes are numbers on most paths; events carry −1 and only a text. */
export function kafkaErrorCode(error: unknown): number | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'number' ? error.code : undefined;
}

export function errorText(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

/** `topic` leaks a small object inside node-rdkafka per call: ask once per topic, then refresh without it. */
export function getMetadata(
  client: KafkaClient,
  options: { topic?: string; allTopics: boolean; timeout: number },
): Promise<Metadata> {
  return new Promise((resolve, reject) => {
    client.getMetadata(options, (error, metadata) => (isFailure(error) ? reject(error) : resolve(metadata)));
  });
}

/** The committed offset of each partition, in the order asked; −1 where nothing is committed. */
export function queryCommitted(
  consumer: KafkaConsumer,
  partitions: readonly TopicPartition[],
  timeoutMs: number,
): Promise<number[]> {
  const asked = partitions.map(({ topic, partition }) => ({ topic, partition }));
  return new Promise((resolve, reject) => {
    consumer.committed(asked, timeoutMs, (error, answers) => {
      if (isFailure(error)) return reject(error);
      // A partition with its own error is in the list as an Error.
      const failed = answers.find((answer): boolean => answer instanceof Error);
      if (failed !== undefined) return reject(failed);
      resolve(answers.map((answer) => committedOffset(answer)));
    });
  });
}

export function seekTo(
  consumer: KafkaConsumer,
  position: TopicPartitionOffset,
  timeoutMs: number,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { topic, partition, offset } = position;
    consumer.seek({ topic, partition, offset }, timeoutMs, (error) =>
      isFailure(error) ? reject(error) : resolve(),
    );
  });
}

/** librdkafka omits the offset if nothing is committed. */
function committedOffset(answer: { readonly offset?: number }): number {
  return answer.offset === undefined || answer.offset < 0 ? -1 : answer.offset;
}

/** The types say that callbacks always get an error; without one it is null or undefined. */
function isFailure(error: LibrdKafkaError | null | undefined): error is LibrdKafkaError {
  return error !== null && error !== undefined;
}
