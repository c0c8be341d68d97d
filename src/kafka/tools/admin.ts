/**
 * Questions to a cluster on a client of its own, through the addon, because node-rdkafka has no call for most
 * of them.
 */
import { randomBytes } from 'node:crypto';
import type {
  ClusterAdmin,
  ClusterDescription,
  FirstOfTime,
  GroupDescription,
  GroupOffset,
  ListedOffset,
  NewOffset,
  NewTopic,
  PartitionOffset,
  Settings,
  TopicDescription,
  TopicPlace,
  TopicResult,
} from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import {
  type ClusterOptions,
  checkCreatable,
  checkFeatures,
  consumerProperties,
  producerProperties,
} from '../client/client-config.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { askCoordinator } from '../client/coordinator.js';
import { connectWithTokens } from '../client/token-connect.js';
import type { NativeBinding, Questions } from '../native.js';
import { getMetadata, type KafkaClient, kafkaErrorCode, newConsumer, newProducer } from '../rdkafka.js';

const LEAVE_TIMEOUT_MS = 5_000;
/** Texts per question: two per partition. */
const PLACES_MAX = 10_000;
const TOPICS_MAX = 1_000;
const QUEUE_BYTES = 1_048_576;

const AUTHORIZED = 1;
const VALIDATE_ONLY = 2;
const COMMITTED_ONLY = 4;
/** Brokers before 2.3 do not know the question for rights: "not supported", or an unknown option. */
const UNSUPPORTED: ReadonlySet<number> = new Set([-165, -186, 35]);

const WHICH = { latest: '-1', stable: '-1', earliest: '-2', 'largest-timestamp': '-3' } as const;

export interface AdminOptions {
  /** Selects the client settings, so that the client has exactly the rights of the run's client. */
  readonly role: 'consumer' | 'producer';
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly native: NativeBinding;
  readonly logger: Logger;
  readonly connectTimeoutMs: number;
  /** Time limit for one question. */
  readonly askTimeoutMs: number;
  readonly firstOfTime: FirstOfTime;
}

/** Rejects with the fault and a remedy, like a client of the run. */
export async function openAdmin(options: AdminOptions): Promise<ClusterAdmin> {
  const { role, cluster, native, logger } = options;
  checkFeatures(cluster);
  const connected = await connectWithTokens<KafkaClient>({
    role,
    cluster,
    native,
    logger,
    servers: cluster.bootstrapServers.join(','),
    timeoutMs: options.connectTimeoutMs,
    nowMs: () => performance.now(),
    create: () => createClient(options),
  });
  return new KafkaAdmin(options, connected);
}

/** Admin requests over a client that is connected for another purpose; its owner closes it. */
export function adminOver(
  connected: ConnectedClient<KafkaClient>,
  options: Pick<AdminOptions, 'native' | 'askTimeoutMs' | 'firstOfTime'>,
): Omit<ClusterAdmin, 'close'> {
  return new KafkaAdmin(options, connected);
}

/**
 * A consumer that joins no group, under a random group name: neither the run's group nor a static member of
 * it is affected.
 */
function createClient({ role, native, cluster, clientId }: AdminOptions): {
  client: KafkaClient;
  handleId: number;
} {
  const identity = { pluginPath: native.pluginPath, handleId: native.newHandleId() };
  if (role === 'producer') {
    const properties = producerProperties(identity, { clientId, cluster, queueBytesMax: QUEUE_BYTES });
    checkCreatable(native, 'producer', properties);
    return { client: newProducer(properties), handleId: identity.handleId };
  }
  const groupId = `kd-look-${randomBytes(6).toString('hex')}`;
  const properties = consumerProperties(identity, {
    clientId,
    cluster,
    groupId,
    commitIntervalMs: 5_000,
    statisticsIntervalMs: 0,
  });
  checkCreatable(native, 'consumer', properties);
  return { client: newConsumer({ ...properties, 'enable.auto.commit': false }), handleId: identity.handleId };
}

class KafkaAdmin implements ClusterAdmin {
  readonly #native: NativeBinding;
  readonly #connected: ConnectedClient<KafkaClient>;
  readonly #timeoutMs: number;

  readonly firstOfTime: FirstOfTime;

  constructor(
    { native, askTimeoutMs, firstOfTime }: Pick<AdminOptions, 'native' | 'askTimeoutMs' | 'firstOfTime'>,
    connected: ConnectedClient<KafkaClient>,
  ) {
    this.#native = native;
    this.#connected = connected;
    this.#timeoutMs = askTimeoutMs;
    this.firstOfTime = firstOfTime;
  }

  describeCluster(): Promise<ClusterDescription> {
    return this.#askWithRights('describeCluster', []);
  }

  async topicNames(): Promise<readonly string[]> {
    const metadata = await getMetadata(this.#connected.client, { allTopics: true, timeout: this.#timeoutMs });
    return metadata.topics.map(({ name }) => name);
  }

  async describeTopics(names: readonly string[]): Promise<readonly TopicDescription[]> {
    const answers = await inPieces(names, TOPICS_MAX, (piece) =>
      this.#askWithRights('describeTopics', piece),
    );
    const byName = new Map(answers.map((answer) => [answer.name, answer]));
    return names.flatMap((name) => byName.get(name) ?? []);
  }

  topicSettings(names: readonly string[], settings: readonly string[]): Promise<readonly Settings[]> {
    return inPieces(names, TOPICS_MAX, (piece) =>
      this.#ask('describeTopicSettings', 0, ['topic', String(piece.length), ...piece, ...settings]),
    );
  }

  async brokerSettings(brokerId: number, settings: readonly string[]): Promise<Settings> {
    const [answer] = await this.#ask('describeBrokerSettings', 0, [
      'broker',
      '1',
      String(brokerId),
      ...settings,
    ]);
    return answer ?? { name: String(brokerId), code: 0, text: '', entries: [] };
  }

  describeGroup(group: string): Promise<GroupDescription> {
    const ask = (): Promise<GroupDescription> => this.#askWithRights('describeGroup', [group]);
    return askCoordinator(ask, { codeOf: ({ code }) => code, timeoutMs: this.#timeoutMs });
  }

  committedOffsets(group: string): Promise<readonly GroupOffset[]> {
    const ask = (): Promise<readonly GroupOffset[]> => this.#ask('committedOffsets', 0, [group]);
    return askCoordinator(ask, { codeOf: () => 0, timeoutMs: this.#timeoutMs });
  }

  alterOffsets(group: string, offsets: readonly NewOffset[]): Promise<readonly PartitionOffset[]> {
    return inPieces(offsets, PLACES_MAX, (piece) =>
      this.#ask('alterOffsets', 0, [
        group,
        ...piece.flatMap(({ topic, partition, offset, metadata }) => [
          topic,
          String(partition),
          String(offset),
          metadata,
        ]),
      ]),
    );
  }

  offsets(
    which: keyof typeof WHICH | number,
    places: readonly TopicPlace[],
  ): Promise<readonly ListedOffset[]> {
    return inPieces(places, PLACES_MAX, (piece) =>
      this.#ask('listOffsets', which === 'stable' ? COMMITTED_ONLY : 0, [
        typeof which === 'number' ? String(which) : WHICH[which],
        ...piece.flatMap(({ topic, partition }) => [topic, String(partition)]),
      ]),
    );
  }

  createTopics(
    topics: readonly NewTopic[],
    { validateOnly }: { validateOnly: boolean },
  ): Promise<readonly TopicResult[]> {
    const texts = topics.flatMap(({ name, partitions, replication, configs }) => [
      name,
      String(partitions),
      String(replication),
      String(configs.size),
      ...[...configs].flat(),
    ]);
    return topics.length === 0
      ? Promise.resolve([])
      : this.#ask('createTopics', validateOnly ? VALIDATE_ONLY : 0, texts);
  }

  close(): Promise<void> {
    return this.#connected.disconnect(LEAVE_TIMEOUT_MS);
  }

  #ask<Q extends keyof Questions>(
    question: Q,
    flags: number,
    texts: readonly string[],
  ): Promise<Questions[Q]> {
    return this.#native.askBrokers(this.#connected.handleId, question, flags, texts, this.#timeoutMs);
  }

  async #askWithRights<Q extends keyof Questions>(
    question: Q,
    texts: readonly string[],
  ): Promise<Questions[Q]> {
    try {
      return await this.#ask(question, AUTHORIZED, texts);
    } catch (error) {
      if (!UNSUPPORTED.has(kafkaErrorCode(error) ?? 0)) throw error;
      return this.#ask(question, 0, texts);
    }
  }
}

async function inPieces<Item, Answer>(
  items: readonly Item[],
  max: number,
  ask: (piece: readonly Item[]) => Promise<readonly Answer[]>,
): Promise<readonly Answer[]> {
  const answers: Answer[] = [];
  for (let from = 0; from < items.length; from += max)
    answers.push(...(await ask(items.slice(from, from + max))));
  return answers;
}
