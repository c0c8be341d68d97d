/** One attempt to connect, with a new client. */
import type { EventEmitter } from 'node:events';
import type { ClientSide } from '../../core/client-side.js';
import { DispatcherError } from '../../core/errors.js';
import { materialDiagnosis } from '../../diagnosis/diagnose.js';
import type { AdvertisedBroker } from '../../diagnosis/types.js';
import type { Logger } from '../../ports/logger.js';
import { KafkaCode } from '../errors.js';
import type { NativeBinding } from '../native.js';
import { errorText, type KafkaClient, kafkaErrorCode } from '../rdkafka.js';
import type { ClusterOptions } from './client-config.js';

/** Maximum delay of a line of librdkafka's log. */
const LOG_INTERVAL_MS = 50;

export interface ConnectOptions<C extends KafkaClient> {
  readonly role: ClientSide;
  readonly servers: string;
  /** If set, probes find out why nothing connects. */
  readonly cluster?: Pick<ClusterOptions, 'bootstrapServers' | 'properties' | 'origins'>;
  readonly timeoutMs: number;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly native: Pick<NativeBinding, 'serveLog'>;
  /** A new client with a new handle for every attempt; throws when librdkafka refuses the properties. */
  readonly create: () => { readonly client: C; readonly handleId: number };
}

export function createClient<C extends KafkaClient>(
  options: ConnectOptions<C>,
): { readonly client: C; readonly handleId: number } {
  try {
    return options.create();
  } catch (cause) {
    // librdkafka's refusals are plain errors; these types are not.
    if (cause instanceof DispatcherError || cause instanceof TypeError || cause instanceof ReferenceError)
      throw cause;
    throw refusedAtOnce(options, cause);
  }
}

interface Outcome {
  readonly cause: unknown;
  readonly brokers: readonly AdvertisedBroker[];
}

/**
 * Without this queue node-rdkafka would get lines from librdkafka's threads while it is still creating its
 * wake-up handle (Dispatcher::Activate), which sometimes crashes the process. A line that arrived before that
 * (a token refused within milliseconds) would wait for the next event, which may never come. So lines wait in
 * librdkafka's queue (`log.queue`) until node-rdkafka is ready, and this thread fetches them.
 */
export function serveLog(
  client: KafkaClient,
  handleId: number,
  native: ConnectOptions<KafkaClient>['native'],
): () => void {
  const stop = (): void => clearInterval(timer);
  const timer = setInterval(() => {
    if (client.isConnected() && !native.serveLog(handleId)) stop();
  }, LOG_INTERVAL_MS);
  timer.unref();
  (client as EventEmitter).once('disconnected', stop);
  return stop;
}

/**
 * Resolves with the error, if any; never rejects. After a failure node-rdkafka has disconnected the client by
 * itself.
 */
export function connectOnce(client: KafkaClient, timeoutMs: number): Promise<Outcome> {
  return new Promise((resolve) => {
    client.connect({ allTopics: false, timeout: timeoutMs }, (error: unknown, metadata: unknown) => {
      if (error === null || error === undefined) resolve({ cause: undefined, brokers: brokersIn(metadata) });
      else resolve({ cause: error, brokers: [] });
    });
  });
}

function brokersIn(metadata: unknown): AdvertisedBroker[] {
  if (
    typeof metadata !== 'object' ||
    metadata === null ||
    !('brokers' in metadata) ||
    !Array.isArray(metadata.brokers)
  )
    return [];
  return metadata.brokers.flatMap((broker: unknown) => {
    if (
      typeof broker !== 'object' ||
      broker === null ||
      !('id' in broker) ||
      !('host' in broker) ||
      !('port' in broker)
    )
      return [];
    return [{ nodeId: Number(broker.id), host: String(broker.host), port: Number(broker.port) }];
  });
}

export function isNetworkFailure(error: unknown): boolean {
  const code = kafkaErrorCode(error);
  return code === KafkaCode._TRANSPORT || code === KafkaCode._TIMED_OUT;
}

/** librdkafka refused to create the client: contradicting properties, or unusable TLS material. */
export function refusedAtOnce(
  { role, cluster }: ConnectOptions<KafkaClient>,
  cause: unknown,
): DispatcherError {
  const material = cluster === undefined ? undefined : materialDiagnosis(cluster);
  if (material !== undefined) {
    return new DispatcherError('KAFKA_REFUSED', `the ${role} can't connect: ${material.message}`, {
      remedy: material.remedy,
      cause,
    });
  }
  const text = errorText(cause);
  const tls =
    !/configuration property|value/i.test(text) && /ssl|x509|certificate|pem|key values/i.test(text);
  return new DispatcherError(
    tls ? 'KAFKA_REFUSED' : 'CONFIGURATION',
    `the ${role} can't be set up: ${text}`,
    {
      remedy: tls
        ? 'check the certificate, its key and the CA: right files, PEM form, and belonging together'
        : `correct it under kafka.properties or kafka.${role}.properties`,
      cause,
    },
  );
}
