/** A member of a consumer group: node-rdkafka steers it, the addon reads. */
import type { Block, Fault } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { ReadFault } from '../../core/faults.js';
import type {
  AssignedPartition,
  CommittedOffset,
  EndOffset,
  OpenedPartition,
  PartitionProgress,
  Source,
  SourceEvents,
  TopicOffset,
  Trouble,
} from '../../ports/source.js';
import { checkCreatable, checkFeatures } from '../client/client-config.js';
import type { ConnectedClient } from '../client/connect.js';
import {
  partitionCountsKnown,
  partitionCountsOfSelection,
  REQUEST_TIMEOUT_MS,
  requestFailure,
} from '../client/metadata.js';
import { TopicIdentities } from '../client/topic-identity.js';
import { codeNamed, consumerFault, consumerFaultName } from '../codes.js';
import {
  type ClientRights,
  consumerFailure,
  fatalFailure,
  isAuthorizationError,
  isUnknownTopicError,
  KafkaCode,
  refusalOf,
} from '../errors.js';
import type { ReaderStats } from '../native.js';
import {
  errorText,
  type KafkaConsumer,
  kafkaErrorCode,
  newConsumer,
  seekTo,
  type TopicPartition,
} from '../rdkafka.js';
import { assignAnew } from './assign-anew.js';
import { highWatermarks } from './high-watermarks.js';
import { leave } from './leaving.js';
import { Liveness } from './liveness.js';
import { OffsetStore, type PossibleOffset } from './offset-store.js';
import { PartitionRegistry } from './partition-registry.js';
import { PositionResolver, placeOf } from './positions.js';
import { type RangeQueries, rangeQueries } from './ranges.js';
import { ReaderControl } from './reader-control.js';
import { RebalanceAnswers } from './rebalance.js';
import { ReplacedTopics, replacedInput } from './replaced-topics.js';
import { connectSource, requireTopics, rightsOf } from './source-connect.js';
import { type KafkaSourceOptions, queriesOf, refreshMs, sourceProperties } from './source-options.js';
import { reportStarts } from './starts.js';
import { progressOf, statisticsOf } from './statistics.js';
import { Subscription } from './subscription.js';

const LAST_COMPARISON_MS = 1_000;

export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return new KafkaSource(options);
}

/** What exists from `start` on. */
interface Session {
  readonly connected: ConnectedClient<KafkaConsumer>;
  readonly reader: ReaderControl;
  readonly rebalance: RebalanceAnswers;
  readonly positions: PositionResolver;
  readonly replaced: ReplacedTopics;
  readonly refresh: NodeJS.Timeout;
}

export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #registry: PartitionRegistry;
  readonly #offsets: OffsetStore;
  /** Positions that a policy chose: committed at once, since they can't be found again. */
  readonly #chosen = new Map<number, number>();
  /** Partitions of the topics at the start. */
  #countsAtStart: ReadonlyMap<string, number> = new Map();
  readonly #isolation: 'read_committed' | 'read_uncommitted';
  /** The first rebalance event came: the group knows this member. */
  #joined = false;
  readonly #rights: ClientRights;
  readonly #liveness: Liveness;
  readonly #subscription: Subscription;
  #topicsFound = false;
  #events: SourceEvents | undefined;
  #session: Session | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#registry = new PartitionRegistry(options.table);
    this.#offsets = new OffsetStore(this.#registry);
    this.#rights = rightsOf(options);
    this.#subscription = new Subscription(options.topics);
    this.#liveness = new Liveness(Number(options.cluster.properties.get('fetch.wait.max.ms') ?? 500));
    this.#isolation =
      options.cluster.properties.get('isolation.level') === 'read_uncommitted'
        ? 'read_uncommitted'
        : 'read_committed';
  }

  async start(events: SourceEvents): Promise<void> {
    const options = this.#options;
    checkFeatures(options.cluster);
    this.#events = events;
    const connected = await connectSource(options, () => this.#createClient(), events);
    try {
      const counts = await requireTopics(options, connected, this.#rights);
      this.#countsAtStart = counts;
      this.#subscription.seen(counts);
      this.#noteCounts(counts);
      if (this.#isStopping())
        throw new DispatcherError('STOPPED_BEFORE_END', 'stopped before anything was read');
      this.#session = this.#openSession(connected);
      void this.#session.replaced.compare([...counts.keys()]);
      this.#subscribe(connected.client);
    } catch (error) {
      await this.#abandon(connected);
      throw error;
    }
  }

  offer(block: Block, recordsMax: number): void {
    if (!this.#isStopping()) this.#running().reader.offer(block, recordsMax);
  }

  reclaim(): readonly Block[] {
    return this.#running().reader.reclaim();
  }

  park(): Promise<void> {
    return this.#running().reader.park();
  }

  unpark(): void {
    if (!this.#isStopping()) this.#running().reader.unpark();
  }

  heldRecords(): number {
    return this.#running().reader.stats().held;
  }

  async positions(partitions: readonly AssignedPartition[]): Promise<readonly CommittedOffset[]> {
    const starts = await this.#running().positions.resolve(partitions);
    reportStarts(this.#options, partitions, starts);
    for (const { partitionId, offset, start } of starts)
      if (start !== 'committed') this.#chosen.set(partitionId, offset);
    return starts.map(({ partitionId, offset }) => ({ partitionId, offset }));
  }

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<number> {
    const { positions, replaced } = this.#running();
    // An offset that is not there may be one of a topic that is not there.
    await replaced.compare();
    if (replaced.has(partition.partitionId) && this.#options.outOfRange === 'stop') {
      await this.#takeBack(partition);
      throw replacedInput(this.#options.groupId, partition);
    }
    const chosen = await positions.afterOutOfRange(partition, offset);
    this.#chosen.set(partition.partitionId, chosen.offset);
    return chosen.offset;
  }

  open(partitions: readonly OpenedPartition[]): void {
    const { reader, rebalance } = this.#running();
    for (const partition of partitions) {
      this.#registry.open(partition, partition.epoch);
      reader.open(partition.partitionId, partition.epoch, partition.offset);
    }
    rebalance.assign(partitions.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
    this.#keepChosen(partitions);
  }

  close(partitions: readonly AssignedPartition[]): void {
    const { rebalance } = this.#running();
    this.#closeReading(partitions);
    rebalance.unassign(partitions);
  }

  halt(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.#running().reader.halt(partitionId);
  }

  async seek(partition: OpenedPartition): Promise<void> {
    const { connected, reader, rebalance } = this.#running();
    const position = { topic: partition.topic, partition: partition.partition, offset: partition.offset };
    try {
      await seekTo(connected.client, position, REQUEST_TIMEOUT_MS);
    } catch (cause) {
      if (kafkaErrorCode(cause) !== KafkaCode._STATE)
        throw requestFailure(`a seek to ${placeOf(partition)} offset ${partition.offset}`, cause);
      assignAnew({ reader, rebalance, registry: this.#registry, table: this.#options.table }, partition);
    }
    this.#registry.open(partition, partition.epoch);
    reader.rewind(partition.partitionId, partition.epoch, partition.offset);
    this.#keepChosen([partition]);
  }

  async endOffsets(): Promise<readonly EndOffset[]> {
    const { connected, positions } = this.#running();
    const counts = await partitionCountsOfSelection(connected.client, this.#options.topics);
    const partitions = [...counts].flatMap(([topic, count]) =>
      Array.from({ length: count }, (_, partition) => ({ topic, partition })),
    );
    // Asked first: what was written before and is not stable afterwards lies behind an open transaction.
    const highs =
      this.#isolation === 'read_committed'
        ? await highWatermarks(this.#options, connected.handleId, partitions)
        : new Map<string, number>();
    const ends = await positions.endOffsets(partitions);
    return ends.map((one) => {
      const high = highs.get(`${one.topic}/${one.partition}`) ?? -1;
      return high > one.end ? { ...one, high } : one;
    });
  }

  committedOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicOffset[]> {
    return this.#running().positions.committed(partitions);
  }

  store(offsets: readonly CommittedOffset[]): void {
    if (this.#isStopping()) return;
    const { connected, replaced } = this.#running();
    this.#offsets.store(
      connected.client,
      offsets.filter(({ partitionId }) => !replaced.has(partitionId)),
    );
    replaced.stored();
  }

  stop(deadlineMs: number): Promise<void> {
    this.#stopping ??= this.#stop(deadlineMs);
    return this.#stopping;
  }

  /** Offsets not stored because their partition was not open any more. */
  get storesSkipped(): number {
    return this.#offsets.skipped;
  }

  trouble(): Trouble | undefined {
    return this.#session?.connected.trouble ?? this.#liveness.trouble(this.#options.nowMs());
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  refusal(name: string, topic: string, text: string): DispatcherError {
    return refusalOf(
      'consumer',
      codeNamed(name),
      text,
      topic === '' ? this.#rights : { ...this.#rights, topics: [topic] },
    );
  }

  readerStats(): ReaderStats | undefined {
    return this.#session?.reader.stats();
  }

  #createClient(): { client: KafkaConsumer; handleId: number } {
    const options = this.#options;
    const handleId = options.native.newHandleId();
    const properties = sourceProperties(options, handleId);
    checkCreatable(options.native, 'consumer', properties);
    const client = newConsumer({
      ...properties,
      rebalance_cb: (error: unknown, partitions: TopicPartition[]) =>
        this.#guard(() => this.#onRebalance(client, error, partitions)),
      offset_commit_cb: (error: unknown, offsets: PossibleOffset[]) =>
        this.#guard(() => this.#onCommit(error, offsets)),
    });
    return { client, handleId };
  }

  #openSession(connected: ConnectedClient<KafkaConsumer>): Session {
    const options = this.#options;
    const { client, handleId } = connected;
    const reader = new ReaderControl(
      { native: options.native, handleId, table: options.table, reader: options.reader },
      {
        batch: (batch) => this.#events?.batch(batch),
        oversize: (bytes) => this.#events?.oversize(bytes),
        error: (code, text) => this.#onConsumerError(connected, code, text),
        defect: (error) => this.#events?.failed(error),
      },
    );
    client.on('event.stats', (event: unknown) => this.#guard(() => this.#onStatistics(event)));
    const refresh = setInterval(() => void this.#refreshCounts(client), refreshMs(options));
    refresh.unref();
    reader.start();
    return {
      connected,
      reader,
      rebalance: new RebalanceAnswers(client),
      positions: new PositionResolver(queriesOf(client, this.#rangeQueries(connected)), {
        ...options,
        existedAtStart: ({ topic, partition }) => partition < (this.#countsAtStart.get(topic) ?? 0),
      }),
      replaced: this.#watchReplaced(connected),
      refresh,
    };
  }

  #watchReplaced({ client, handleId }: ConnectedClient<KafkaConsumer>): ReplacedTopics {
    const { native, logger, groupId, commitIntervalMs } = this.#options;
    const identities = new TopicIdentities(native, logger);

    const own = { registry: this.#registry, offsets: this.#offsets };
    const parts = { identities, handleId, client, logger, groupId, ...own };
    return new ReplacedTopics(parts, commitIntervalMs, (partitions) => {
      if (!this.#isStopping()) this.#events?.replaced(partitions);
    });
  }

  #rangeQueries({ client, handleId }: ConnectedClient<KafkaConsumer>): RangeQueries {
    const isolation = this.#isolation;
    return rangeQueries({ native: this.#options.native, handleId, client, isolation });
  }

  #onRebalance(consumer: KafkaConsumer, error: unknown, partitions: readonly TopicPartition[]): void {
    const session = this.#session;
    // While leaving, and for a client that never got as far as a session: whatever comes is given back at
    // once, or the disconnect never ends.
    if (session === undefined || session.connected.leaving) {
      consumer.unassign();
      return;
    }
    const code = kafkaErrorCode(error) ?? 0;
    const kind = session.rebalance.arrived(code);
    this.#joined = true;
    if (kind === 'assign') this.#liveness.joinAnswered();
    if (this.#isStopping()) {
      this.#closeReading(this.#registry.allOpen);
      session.rebalance.releaseAll(this.#registry.allOpen);
      return;
    }
    const assigned = partitions.map((partition) => this.#registry.assigned(partition));
    if (kind === 'assign') this.#events?.assigned(assigned);
    else if (kind === 'revoke') this.#onRevoked(session, assigned);
    else this.#options.logger.warn(`kafka consumer: rebalance error: ${errorText(error)}`, { code });
  }

  #onRevoked(session: Session, partitions: readonly AssignedPartition[]): void {
    const lost = this.#options.native.assignmentLost(session.connected.handleId);
    if (lost) {
      this.#offsets.lost(partitions.map(({ partitionId }) => partitionId));
      // Another member has them: the writer hands over no more of their rows from this moment, not only
      // from the close on.
      for (const { partitionId } of partitions) this.#options.table.setEpoch(partitionId, 0);
    }
    this.#events?.revoked(partitions, lost);
  }

  #onCommit(error: unknown, offsets: readonly PossibleOffset[]): void {
    const code = kafkaErrorCode(error);
    // Refused heartbeats are never reported: a commit is where lost rights show first.
    if (code !== undefined && isAuthorizationError(code))
      this.#events?.failed(refusalOf('consumer', code, errorText(error), this.#rights));
    const outcome = this.#offsets.committed(error, offsets);
    if (outcome !== undefined) this.#events?.committed(outcome.offsets, outcome.error);
  }

  #onStatistics(event: unknown): void {
    const statistics = statisticsOf(event);
    this.#liveness.note(statistics, this.#registry, this.#options.nowMs());
    const progress: PartitionProgress[] = progressOf(statistics, this.#registry, this.#isolation);
    if (progress.length > 0 && !this.#isStopping()) this.#events?.progress(progress);
  }

  #onConsumerError(connected: ConnectedClient<KafkaConsumer>, code: number, text: string): void {
    if (this.#isStopping()) return;
    const fatal = this.#options.native.fatalError(connected.handleId);
    const failure =
      fatal === null
        ? consumerFailure(code, text, this.#rights)
        : fatalFailure('consumer', fatal.code, fatal.text, this.#rights);
    const { name } = this.#options.native.errorName(code);
    connected.log.entry(
      failure === undefined ? 'warn' : 'error',
      name,
      isUnknownTopicError(code) ? `${text} (waiting for the topic)` : text,
      { code },
    );
    if (failure === undefined) return;
    // What was to join is refused: leaving need not wait for it.
    this.#joined = true;
    this.#events?.failed(failure);
  }

  /** librdkafka takes no empty subscription: until a topic matches there is none. */
  #subscribe(client: KafkaConsumer): void {
    const { names } = this.#subscription;
    if (names.length > 0) client.subscribe(names);
    else client.unsubscribe();
  }

  async #refreshCounts(client: KafkaConsumer): Promise<void> {
    try {
      const counts = this.#subscription.grows
        ? await partitionCountsOfSelection(client, this.#options.topics)
        : await partitionCountsKnown(client);
      if (this.#isStopping()) return;
      this.#noteCounts(counts);
      await this.#session?.replaced.compare([...counts.keys()]);
      if (this.#isStopping() || !this.#subscription.seen(counts)) return;
      this.#options.logger.info('the topics that match have changed', {
        topics: this.#subscription.names.join(' '),
      });
      this.#subscribe(client);
    } catch (error) {
      this.#options.logger.debug(`kafka consumer: partition counts not refreshed: ${errorText(error)}`);
    }
  }

  #noteCounts(counts: ReadonlyMap<string, number>): void {
    if (this.#isStopping()) return;
    for (const [topic, count] of counts) {
      if (count === 0) continue;
      this.#topicsFound = true;
      this.#registry.setTopicPartitionCount(topic, count);
    }
  }

  /**
   * A position chosen once must stay: chosen again at the next rebalance or start, the records between would
   * be skipped. librdkafka commits a stored offset only when it is above the last one it committed, so what
   * lies below is committed here, once: in a partition that is ours, while nothing else is stored.
   */
  #keepChosen(partitions: readonly OpenedPartition[]): void {
    const chosen = partitions.filter(({ partitionId, offset }) => this.#chosen.get(partitionId) === offset);
    for (const { partitionId } of partitions) this.#chosen.delete(partitionId);
    if (chosen.length === 0 || this.#isStopping()) return;
    for (const { partitionId } of chosen) this.#running().replaced.forget(partitionId);
    this.store(chosen.map(({ partitionId, offset }) => ({ partitionId, offset })));
    const { client } = this.#running().connected;
    for (const { topic, partition, offset } of chosen) client.commit({ topic, partition, offset });
  }

  #closeReading(partitions: readonly AssignedPartition[]): void {
    for (const partition of partitions) {
      this.#registry.close(partition);
      this.#session?.replaced.forget(partition.partitionId);
      this.#session?.reader.close(partition.partitionId);
    }
  }

  /**
   * What the old topic left in the new one before the ids were compared: a restart would pass records over.
   */
  async #takeBack(partition: AssignedPartition): Promise<void> {
    const { connected, positions } = this.#running();
    const [committed] = await positions.committed([partition]);
    if ((committed?.offset ?? -1) <= 0) return;
    connected.client.commit({ topic: partition.topic, partition: partition.partition, offset: 0 });
  }

  async #stop(deadlineMs: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { connected, reader, rebalance, replaced } = session;
    clearInterval(session.refresh);
    if (this.trouble() === undefined) await replaced.end(Math.min(LAST_COMPARISON_MS, deadlineMs / 4));
    const { logger, nowMs } = this.#options;
    await leave(
      {
        connected,
        reader,
        offsets: this.#offsets,
        logger,
        nowMs,
        // Without a topic librdkafka has not asked to join.
        isJoining: () => this.#topicsFound && (!this.#joined || this.#liveness.joining),
        trouble: () => this.trouble(),
        release: () => {
          const open = this.#registry.allOpen;
          this.#closeReading(open);
          this.#guard(() => rebalance.releaseAll(open));
        },
      },
      deadlineMs,
    );
  }

  async #abandon(connected: ConnectedClient<KafkaConsumer>): Promise<void> {
    try {
      if (this.#session === undefined) await connected.disconnect(REQUEST_TIMEOUT_MS);
      else await this.stop(REQUEST_TIMEOUT_MS);
    } catch (error) {
      this.#options.logger.warn(`kafka consumer: ${errorText(error)}`);
    }
  }

  /** node-rdkafka's callbacks must not throw: it would end the process. */
  #guard(work: () => void): void {
    try {
      work();
    } catch (error) {
      if (this.#isStopping()) this.#options.logger.debug(`kafka consumer, leaving: ${errorText(error)}`);
      else this.#events?.failed(error instanceof Error ? error : new Error(String(error)));
    }
  }

  #isStopping(): boolean {
    return this.#stopping !== undefined;
  }

  #running(): Session {
    if (this.#session === undefined)
      throw new DispatcherError('DEFECT', 'the Kafka source is used before its start');
    return this.#session;
  }
}
