/** The partitions that a run will read, as the brokers describe them before it joins its group. */
import { createTopicsCommand } from '../../checks/create-command.js';
import { matchingTopics } from '../../checks/topic-plan.js';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { DispatcherError } from '../../core/errors.js';
import type { ClusterAdmin, TopicPlace } from '../../ports/admin.js';
import { isForeignCommit, isReadCommitted, topicIdOf } from '../compose/offsets.js';
import { askGroup, type GroupPartition } from '../groups/group-state.js';

export interface SubscribedPartition extends GroupPartition {
  /** The committed offset, if it belongs to the topic that has the name now; else −1. */
  readonly next: number;
  /**
   * The end of the records that this run can read: by isolation level, the last stable offset or the log
   * end.
   */
  readonly readable: number;
  /** Undefined: brokers before 2.8 have no ids. */
  readonly topicId: string | undefined;
}

const NAMED_MAX = 5;
const TOPIC_AUTHORIZATION_FAILED = 29;

/** The topics are found as the run finds them. Rejects where one is missing, or a partition has no leader. */
export async function askSubscription(
  admin: ClusterAdmin,
  config: ResolvedConfig,
): Promise<readonly SubscribedPartition[]> {
  const { groupId, topics: selection, missingTopicsFatal, properties } = config.consumer;
  const names =
    'pattern' in selection
      ? matchingTopics(selection.pattern, await admin.topicNames())
      : [...new Set(selection.names)];
  const { topics, partitions, leaderless, notDescribed } = await askGroup(admin, config, {
    groupId,
    topics: names,
  });
  const [missing] = notDescribed;
  const hasNothing = partitions.length === 0 && leaderless.length === 0;
  if (
    missing !== undefined &&
    (missingTopicsFatal || hasNothing || missing.code === TOPIC_AUTHORIZATION_FAILED)
  )
    throw notThere(config, missing);
  if (names.length === 0 && 'pattern' in selection)
    throw new DispatcherError('TOPIC_MISSING', `no topic matches /${selection.pattern}/`, {
      remedy: 'correct kafka.consumer.topics; kd topics list --all shows what there is',
    });
  requireLeaders(leaderless);
  const stable = isReadCommitted(properties);
  const { clusterId } = await admin.describeCluster();
  return partitions.map((one) => {
    const topicId = topicIdOf(topics.get(one.topic)?.topicId);
    return {
      ...one,
      next: isForeignCommit(one.metadata, clusterId, topicId) ? -1 : one.committed,
      readable: stable ? one.stable : one.end,
      topicId,
    };
  });
}

function notThere(
  { file }: ResolvedConfig,
  { name, code, text }: { readonly name: string; readonly code: number; readonly text: string },
): DispatcherError {
  if (code === TOPIC_AUTHORIZATION_FAILED)
    return new DispatcherError('KAFKA_REFUSED', `topic ${name} can't be described: ${text}`, {
      remedy: 'give this user READ and DESCRIBE on the topic',
    });
  return new DispatcherError('TOPIC_MISSING', `the topic ${name} does not exist`, {
    remedy: `create it: ${createTopicsCommand(file, process.cwd())}; or correct kafka.consumer.topics`,
  });
}

function requireLeaders(leaderless: readonly TopicPlace[]): void {
  if (leaderless.length === 0) return;
  const names = leaderless.slice(0, NAMED_MAX).map(({ topic, partition }) => `${topic}[${partition}]`);
  const more = leaderless.length > NAMED_MAX ? ` and ${leaderless.length - NAMED_MAX} more` : '';
  throw new DispatcherError(
    'KAFKA_UNREACHABLE',
    `no leader to ask for the offsets of ${names.join(' ')}${more}`,
    { remedy: 'bring its brokers back (kafka-topics.sh --describe names them), then start again' },
  );
}
