/**
 * Topics that were deleted and created again under a running member: no offset of the old one may be
 * committed into the new one, nor read from there.
 */
import { setTimeout as delay } from 'node:timers/promises';
import type { PartitionId } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { AssignedPartition, Source } from '../../ports/source.js';
import { TopicIdentities } from '../client/topic-identity.js';
import { errorText, type KafkaConsumer, type TopicPartition } from '../rdkafka.js';
import type { OffsetStore } from './offsets/offset-store.js';
import type { PartitionRegistry } from './partition-registry.js';
import type { KafkaSourceOptions } from './source-options.js';

/** librdkafka's word for "no offset stored": nothing is left for its next commit. */
const OFFSET_INVALID = -1001;
/** Ids are compared this often at most, however often offsets are committed. */
const COMPARE_MIN_MS = 1_000;

interface Parts {
  readonly handleId: number;
  readonly client: KafkaConsumer;
  readonly offsets: OffsetStore;
  readonly registry: PartitionRegistry;
  readonly source: Pick<Source, 'committedOffsets'>;
}

type Options = Pick<KafkaSourceOptions, 'native' | 'logger' | 'groupId' | 'commitIntervalMs'>;

export class ReplacedTopics {
  readonly #options: Options;
  readonly #parts: Parts;
  readonly #identities: TopicIdentities;
  readonly #partitions = new Set<PartitionId>();
  readonly #tell: (partitions: readonly AssignedPartition[]) => void;
  readonly #timer: NodeJS.Timeout;
  #stored = false;
  #comparing: Promise<void> | undefined;

  /** `tell` is called again at each comparison until the partitions are moved or closed. */
  constructor(options: Options, parts: Parts, tell: (partitions: readonly AssignedPartition[]) => void) {
    this.#options = options;
    this.#parts = parts;
    this.#identities = new TopicIdentities(options.native, options.logger);
    this.#tell = tell;
    this.#timer = setInterval(() => this.#tick(), Math.max(options.commitIntervalMs, COMPARE_MIN_MS));
    this.#timer.unref();
  }

  has(partitionId: PartitionId): boolean {
    return this.#partitions.has(partitionId);
  }

  /** Its position is one of the new topic now, or it is read here no more. */
  forget(partitionId: PartitionId): void {
    this.#partitions.delete(partitionId);
  }

  /** Offsets are on their way to the broker: compared within a commit interval. */
  stored(): void {
    this.#stored = true;
  }

  /** `more`: topics whose id is to be learnt, too. One comparison at a time. */
  compare(more: readonly string[] = []): Promise<void> {
    this.#comparing ??= this.#compare(more).finally(() => {
      this.#comparing = undefined;
    });
    return this.#comparing;
  }

  /** Before the last commit: what was stored since the last comparison is not committed unseen. */
  async end(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    if (this.#stored) await Promise.race([this.compare(), delay(timeoutMs, undefined, { ref: false })]);
  }

  /** For `out-of-range: stop`. */
  refusal(partition: TopicPartition): DispatcherError {
    return replacedInput(this.#options.groupId, partition);
  }

  #tick(): void {
    if (!this.#stored && this.#partitions.size === 0) return;
    this.#stored = false;
    void this.compare();
  }

  async #compare(more: readonly string[]): Promise<void> {
    const { handleId, registry } = this.#parts;
    const { logger, groupId } = this.#options;
    const topics = new Set([...more, ...registry.allOpen.map(({ topic }) => topic)]);
    const replaced = (await this.#identities.replaced(handleId, [...topics])).map(({ name }) => name);
    if (replaced.length > 0)
      logger.warn(
        `${replaced.join(', ')}: deleted and created again while group ${groupId} was reading; no offset of ` +
          'the old topic is committed from now on',
      );
    const stale = registry.allOpen.filter(({ topic }) => replaced.includes(topic));
    for (const partition of stale) {
      this.#partitions.add(partition.partitionId);
      this.#unstore(partition);
      this.#parts.offsets.lost([partition.partitionId]);
    }
    await this.#takeBack(stale);
    const told = registry.allOpen.filter(({ partitionId }) => this.#partitions.has(partitionId));
    if (told.length > 0) this.#tell(told);
  }

  /**
   * What was committed of the old topic after the new one was there, before the ids were compared: whoever
   * reads next would begin at that offset of the new one, and skip records. The chosen offset follows.
   */
  async #takeBack(partitions: readonly AssignedPartition[]): Promise<void> {
    if (partitions.length === 0) return;
    try {
      const committed = await this.#parts.source.committedOffsets(partitions);
      const wrong = committed.filter(({ offset }) => offset > 0);
      if (wrong.length > 0)
        this.#parts.client.commit(wrong.map(({ topic, partition }) => ({ topic, partition, offset: 0 })));
    } catch (error) {
      const { logger } = this.#options;
      logger.warn(`offsets of the old topic may be left in the new one: ${errorText(error)}`);
    }
  }

  #unstore({ topic, partition }: TopicPartition): void {
    try {
      this.#parts.client.offsetsStore([{ topic, partition, offset: OFFSET_INVALID }]);
    } catch (error) {
      this.#options.logger.debug(`kafka consumer: a stored offset not taken back: ${errorText(error)}`);
    }
  }
}

function replacedInput(groupId: string, { topic, partition }: TopicPartition): DispatcherError {
  return new DispatcherError(
    'OFFSET_OUT_OF_RANGE',
    `${topic}[${partition}]: the topic was deleted and created again while group ${groupId} was reading it; ` +
      'the offsets of the group belong to the old topic',
    {
      remedy:
        `stop all members, reset group ${groupId} in ${topic} to earliest (kafka-consumer-groups.sh ` +
        '--reset-offsets), and start again; or set kafka.consumer.out-of-range to earliest or latest to go ' +
        'on in the new topic',
    },
  );
}
