/** Wires a consumer's callbacks and events to their handlers. */
import { checkCreatable } from '../client/client-config.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { OffsetOrigins } from '../commits/offset-origins.js';
import type { PossibleOffset } from '../commits/offset-store.js';
import { KafkaCode } from '../errors.js';
import {
  errorText,
  type KafkaConsumer,
  kafkaErrorCode,
  newConsumer,
  type TopicPartition,
} from '../rdkafka.js';
import { statisticsOf } from '../statistics/document.js';
import { commitFailure, consumerTrouble } from './consumer-trouble.js';
import type { KafkaGroup } from './group/kafka-group.js';
import { RebalanceAnswers } from './group/rebalance.js';
import { guarded, type Member } from './member.js';
import { PositionResolver } from './offsets/positions.js';
import { rangeQueries } from './offsets/ranges.js';
import { progressOf } from './partition-progress.js';
import { ReadLimits } from './read-limits.js';
import { ReaderControl } from './reader-control.js';
import type { Session } from './session.js';
import { isolationOf, queriesOf, sourceProperties } from './source-options.js';
import { ReplacedTopics } from './topics/replaced-topics.js';

/** Not connected yet. */
export function createClient(
  member: Member,
  group: KafkaGroup,
): { readonly client: KafkaConsumer; readonly handleId: number } {
  const { options } = member;
  const handleId = options.native.newHandleId();
  const properties = sourceProperties(options, handleId);
  checkCreatable(options.native, 'consumer', properties);
  const client = newConsumer({
    ...properties,
    rebalance_cb: (error: unknown, partitions: TopicPartition[]) =>
      guarded(member, () => group.rebalance(client, error, partitions)),
    offset_commit_cb: (error: unknown, offsets: PossibleOffset[]) =>
      guarded(member, () => onCommit(member, error, offsets)),
  });
  return { client, handleId };
}

export function openSession(
  member: Member,
  group: KafkaGroup,
  connected: ConnectedClient<KafkaConsumer>,
): Session {
  const { options, registry, commits, topics } = member;
  const { client, handleId } = connected;
  const { native, table } = options;
  const isolation = isolationOf(options.cluster.properties);
  const reader = new ReaderControl(
    { native, handleId, table, reader: options.reader },
    {
      batch: (batch) => member.events?.batch(batch),
      oversize: (bytes) => member.events?.oversize(bytes),
      error: (code, text) => onConsumerError(member, group, connected, { code, text }),
      defect: (error) => member.events?.failed(error),
    },
  );
  client.on('event.stats', (event: unknown) => guarded(member, () => onStatistics(member, group, event)));
  const replaced = new ReplacedTopics(options, { handleId, registry, commits }, (partitions) => {
    if (!member.stopping) member.events?.replaced(partitions);
  });
  topics.watch(client, (names) => replaced.compare(names));
  reader.start();
  const positions = new PositionResolver(
    queriesOf(client, rangeQueries({ native, handleId, client, isolation })),
    { ...options, existedAtStart: (partition) => topics.existedAtStart(partition) },
  );
  const topicId = (topic: string): string | undefined => replaced.topicId(topic);
  const origins = new OffsetOrigins({ ...options, handleId, topicId });
  commits.connected({ client, positions, origins });
  const limits = new ReadLimits({ client, reader, logger: options.logger });
  const rebalance = new RebalanceAnswers(client);
  return { connected, reader, limits, rebalance, positions, replaced, origins };
}

function onCommit(
  { options, session, commits, events, rights }: Member,
  error: unknown,
  offsets: readonly PossibleOffset[],
): void {
  const code = kafkaErrorCode(error);
  const isFatal = code === KafkaCode._FATAL && session !== undefined;
  // The answer to a commit may come before the fatal error that it only mentions.
  const fatal = isFatal ? options.native.fatalError(session.connected.handleId) : null;
  const failure =
    code === undefined
      ? undefined
      : commitFailure(fatal?.code ?? code, fatal?.text ?? errorText(error), rights);
  if (failure !== undefined) events?.failed(failure);
  commits.answered(error, offsets);
}

function onStatistics(member: Member, group: KafkaGroup, event: unknown): void {
  const { options, liveness, registry } = member;
  const statistics = statisticsOf(event);
  if (statistics !== undefined) member.statistics = statistics;
  liveness.note(statistics, registry, options.nowMs());
  // The reason must be in the log before its consequences are.
  const silence = liveness.trouble(options.nowMs());
  if (silence !== undefined) member.session?.connected.suspect(silence.error.message);
  group.note(statistics);
  const progress = progressOf(statistics, registry, isolationOf(options.cluster.properties));
  if (progress.length > 0 && !member.stopping) member.events?.progress(progress);
}

function onConsumerError(
  { stopping, options, rights, events }: Member,
  group: KafkaGroup,
  connected: ConnectedClient<KafkaConsumer>,
  { code, text }: { readonly code: number; readonly text: string },
): void {
  if (stopping) return;
  const failure = consumerTrouble(options.native, connected, { code, text, rights });
  if (failure === undefined) return;
  group.refused();
  events?.failed(failure);
}
