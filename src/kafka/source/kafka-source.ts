/** A member of a consumer group: node-rdkafka controls it, the addon reads. */
import type { Block, Fault } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { ReadFault } from '../../core/faults.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import type {
  AssignedPartition,
  ChosenOffset,
  EndOffset,
  LostRange,
  OpenedPartition,
  Source,
  SourceEvents,
  StartOffset,
  TopicPlace,
  Trouble,
} from '../../ports/source.js';
import { checkFeatures } from '../client/client-config.js';
import type { ConnectedClient } from '../client/connected-client.js';
import {
  partitionCountsOfSelection,
  partitionsOf,
  REQUEST_TIMEOUT_MS,
  requestFailure,
} from '../client/metadata.js';
import { codeNamed, consumerFault, consumerFaultName } from '../codes.js';
import { KafkaCommits } from '../commits/kafka-commits.js';
import { KafkaCode, refusalOf } from '../errors.js';
import { errorText, type KafkaConsumer, kafkaErrorCode, seekTo } from '../rdkafka.js';
import { figuresOf } from '../statistics/figures.js';
import { assignAgain } from './group/assign-again.js';
import { KafkaGroup } from './group/kafka-group.js';
import { leave } from './group/leaving.js';
import { Liveness } from './group/liveness.js';
import type { Member } from './member.js';
import { cutShort } from './offsets/positions.js';
import { placeOf } from './offsets/ranges.js';
import { startPositions } from './offsets/start-positions.js';
import { reportChoice, reportStarts } from './offsets/starts.js';
import { createClient, openSession } from './open-session.js';
import { PartitionRegistry } from './partition-registry.js';
import type { Session } from './session.js';
import { connectSource, requireTopics, rightsOf } from './source-connect.js';
import type { KafkaSourceOptions } from './source-options.js';
import { TopicWatch } from './topics/topic-watch.js';

const LAST_COMPARISON_MS = 1_000;

export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return new KafkaSource(options);
}

export class KafkaSource implements Source {
  readonly commits: KafkaCommits;
  readonly group: KafkaGroup;
  readonly #member: Member;
  #stopping: Promise<void> | undefined;

  constructor(options: KafkaSourceOptions) {
    const registry = new PartitionRegistry(options.table);
    this.commits = new KafkaCommits(registry, options.logger);
    this.#member = {
      options,
      registry,
      commits: this.commits,
      topics: new TopicWatch(options, registry),
      liveness: new Liveness(Number(options.cluster.properties.get('fetch.wait.max.ms') ?? 500)),
      rights: rightsOf(options),
      events: undefined,
      session: undefined,
      statistics: undefined,
      stopping: false,
    };
    this.group = new KafkaGroup(this.#member);
  }

  async start(events: SourceEvents): Promise<void> {
    const { options, topics, rights } = this.#member;
    checkFeatures(options.cluster);
    this.#member.events = events;
    const connected = await connectSource(options, () => createClient(this.#member, this.group), events);
    try {
      topics.begin(await requireTopics(options, connected, rights));
      if (this.#member.stopping)
        throw new DispatcherError('STOPPED_BEFORE_END', 'stopped before anything was read');
      const session = openSession(this.#member, this.group, connected);
      this.#member.session = session;
      void session.replaced.compare(topics.names);
      topics.subscribe(connected.client);
    } catch (error) {
      await this.#abandon(connected);
      throw error;
    }
  }

  /** The client's own figures; undefined before its first report. */
  figures(): ClientFigures | undefined {
    const { statistics } = this.#member;
    return statistics === undefined ? undefined : figuresOf('consumer', statistics);
  }

  offer(block: Block, recordsMax: number): void {
    if (!this.#member.stopping) this.#running().reader.offer(block, recordsMax);
  }

  reclaim(): readonly Block[] {
    return this.#running().reader.reclaim();
  }

  park(): Promise<void> {
    return this.#running().reader.park();
  }

  unpark(): void {
    if (!this.#member.stopping) this.#running().reader.unpark();
  }

  heldRecords(): number {
    return this.#running().reader.stats().held;
  }

  async positions(partitions: readonly AssignedPartition[]): Promise<readonly StartOffset[]> {
    const starts = await startPositions(this.#member.options, this.#running(), partitions);
    reportStarts(this.#member.options, partitions, starts);
    for (const start of starts) this.commits.chose(start.partitionId, start);
    return starts.map(({ partitionId, offset, moved }) => ({
      partitionId,
      offset,
      ...(moved === undefined ? {} : { moved }),
    }));
  }

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<ChosenOffset> {
    const { positions, replaced } = this.#running();
    // An offset that no longer exists may belong to a deleted topic.
    await replaced.compare();
    const isReplaced = this.commits.isWithheld(partition.partitionId);
    if (isReplaced && this.#member.options.outOfRange === 'stop') throw replaced.refusal(partition);
    const chosen = await positions.afterOutOfRange(partition, offset, isReplaced);
    this.commits.chose(partition.partitionId, chosen);
    reportChoice(this.#member.options, partition, chosen);
    return { offset: chosen.offset, isFirstStart: chosen.start !== 'skip' };
  }

  open(partitions: readonly OpenedPartition[]): void {
    const { reader, limits, rebalance, positions } = this.#running();
    for (const partition of partitions) {
      this.#member.registry.open(partition, partition.epoch);
      reader.open(partition.partitionId, partition.epoch, partition.offset);
      limits.set(partition);
    }
    rebalance.assign(
      partitions.map(({ topic, partition, offset }) => ({
        topic,
        partition,
        offset: positions.fetchOffset({ topic, partition }, offset),
      })),
    );
    limits.opened(partitions);
    this.commits.began(partitions);
  }

  rest(partitions: readonly AssignedPartition[]): void {
    this.#running().limits.rest(partitions);
  }

  halt(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.#running().reader.halt(partitionId);
  }

  async seek(partition: OpenedPartition): Promise<void> {
    const { connected, reader, limits, rebalance, positions } = this.#running();
    const { registry, options } = this.#member;
    const offset = positions.fetchOffset(partition, partition.offset);
    try {
      await seekTo(connected.client, { ...partition, offset }, REQUEST_TIMEOUT_MS);
    } catch (cause) {
      if (kafkaErrorCode(cause) !== KafkaCode._STATE)
        throw requestFailure(`a seek to ${placeOf(partition)} offset ${partition.offset}`, cause);
      assignAgain({ reader, rebalance, registry, table: options.table, positions }, partition);
    }
    registry.open(partition, partition.epoch);
    reader.rewind(partition.partitionId, partition.epoch, partition.offset);
    limits.set(partition);
    limits.sought([partition]);
    this.commits.began([partition]);
  }

  async endOffsets(): Promise<readonly EndOffset[]> {
    const { connected, positions, replaced } = this.#running();
    const counts = await partitionCountsOfSelection(connected.client, this.#member.options.topics);
    // Ids are learned before the ends: if a topic is replaced in between, its id will differ.
    await replaced.learn([...counts.keys()]);
    return replaced.named(await positions.endOffsets(partitionsOf(counts)));
  }

  async endsNow(partitions: readonly TopicPlace[]): Promise<readonly EndOffset[]> {
    const { positions, replaced } = this.#running();
    // At once: a broker answers one request of a connection after another, and a fetch may come before each.
    const topics = [...new Set(partitions.map(({ topic }) => topic))];
    const [ends] = await Promise.all([positions.endsNow(partitions), replaced.learn(topics)]);
    return replaced.named(ends);
  }

  acceptLoss(lost: LostRange): void {
    const { outOfRange, groupId } = this.#member.options;
    if (outOfRange === 'stop')
      throw lost.isReplaced ? this.#running().replaced.refusal(lost) : cutShort(groupId, lost);
  }

  trouble(): Trouble | undefined {
    const { session, liveness, options } = this.#member;
    return session?.connected.trouble ?? liveness.trouble(options.nowMs());
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  refusal(name: string, topic: string, text: string): DispatcherError {
    const { rights } = this.#member;
    return refusalOf(
      'consumer',
      codeNamed(name),
      text,
      topic === '' ? rights : { ...rights, topics: [topic] },
    );
  }

  stop(deadlineMs: number): Promise<void> {
    this.#member.stopping = true;
    this.commits.close();
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  async #stop(deadlineMs: number): Promise<void> {
    const { session, topics, options } = this.#member;
    if (session === undefined) return;
    const { connected, reader, replaced } = session;
    topics.stop();
    if (this.trouble() === undefined) await replaced.end(Math.min(LAST_COMPARISON_MS, deadlineMs / 4));
    const { logger, nowMs } = options;
    await leave(
      {
        connected,
        reader,
        logger,
        nowMs,
        commits: this.commits,
        isJoining: () => this.group.joining,
        trouble: () => this.trouble(),
        release: () => this.group.closeAll(),
      },
      deadlineMs,
    );
  }

  async #abandon(connected: ConnectedClient<KafkaConsumer>): Promise<void> {
    try {
      if (this.#member.session === undefined) await connected.disconnect(REQUEST_TIMEOUT_MS);
      else await this.stop(REQUEST_TIMEOUT_MS);
    } catch (error) {
      this.#member.options.logger.warn(`kafka consumer: ${errorText(error)}`);
    }
  }

  #running(): Session {
    if (this.#member.session === undefined)
      throw new DispatcherError('DEFECT', 'the Kafka source is used before its start');
    return this.#member.session;
  }
}
