import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { Commits, CommitsEvents, CommittedOffset, TopicOffset } from '../../ports/commits.js';
import { inArea, type Logger } from '../../ports/logger.js';
import type { AssignedPartition, OpenedPartition } from '../../ports/source.js';
import { errorText, type KafkaConsumer, type TopicPartition } from '../rdkafka.js';
import type { PositionResolver, StartPosition } from '../source/offsets/positions.js';
import type { PartitionRegistry } from '../source/partition-registry.js';
import { ChosenPositions } from './chosen-positions.js';
import type { OffsetOrigins } from './offset-origins.js';
import { OffsetStore, type PossibleOffset } from './offset-store.js';

/** librdkafka's value for "no offset stored": nothing is left for its next commit. */
const OFFSET_INVALID = -1001;

/** The connection through which offsets are committed. */
interface Connection {
  readonly client: Pick<KafkaConsumer, 'commit' | 'offsetsStore'>;
  readonly positions: Pick<PositionResolver, 'committed'>;
  readonly origins: Pick<OffsetOrigins, 'commit' | 'offsetsStore'>;
}

/**
 * Everything that a member reports to its group about offsets: settled ones, positions that a policy chose,
 * and offsets that must no longer be committed.
 */
export class KafkaCommits implements Commits {
  readonly #logger: Logger;
  readonly #store: OffsetStore;
  readonly #chosen = new ChosenPositions();
  /** Partitions of replaced topics: offsets of the old topic must not reach the broker. */
  readonly #withheld = new Set<PartitionId>();
  #connection: Connection | undefined;
  #events: CommitsEvents | undefined;
  #stores = 0;
  #closed = false;

  constructor(registry: PartitionRegistry, logger: Logger) {
    this.#store = new OffsetStore(registry);
    this.#logger = inArea(logger, 'group');
  }

  listen(events: CommitsEvents): void {
    this.#events = events;
  }

  connected(connection: Connection): void {
    this.#connection = connection;
  }

  /** The member leaves: nothing more is stored, but stored offsets are still answered. */
  close(): void {
    this.#closed = true;
  }

  store(offsets: readonly CommittedOffset[]): void {
    if (this.#closed) return;
    this.#store.store(
      this.#connected().origins,
      offsets.filter((one) => !this.#withheld.has(one.partitionId) && !this.#chosen.isUndecided(one)),
    );
    this.#stores += 1;
  }

  committedOffsets(partitions: readonly TopicPartition[]): Promise<readonly TopicOffset[]> {
    return this.#connected().positions.committed(partitions);
  }

  /** Handles a commit callback. */
  answered(error: unknown, offsets: readonly PossibleOffset[]): void {
    const outcome = this.#store.committed(error, offsets);
    if (outcome !== undefined) this.#events?.committed(outcome.offsets, outcome.error);
  }

  /** Records a position for the next opening or seek. */
  chose(partitionId: PartitionId, position: Pick<StartPosition, 'offset' | 'start'>): void {
    this.#chosen.note(partitionId, position);
  }

  /** Reading begins at these positions. An offset that a policy chose is committed, so that it stays. */
  began(partitions: readonly OpenedPartition[]): void {
    if (this.#closed) return;
    const { all, below } = this.#chosen.take(partitions);
    for (const { partitionId } of all) this.allow(partitionId);
    if (all.length > 0) this.store(all);
    if (below.length > 0) this.#connected().origins.commit(below);
  }

  /** Counts the stores, to see whether new offsets are on their way. */
  get stores(): number {
    return this.#stores;
  }

  get withholds(): boolean {
    return this.#withheld.size > 0;
  }

  isWithheld(partitionId: PartitionId): boolean {
    return this.#withheld.has(partitionId);
  }

  /** Withdraws stored offsets, and stores none until `allow`. */
  withhold({ partitionId, topic, partition }: AssignedPartition): void {
    this.#withheld.add(partitionId);
    try {
      this.#connected().client.offsetsStore([{ topic, partition, offset: OFFSET_INVALID }]);
    } catch (error) {
      this.#logger.debug(`kafka consumer: a stored offset could not be withdrawn: ${errorText(error)}`);
    }
    this.lost([partitionId]);
  }

  /** Call it when the partition is at a position of the new topic, or is no longer read by this member. */
  allow(partitionId: PartitionId): void {
    this.#withheld.delete(partitionId);
  }

  /**
   * Overwrites offsets of the old topic that were committed after the new one existed, before the ids were
   * compared: otherwise the next reader would start at that offset in the new topic and skip records. An
   * offset 0 skips none, but names the old topic, too. The chosen offset follows.
   */
  async takeBack(partitions: readonly AssignedPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    try {
      const wrong = (await this.committedOffsets(partitions)).filter(({ offset }) => offset >= 0);
      if (wrong.length > 0)
        this.#connected().client.commit(
          wrong.map(({ topic, partition }) => ({ topic, partition, offset: 0 })),
        );
    } catch (error) {
      this.#logger.warn(`offsets of the old topic may be left in the new one: ${errorText(error)}`);
    }
  }

  /** Answers to their commits are no longer waited for. */
  lost(partitionIds: readonly PartitionId[]): void {
    this.#store.lost(partitionIds);
  }

  /** Resolves when everything stored is committed or was given up; false after `timeoutMs`. */
  settled(timeoutMs: number): Promise<boolean> {
    return this.#store.settled(timeoutMs);
  }

  #connected(): Connection {
    if (this.#connection === undefined)
      throw new DispatcherError('DEFECT', 'offsets are stored before the Kafka source has started');
    return this.#connection;
  }
}
