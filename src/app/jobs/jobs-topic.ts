/** The compacted topic in which jobs keep their ends and their progress. */
import { setTimeout as delay } from 'node:timers/promises';
import { wishesFor } from '../../checks/topic-plan.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import { topicMatcher } from '../../core/topic-selection.js';
import type { ClusterAdmin, TopicDescription, TopicResult } from '../../ports/admin.js';
import { inArea, type Logger } from '../../ports/logger.js';

const REPLICATION_DEFAULT = 3;
/** Compaction leaves the last segment alone, and a start reads all that is left. */
const SMALL_SEGMENTS = [
  ['segment.bytes', '16777216'],
  ['segment.ms', '86400000'],
] as const;
const CLEANUP = 'cleanup.policy';
/** A new topic is not known to every broker at once. */
const CREATED_WAIT_MS = 15_000;
const CREATED_PAUSE_MS = 100;

const UNKNOWN_TOPIC = 3;
const ALREADY_EXISTS = 36;

/** Before anything is connected. */
export function requireOwnTopic({ consumer, producer, dispatcher }: ResolvedConfig): void {
  const { jobsTopic, deadLetterTopic } = dispatcher;
  const isOutput = jobsTopic === producer.topic || jobsTopic === deadLetterTopic;
  if (!isOutput && !topicMatcher(consumer.topics)(jobsTopic)) return;
  throw new DispatcherError(
    'CONFIGURATION',
    `dispatcher.jobs-topic is ${jobsTopic}, which is also ${isOutput ? 'an output' : 'an input'} of this job`,
    { remedy: 'name another topic with dispatcher.jobs-topic, or a narrower kafka.consumer.topics' },
  );
}

/** Creates it if it is missing; rejects if it would forget records. */
export async function ensureJobsTopic(
  admin: ClusterAdmin,
  config: ResolvedConfig,
  logger: Logger,
): Promise<void> {
  const name = config.dispatcher.jobsTopic;
  const described = await describe(admin, name);
  if (described?.code === 0) return requireCompacted(admin, name);
  if (described !== undefined && described.code !== UNKNOWN_TOPIC)
    throw new DispatcherError(
      'KAFKA_REFUSED',
      `jobs keep their ends and progress in the topic ${name}, which can't be described: ${described.text}`,
      {
        remedy:
          'let this user use it (kafka-acls.sh --add … --operation Describe --operation Read ' +
          `--operation Write --topic ${name}; if it is missing, somebody must create it with ` +
          `${CLEANUP}=compact), or name ` +
          'another with dispatcher.jobs-topic',
      },
    );
  await create(admin, config, logger);
}

async function describe(admin: ClusterAdmin, name: string): Promise<TopicDescription | undefined> {
  return (await admin.describeTopics([name]))[0];
}

async function requireCompacted(admin: ClusterAdmin, name: string): Promise<void> {
  const [settings] = await admin.topicSettings([name], [CLEANUP]);
  const policy = settings?.entries.find((entry) => entry.name === CLEANUP)?.value;
  // Without the right to see it there is nothing to judge.
  if (policy === undefined || policy === null || policy === 'compact') return;
  throw new DispatcherError(
    'CONFIGURATION',
    `the topic ${name} (dispatcher.jobs-topic) has ${CLEANUP}=${policy}: Kafka would delete the records of ` +
      'jobs',
    {
      remedy:
        `kafka-configs.sh --alter --entity-type topics --entity-name ${name} ` +
        `--add-config ${CLEANUP}=compact; or name another topic with dispatcher.jobs-topic`,
    },
  );
}

async function create(admin: ClusterAdmin, config: ResolvedConfig, logger: Logger): Promise<void> {
  const name = config.dispatcher.jobsTopic;
  const wishes = wishesFor(config, name);
  const brokers = (await admin.describeCluster()).nodes.length;
  const replication = wishes.replication ?? Math.max(1, Math.min(REPLICATION_DEFAULT, brokers));
  const configs = new Map([...SMALL_SEGMENTS, ...wishes.configs, [CLEANUP, 'compact']]);
  const [result] = await admin.createTopics([{ name, partitions: 1, replication, configs }], {
    validateOnly: false,
  });
  if (result !== undefined && result.code !== 0 && result.code !== ALREADY_EXISTS)
    throw refused(name, replication, result);
  inArea(logger, 'jobs').info('created the topic in which jobs keep their ends and progress', {
    topic: name,
    replication,
  });
  const deadlineMs = performance.now() + CREATED_WAIT_MS;
  for (;;) {
    const found = await describe(admin, name);
    if (found?.code === 0 && found.partitions.some(({ leader }) => leader >= 0)) return;
    if (performance.now() > deadlineMs)
      throw new DispatcherError('KAFKA_UNREACHABLE', `the new topic ${name} has no leader yet`, {
        remedy: 'start again; if this persists, see its partition with kafka-topics.sh --describe',
      });
    await delay(CREATED_PAUSE_MS);
  }
}

function refused(name: string, replication: number, { text }: TopicResult): DispatcherError {
  return new DispatcherError(
    'KAFKA_REFUSED',
    `jobs keep their ends and progress in the topic ${name}, which is missing and can't be created: ${text}`,
    {
      remedy:
        `have someone create it: kafka-topics.sh --create --topic ${name} --partitions 1 ` +
        `--replication-factor ${replication} --config ${CLEANUP}=compact; or name another with ` +
        'dispatcher.jobs-topic',
    },
  );
}
