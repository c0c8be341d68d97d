/**
 * Connects a consumer and asks for its topics, without joining the group, to see whether a configuration can
 * be used.
 */
import { randomBytes } from 'node:crypto';
import type { TopicSelection } from '../../core/topic-selection.js';
import type { Logger } from '../../ports/logger.js';
import {
  type ClusterOptions,
  checkCreatable,
  checkFeatures,
  consumerProperties,
} from '../client/client-config.js';
import { CONNECT_TIMEOUT_MS } from '../client/connect.js';
import { missingTopics, partitionCountsOfSelection, sourceTopicsMissing } from '../client/metadata.js';
import { connectWithTokens } from '../client/token-connect.js';
import type { NativeBinding } from '../native.js';
import { errorText, type KafkaConsumer, newConsumer } from '../rdkafka.js';

const LEAVE_TIMEOUT_MS = 5_000;

export interface ConsumerTrialOptions {
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly topics: TopicSelection;
  readonly missingTopicsFatal: boolean;
  readonly native: NativeBinding;
  readonly logger: Logger;
  readonly nowMs: () => number;
}

/** Rejects with the error that a consumer would have at its start. */
export async function tryConsumer(options: ConsumerTrialOptions): Promise<void> {
  const { cluster, topics, logger, nowMs } = options;
  checkFeatures(cluster);
  const connected = await connectWithTokens({
    role: 'consumer',
    servers: cluster.bootstrapServers.join(','),
    cluster,
    native: options.native,
    timeoutMs: CONNECT_TIMEOUT_MS,
    logger,
    nowMs,
    create: () => createClient(options),
  });
  try {
    const counts = await partitionCountsOfSelection(connected.client, topics);
    const missing = missingTopics(counts);
    if (options.missingTopicsFatal && (missing.length > 0 || counts.size === 0))
      throw sourceTopicsMissing(topics, missing);
  } finally {
    // The result counts, however slowly the client disconnects.
    await connected.disconnect(LEAVE_TIMEOUT_MS).catch((error: unknown) => {
      logger.debug('kafka consumer: left a trial late', { error: errorText(error) });
    });
  }
}

/**
 * With a random group name, which is never joined: neither the group nor a static member of it is affected.
 */
function createClient({ native, clientId, cluster }: ConsumerTrialOptions): {
  client: KafkaConsumer;
  handleId: number;
} {
  const handleId = native.newHandleId();
  const properties = consumerProperties(
    { pluginPath: native.pluginPath, handleId },
    {
      clientId,
      cluster,
      groupId: `kd-trial-${randomBytes(6).toString('hex')}`,
      commitIntervalMs: 5_000,
      statisticsIntervalMs: 0,
    },
  );
  checkCreatable(native, 'consumer', properties);
  return { client: newConsumer({ ...properties, 'enable.auto.commit': false }), handleId };
}
