/** The keys of the section kafka. */
import type { Field } from './field.js';

const SERVERS_DOC =
  'host:port, comma-separated text, a list, or the JSON of `aws kafka get-bootstrap-brokers`';

export const KAFKA_KEYS = {
  'kafka.bootstrap-servers': {
    format: 'servers',
    default: null,
    doc: SERVERS_DOC,
  },
  'kafka.properties-file': {
    format: 'path',
    default: null,
    doc: "a client.properties file, as Kafka's own tools read it; kafka.properties overrides it",
  },
  'kafka.token-provider': {
    format: 'path',
    default: null,
    doc: 'module that fetches tokens for OAUTHBEARER: default export async () => ({ token, expiryTime })',
  },
  'kafka.consumer.bootstrap-servers': {
    format: 'servers',
    default: null,
    doc: 'the cluster to read from, if it is not the one in kafka.bootstrap-servers',
  },
  'kafka.consumer.group-id': {
    format: 'text',
    default: null,
    doc: 'consumer group; instances of one group share the partitions',
  },
  'kafka.consumer.topics': {
    format: 'topics',
    default: null,
    doc: 'names, or one /regular expression/',
  },
  'kafka.consumer.auto-offset-reset': {
    format: 'choice',
    default: 'earliest',
    choices: ['earliest', 'latest', 'none'],
    doc: 'where a group without committed offsets starts',
  },
  'kafka.consumer.out-of-range': {
    format: 'choice',
    default: 'stop',
    choices: ['stop', 'earliest', 'latest'],
    doc: 'when the committed offset is no longer there (retention, truncation): stop = exit 5',
  },
  'kafka.consumer.missing-topics-fatal': {
    format: 'boolean',
    default: true,
    doc: 'stop at start when a topic does not exist',
  },
  'kafka.consumer.own-output': {
    format: 'choice',
    default: 'refuse',
    choices: ['refuse', 'allow'],
    doc: 'allow: the job may read the topic that it writes; its results come back as input',
  },
  'kafka.producer.bootstrap-servers': {
    format: 'servers',
    default: null,
    doc: 'the cluster to write to, if it is not the one in kafka.bootstrap-servers',
  },
  'kafka.producer.topic': {
    format: 'topic',
    default: null,
    doc: 'the default output topic; needed without a transform, or for results that name no topic',
  },
} as const satisfies Readonly<Record<string, Field>>;
