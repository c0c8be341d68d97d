/** The facts about a run in the first line of its receipt. */
import { basename } from 'node:path';
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { filesBeside, fingerprint } from '../../config/show/fingerprint.js';
import type { ClientSide } from '../../core/client-side.js';
import type { BegunLine, RunDigests, TopicIdentity } from '../../core/receipts/lines.js';
import { topicMatcher } from '../../core/topic-selection.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { Logger } from '../../ports/logger.js';
import { openSide } from '../compose/admins.js';
import { outputTopicNames } from '../compose/job.js';
import { fileDigest } from '../reload/file-digest.js';

const CONNECT_TIMEOUT_MS = 15_000;

/** Digests of the configuration with all files that it names, and of the transform. Reveals no secrets. */
export async function digestsOf(config: ResolvedConfig): Promise<RunDigests> {
  const files = filesBeside(config);
  const digests = await Promise.all(files.map(async (file) => [file, await fileDigest(file)] as const));
  const { transform } = config.dispatcher;
  return {
    configuration: fingerprint(config, new Map(digests)),
    transform:
      transform === undefined
        ? null
        : { file: basename(transform), sha256: new Map(digests).get(transform) ?? '' },
  };
}

export type TopicFacts = Pick<BegunLine, 'inputs' | 'outputs' | 'outputEnds'>;

/** A run whose brokers do not answer says so itself, at its start. */
export async function topicFacts(config: ResolvedConfig, logger: Logger): Promise<TopicFacts> {
  const { topics } = config.consumer;
  const names = 'names' in topics ? topics.names : [];
  const [inputs, outputs] = await Promise.all([
    ask(config, 'consumer', logger, async (admin) => {
      const read = 'names' in topics ? names : (await admin.topicNames()).filter(topicMatcher(topics));
      return { ids: await idsOf(admin, read), ends: [] };
    }),
    ask(config, 'producer', logger, (admin) => outputFacts(admin, outputTopicNames(config))),
  ]);
  return {
    inputs: inputs?.ids ?? names.map((topic) => ({ topic, id: null })),
    outputs: outputs?.ids ?? [],
    outputEnds: outputs?.ends ?? [],
  };
}

interface SideFacts {
  readonly ids: readonly TopicIdentity[];
  readonly ends: BegunLine['outputEnds'];
}

async function ask(
  config: ResolvedConfig,
  side: ClientSide,
  logger: Logger,
  question: (admin: ClusterAdmin) => Promise<SideFacts>,
): Promise<SideFacts | undefined> {
  try {
    const admin = await openSide(side, { config, logger, connectTimeoutMs: CONNECT_TIMEOUT_MS });
    try {
      return await question(admin);
    } finally {
      await admin.close();
    }
  } catch (error) {
    logger.warn('receipt: the ids and ends of the topics are not known, so verify can use less', {
      side,
      error: error instanceof Error ? error.message : String(error),
    });
    return undefined;
  }
}

async function idsOf(admin: ClusterAdmin, names: readonly string[]): Promise<readonly TopicIdentity[]> {
  if (names.length === 0) return [];
  const described = await admin.describeTopics(names);
  return described.filter(({ code }) => code === 0).map(({ name, topicId }) => identityOf(name, topicId));
}

/** Brokers before 2.8 have no ids: empty, or sixteen zero bytes. */
export function identityOf(topic: string, topicId: string): TopicIdentity {
  return { topic, id: /^A*=*$/.test(topicId) ? null : topicId };
}

async function outputFacts(admin: ClusterAdmin, names: readonly string[]): Promise<SideFacts> {
  if (names.length === 0) return { ids: [], ends: [] };
  const described = (await admin.describeTopics(names)).filter(({ code }) => code === 0);
  const places = described.flatMap(({ name, partitions }) =>
    partitions.map(({ id }) => ({ topic: name, partition: id })),
  );
  const listed = places.length === 0 ? [] : await admin.offsets('latest', places);
  const ends = listed.flatMap(({ topic, partition, offset, code }) =>
    code === 0 && offset >= 0 ? [{ topic, partition, to: offset }] : [],
  );
  return { ids: described.map(({ name, topicId }) => identityOf(name, topicId)), ends };
}
