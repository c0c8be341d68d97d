/** A source's first steps: a connection, and the check that its topics exist and are visible. */
import type { SourceEvents } from '../../ports/source.js';
import { CONNECT_TIMEOUT_MS } from '../client/connect.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { hiddenTopic } from '../client/hidden-topics.js';
import {
  missingTopics,
  type PartitionCounts,
  partitionCountsOfSelection,
  sourceTopicsMissing,
} from '../client/metadata.js';
import { connectWithTokens } from '../client/token-connect.js';
import { type ClientRights, refusalOf } from '../errors.js';
import type { KafkaConsumer } from '../rdkafka.js';
import type { KafkaSourceOptions } from './source-options.js';

export function connectSource(
  options: KafkaSourceOptions,
  create: () => { readonly client: KafkaConsumer; readonly handleId: number },
  events: Pick<SourceEvents, 'failed'>,
): Promise<ConnectedClient<KafkaConsumer>> {
  const { cluster, connectTimeoutMs, logger, native, nowMs } = options;
  return connectWithTokens({
    role: 'consumer',
    servers: cluster.bootstrapServers.join(','),
    timeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    logger,
    nowMs,
    create,
    cluster,
    native,
    failed: (error) => events.failed(error),
  });
}

/** The partition counts of the topics; rejects if a required one is missing or not visible. */
export async function requireTopics(
  options: KafkaSourceOptions,
  { client, handleId }: ConnectedClient<KafkaConsumer>,
  rights: ClientRights,
): Promise<PartitionCounts> {
  const { topics, missingTopicsFatal, logger, native } = options;
  const counts = await partitionCountsOfSelection(client, topics);
  const missing = missingTopics(counts);
  // A topic that this user may not see looks like a missing one.
  const hidden = missing.length === 0 ? undefined : await hiddenTopic(native, handleId, missing);
  if (hidden !== undefined)
    throw refusalOf('consumer', hidden.code, hidden.text, { ...rights, topics: [hidden.name] });
  if (missing.length > 0 || counts.size === 0) {
    const problem = sourceTopicsMissing(topics, missing, options.createTopicsCommand);
    if (missingTopicsFatal) throw problem;
    logger.warn(`${problem.message}; waiting for it`, { topics: missing });
  }
  await options.checkCounts?.(counts);
  return counts;
}

/** For naming the missing right. */
export function rightsOf({ cluster, topics, groupId }: KafkaSourceOptions): ClientRights {
  return { cluster, topics: 'names' in topics ? topics.names : [], group: groupId };
}
