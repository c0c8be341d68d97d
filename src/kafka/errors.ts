/** librdkafka's error codes and log lines, as far as decisions depend on them. */
import type { ClientSide } from '../core/client-side.js';
import { DispatcherError } from '../core/errors.js';
import { type MissingRight, missingRight } from '../diagnosis/rights.js';
import type { DiagnosedCluster } from '../diagnosis/types.js';

/** Names as in rdkafka.h, without the prefix. */
export const KafkaCode = {
  _TRANSPORT: -195,
  _TIMED_OUT: -185,
  _UNKNOWN_TOPIC: -188,
  _UNKNOWN_PARTITION: -190,
  _REVOKE_PARTITIONS: -174,
  _ASSIGN_PARTITIONS: -175,
  _STATE: -172,
  _NO_OFFSET: -168,
  _MAX_POLL_EXCEEDED: -147,
  _FENCED: -144,
  _FATAL: -150,
  UNKNOWN_TOPIC_OR_PART: 3,
  COORDINATOR_LOAD_IN_PROGRESS: 14,
  COORDINATOR_NOT_AVAILABLE: 15,
  NOT_COORDINATOR: 16,
  INCONSISTENT_GROUP_PROTOCOL: 23,
  INVALID_GROUP_ID: 24,
  INVALID_SESSION_TIMEOUT: 26,
  TOPIC_AUTHORIZATION_FAILED: 29,
  GROUP_AUTHORIZATION_FAILED: 30,
  CLUSTER_AUTHORIZATION_FAILED: 31,
  INVALID_PRODUCER_EPOCH: 47,
  TRANSACTIONAL_ID_AUTHORIZATION_FAILED: 53,
  FENCED_INSTANCE_ID: 82,
  PRODUCER_FENCED: 90,
  UNRELEASED_INSTANCE_ID: 111,
} as const;

const AUTHORIZATION: ReadonlySet<number> = new Set([
  KafkaCode.TOPIC_AUTHORIZATION_FAILED,
  KafkaCode.GROUP_AUTHORIZATION_FAILED,
  KafkaCode.CLUSTER_AUTHORIZATION_FAILED,
  KafkaCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED,
]);

const UNKNOWN_TOPIC: ReadonlySet<number> = new Set([
  KafkaCode.UNKNOWN_TOPIC_OR_PART,
  KafkaCode._UNKNOWN_TOPIC,
  KafkaCode._UNKNOWN_PARTITION,
]);

const GROUP_SETTINGS: ReadonlyMap<number, string> = new Map([
  [
    KafkaCode.INCONSISTENT_GROUP_PROTOCOL,
    'let all members of the group use the same partition.assignment.strategy',
  ],
  [KafkaCode.INVALID_GROUP_ID, 'give kafka.consumer.group-id a name that Kafka accepts'],
  [
    KafkaCode.INVALID_SESSION_TIMEOUT,
    "set session.timeout.ms between the broker's group.min.session.timeout.ms and " +
      'group.max.session.timeout.ms',
  ],
]);

const COORDINATOR_MOVING: ReadonlySet<number> = new Set([
  KafkaCode.COORDINATOR_LOAD_IN_PROGRESS,
  KafkaCode.COORDINATOR_NOT_AVAILABLE,
  KafkaCode.NOT_COORDINATOR,
]);

/** The group's coordinator is not ready yet: Kafka means "ask again". */
export function isCoordinatorMoving(code: number): boolean {
  return COORDINATOR_MOVING.has(code);
}

export function isAuthorizationError(code: number): boolean {
  return AUTHORIZATION.has(code);
}

export function isUnknownTopicError(code: number): boolean {
  return UNKNOWN_TOPIC.has(code);
}

/** An error on the consumer's main queue that ends the run; undefined when librdkafka recovers by itself. */
export function consumerFailure(
  code: number,
  text: string,
  client?: ClientRights,
): DispatcherError | undefined {
  if (isAuthorizationError(code)) return rightsFailure('consumer', code, text, client);
  const remedy = GROUP_SETTINGS.get(code);
  if (remedy !== undefined)
    return new DispatcherError('CONFIGURATION', `Kafka refuses the consumer group's settings: ${text}`, {
      remedy,
    });
  return undefined;
}

/** The error of a client after a fatal error in librdkafka. */
export function fatalFailure(
  role: ClientSide,
  code: number,
  text: string,
  client?: ClientRights,
): DispatcherError {
  if (FENCED.has(code)) {
    const id = role === 'consumer' ? 'group.instance.id' : 'transactional.id';
    const what = `the ${role} was fenced: another process uses the same ${id} (${text})`;
    const remedy = `give each process a ${id} of its own, unless this one was replaced on purpose`;
    return new DispatcherError('FENCED', what, { remedy });
  }
  if (isAuthorizationError(code)) return rightsFailure(role, code, text, client);
  return new DispatcherError(
    role === 'producer' ? 'PRODUCER_FATAL' : 'DEFECT',
    `the ${role} can't go on (librdkafka error ${code}): ${text}`,
    {
      remedy: 'start again: it continues from the committed offsets',
    },
  );
}

/** The cluster, topics and group of a client: they show which right is missing. */
export interface ClientRights {
  readonly cluster: DiagnosedCluster;
  readonly topics: readonly string[];
  readonly group?: string;
}

/** The error for a missing right, with the principal if known and the command that grants it. */
export function rightsFailure(
  role: ClientSide,
  code: number,
  text: string,
  client?: ClientRights,
): DispatcherError {
  if (client === undefined) {
    return new DispatcherError('KAFKA_REFUSED', `Kafka refuses the ${role}: ${text}`, {
      remedy: 'grant this user the rights that the text names',
    });
  }
  const { message, remedy } = missingRight(client.cluster, role, rightOf(role, code, text, client));
  return new DispatcherError('KAFKA_REFUSED', message, { remedy });
}

/**
 * The error for any refusal of a connected client: missing rights with all details, everything else in
 * Kafka's words.
 */
export function refusalOf(
  role: ClientSide,
  code: number,
  text: string,
  client: ClientRights,
): DispatcherError {
  if (isAuthorizationError(code)) return rightsFailure(role, code, text, client);
  return new DispatcherError('KAFKA_REFUSED', `Kafka refuses the ${role}: ${text}`, {
    remedy: 'see what the brokers say about this client; kd doctor checks everything that a run needs',
  });
}

function rightOf(
  role: ClientSide,
  code: number,
  text: string,
  { cluster, topics, group }: ClientRights,
): MissingRight {
  switch (code) {
    case KafkaCode.GROUP_AUTHORIZATION_FAILED:
      return { resource: 'group', names: group === undefined ? [] : [group], operations: ['Read'], text };
    case KafkaCode.TRANSACTIONAL_ID_AUTHORIZATION_FAILED: {
      const id = cluster.properties.get('transactional.id');
      return {
        resource: 'transactional-id',
        names: id === undefined ? [] : [id],
        operations: ['Write', 'Describe'],
        text,
      };
    }
    case KafkaCode.CLUSTER_AUTHORIZATION_FAILED:
      // From Kafka 3.0 on, the right to write to any topic is enough for idempotence; before, and without any
      // such right, IdempotentWrite is required.
      return role === 'producer' && topics.length > 0
        ? {
            resource: 'topic',
            names: topics,
            operations: ['Write'],
            text: `${text}; on brokers before 3.0 it takes IdempotentWrite on the cluster instead`,
          }
        : { resource: 'cluster', names: [], operations: ['IdempotentWrite'], text };
    default: {
      const named = topics.filter((topic) => text.includes(topic));
      return {
        resource: 'topic',
        names: named.length > 0 ? named : topics,
        operations: [role === 'producer' ? 'Write' : 'Read'],
        text,
      };
    }
  }
}

const FENCED: ReadonlySet<number> = new Set([
  KafkaCode._FENCED,
  KafkaCode.FENCED_INSTANCE_ID,
  KafkaCode.UNRELEASED_INSTANCE_ID,
  KafkaCode.PRODUCER_FENCED,
]);
