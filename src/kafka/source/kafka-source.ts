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
  partitionCountsOfSelection,
  partitionsOf,
  REQUEST_TIMEOUT_MS,
  requestFailure,
} from '../client/metadata.js';
import { codeNamed, consumerFault, consumerFaultName } from '../codes.js';
import { type ClientRights, KafkaCode, refusalOf } from '../errors.js';
import {
  errorText,
  type KafkaConsumer,
  kafkaErrorCode,
  newConsumer,
  seekTo,
  type TopicPartition,
} from '../rdkafka.js';
import { assignAnew } from './assign-anew.js';
import { commitFailure, consumerTrouble } from './consumer-trouble.js';
import { leave } from './leaving.js';
import { Liveness } from './liveness.js';
import { ChosenPositions } from './offsets/chosen-positions.js';
import { OffsetStore, type PossibleOffset } from './offsets/offset-store.js';
import { PositionResolver, placeOf } from './offsets/positions.js';
import { rangeQueries } from './offsets/ranges.js';
import { reportStarts } from './offsets/starts.js';
import { PartitionRegistry } from './partition-registry.js';
import { ReaderControl } from './reader-control.js';
import { RebalanceAnswers } from './rebalance.js';
import { ReplacedTopics } from './replaced-topics.js';
import type { Session } from './session.js';
import { connectSource, requireTopics, rightsOf } from './source-connect.js';
import {
  type Isolation,
  isolationOf,
  type KafkaSourceOptions,
  queriesOf,
  sourceProperties,
} from './source-options.js';
import { progressOf, statisticsOf } from './statistics.js';
import { TopicWatch } from './topic-watch.js';

const LAST_COMPARISON_MS = 1_000;

export function createKafkaSource(options: KafkaSourceOptions): KafkaSource {
  return new KafkaSource(options);
}

export class KafkaSource implements Source {
  readonly #options: KafkaSourceOptions;
  readonly #registry: PartitionRegistry;
  readonly #offsets: OffsetStore;
  readonly #chosen = new ChosenPositions();
  readonly #isolation: Isolation;
  /** The first rebalance event came: the group knows this member. */
  #joined = false;
  readonly #rights: ClientRights;
  readonly #liveness: Liveness;
  readonly #topics: TopicWatch;
  #events: SourceEvents | undefined;
  #session: Session | undefined;
  #stopping: Promise<void> | undefined;

  constructor(options: KafkaSourceOptions) {
    this.#options = options;
    this.#registry = new PartitionRegistry(options.table);
    this.#offsets = new OffsetStore(this.#registry);
    this.#rights = rightsOf(options);
    this.#topics = new TopicWatch(options, this.#registry);
    this.#liveness = new Liveness(Number(options.cluster.properties.get('fetch.wait.max.ms') ?? 500));
    this.#isolation = isolationOf(options.cluster.properties);
  }

  async start(events: SourceEvents): Promise<void> {
    const options = this.#options;
    checkFeatures(options.cluster);
    this.#events = events;
    const connected = await connectSource(options, () => this.#createClient(), events);
    try {
      this.#topics.begin(await requireTopics(options, connected, this.#rights));
      if (this.#isStopping())
        throw new DispatcherError('STOPPED_BEFORE_END', 'stopped before anything was read');
      this.#session = this.#openSession(connected);
      void this.#session.replaced.compare(this.#topics.names);
      this.#topics.subscribe(connected.client);
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
    for (const start of starts) this.#chosen.note(start.partitionId, start);
    return starts.map(({ partitionId, offset }) => ({ partitionId, offset }));
  }

  async positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<number> {
    const { positions, replaced } = this.#running();
    // An offset that is not there may be one of a topic that is not there.
    await replaced.compare();
    if (replaced.has(partition.partitionId) && this.#options.outOfRange === 'stop')
      throw replaced.refusal(partition);
    const chosen = await positions.afterOutOfRange(partition, offset);
    this.#chosen.note(partition.partitionId, chosen);
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
    try {
      await seekTo(connected.client, partition, REQUEST_TIMEOUT_MS);
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
    return positions.endOffsets(partitionsOf(counts));
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

  trouble(): Trouble | undefined {
    return this.#session?.connected.trouble ?? this.#liveness.trouble(this.#options.nowMs());
  }

  verdict({ code }: Fault): { readonly kind: ReadFault; readonly name: string } {
    return { kind: consumerFault(code), name: consumerFaultName(code) };
  }

  refusal(name: string, topic: string, text: string): DispatcherError {
    const rights = topic === '' ? this.#rights : { ...this.#rights, topics: [topic] };
    return refusalOf('consumer', codeNamed(name), text, rights);
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
    const replaced = new ReplacedTopics(
      options,
      { client, handleId, registry: this.#registry, offsets: this.#offsets, source: this },
      (partitions) => {
        if (!this.#isStopping()) this.#events?.replaced(partitions);
      },
    );
    this.#topics.watch(client, (topics) => replaced.compare(topics));
    reader.start();
    const ranges = rangeQueries({ native: options.native, handleId, client, isolation: this.#isolation });
    return {
      connected,
      reader,
      rebalance: new RebalanceAnswers(client),
      positions: new PositionResolver(queriesOf(client, ranges), {
        ...options,
        existedAtStart: (partition) => this.#topics.existedAtStart(partition),
      }),
      replaced,
    };
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
    const failure = code === undefined ? undefined : commitFailure(code, errorText(error), this.#rights);
    if (failure !== undefined) this.#events?.failed(failure);
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
    const failure = consumerTrouble(this.#options.native, connected, { code, text, rights: this.#rights });
    if (failure === undefined) return;
    // What was to join is refused: leaving need not wait for it.
    this.#joined = true;
    this.#events?.failed(failure);
  }

  #keepChosen(partitions: readonly OpenedPartition[]): void {
    if (this.#isStopping()) return;
    const { connected, replaced } = this.#running();
    const { all, below } = this.#chosen.take(partitions);
    for (const { partitionId } of all) replaced.forget(partitionId);
    if (all.length > 0) this.store(all);
    if (below.length > 0) connected.client.commit(below);
  }

  #closeReading(partitions: readonly AssignedPartition[]): void {
    for (const partition of partitions) {
      this.#registry.close(partition);
      this.#session?.replaced.forget(partition.partitionId);
      this.#session?.reader.close(partition.partitionId);
    }
  }

  async #stop(deadlineMs: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    const { connected, reader, rebalance, replaced } = session;
    this.#topics.stop();
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
        isJoining: () => this.#topics.found && (!this.#joined || this.#liveness.joining),
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
