/** Connects a producer whose size limits fit the output topics. */
import type { DispatcherError } from '../../core/errors.js';
import { checkCreatable, producerProperties } from '../client/client-config.js';
import { CONNECT_TIMEOUT_MS } from '../client/connect.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { connectWithTokens } from '../client/token-connect.js';
import { newProducer, type Producer } from '../rdkafka.js';
import type { KafkaSinkOptions } from './sink-options.js';
import type { TopicLimits } from './topic-limits.js';

/** A producer that has sent nothing disconnects in milliseconds. */
const LEAVE_TIMEOUT_MS = 5_000;
const SIZES = ['message.max.bytes', 'batch.size'] as const;

/**
 * A producer's size limits are fixed when it is created, and only a connected one can ask for its topics'
 * limits: if they do not fit, it is created again.
 */
export async function connectFitting(
  options: KafkaSinkOptions,
  limits: TopicLimits,
  failed: (error: DispatcherError) => void,
): Promise<ConnectedClient<Producer>> {
  const before = propertiesOf(options, limits, 0);
  const connected = await connectProducer(options, limits, failed);
  await limits.ask(connected.handleId, options.outputTopics ?? []);
  const after = propertiesOf(options, limits, 0);
  if (SIZES.every((name) => before[name] === after[name])) return connected;
  options.logger.debug(
    'kafka producer: created again to fit max.message.bytes of the output topics',
    Object.fromEntries(SIZES.map((name) => [name, after[name]])),
  );
  await connected.disconnect(LEAVE_TIMEOUT_MS);
  return connectProducer(options, limits, failed);
}

function connectProducer(
  options: KafkaSinkOptions,
  limits: TopicLimits,
  failed: (error: DispatcherError) => void,
): Promise<ConnectedClient<Producer>> {
  const { cluster, connectTimeoutMs, logger, native, nowMs } = options;
  return connectWithTokens({
    role: 'producer',
    servers: cluster.bootstrapServers.join(','),
    timeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
    logger,
    nowMs,
    create: () => createProducer(options, limits),
    cluster,
    native,
    failed,
  });
}

function createProducer(
  options: KafkaSinkOptions,
  limits: TopicLimits,
): { client: Producer; handleId: number } {
  const handleId = options.native.newHandleId();
  const properties = propertiesOf(options, limits, handleId);
  checkCreatable(options.native, 'producer', properties);
  return { client: newProducer(properties), handleId };
}

function propertiesOf(
  { native, clientId, cluster, queueBytesMax, statisticsIntervalMs = 0 }: KafkaSinkOptions,
  limits: TopicLimits,
  handleId: number,
): ReturnType<typeof producerProperties> {
  const topicLimits = limits.range();
  return producerProperties(
    { pluginPath: native.pluginPath, handleId },
    {
      clientId,
      cluster,
      queueBytesMax,
      statisticsIntervalMs,
      ...(topicLimits === undefined ? {} : { topicLimits }),
    },
  );
}
