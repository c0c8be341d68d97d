/**
 * Topics that were deleted and created again while a member reads them: no offset of the old topic may be
 * committed to the new one or read from it.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { DispatcherError } from '../../../core/errors.js';
import type { AssignedPartition, EndOffset } from '../../../ports/source.js';
import { TopicIdentities } from '../../client/topic-identity.js';
import type { KafkaCommits } from '../../commits/kafka-commits.js';
import type { TopicPartition } from '../../rdkafka.js';
import type { PartitionRegistry } from '../partition-registry.js';
import type { KafkaSourceOptions } from '../source-options.js';

/** Ids are compared at most this often, however often offsets are committed. */
const COMPARE_MIN_MS = 1_000;

interface Parts {
  readonly handleId: number;
  readonly commits: KafkaCommits;
  readonly registry: PartitionRegistry;
}

type Options = Pick<KafkaSourceOptions, 'native' | 'logger' | 'groupId' | 'commitIntervalMs'>;

export class ReplacedTopics {
  readonly #options: Options;
  readonly #parts: Parts;
  readonly #identities: TopicIdentities;
  readonly #report: (partitions: readonly AssignedPartition[]) => void;
  readonly #timer: NodeJS.Timeout;
  /** How often offsets had been stored at the last comparison. */
  #comparedStores = 0;
  #comparing: Promise<void> | undefined;

  /** `report` is called at each comparison until the partitions are moved or closed. */
  constructor(options: Options, parts: Parts, report: (partitions: readonly AssignedPartition[]) => void) {
    this.#options = options;
    this.#parts = parts;
    this.#identities = new TopicIdentities(options.native, options.logger);
    this.#report = report;
    this.#timer = setInterval(() => this.#tick(), Math.max(options.commitIntervalMs, COMPARE_MIN_MS));
    this.#timer.unref();
  }

  /** `more`: topics whose id must be recorded too. One comparison at a time. */
  compare(more: readonly string[] = []): Promise<void> {
    this.#comparing ??= this.#compare(more).finally(() => {
      this.#comparing = undefined;
    });
    return this.#comparing;
  }

  /** Compares the ids of these topics, and of all open ones. */
  async learn(topics: readonly string[]): Promise<void> {
    await this.compare(topics);
    // A comparison that was already running did not include them.
    if (topics.some((topic) => this.topicId(topic) === undefined)) await this.compare(topics);
  }

  /** The id of the topic as it was last seen. */
  topicId(topic: string): string | undefined {
    return this.#identities.idOf(topic);
  }

  /** Each with the id that its topic has now. */
  named(ends: readonly EndOffset[]): readonly EndOffset[] {
    return ends.map((end) => {
      const topicId = this.topicId(end.topic);
      return topicId === undefined ? end : { ...end, topicId };
    });
  }

  /**
   * Call it before the last commit, also if nothing was stored since the last comparison: when partitions are
   * closed, librdkafka commits what is stored, even if it was committed before. A partition that is revoked
   * is not compared: its offset is stored with the id of the old topic, which the next owner recognises.
   */
  async end(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    if (this.#parts.registry.allOpen.length > 0)
      await Promise.race([this.compare(), delay(timeoutMs, undefined, { ref: false })]);
  }

  /** The error for `out-of-range: stop`. */
  refusal(partition: TopicPartition): DispatcherError {
    return replacedInput(this.#options.groupId, partition);
  }

  #tick(): void {
    const { commits } = this.#parts;
    if (!this.#hasStored() && !commits.withholds) return;
    this.#comparedStores = commits.stores;
    void this.compare();
  }

  /** Offsets are on their way to the broker. */
  #hasStored(): boolean {
    return this.#parts.commits.stores > this.#comparedStores;
  }

  async #compare(more: readonly string[]): Promise<void> {
    const { handleId, registry, commits } = this.#parts;
    const { logger, groupId } = this.#options;
    const topics = new Set([...more, ...registry.allOpen.map(({ topic }) => topic)]);
    const replaced = (await this.#identities.replaced(handleId, [...topics])).map(({ name }) => name);
    if (replaced.length > 0)
      logger.warn(
        `${replaced.join(', ')}: deleted and created again while group ${groupId} was reading; no ` +
          'offset of the old topic is committed from now on',
      );
    const stale = registry.allOpen.filter(({ topic }) => replaced.includes(topic));
    for (const partition of stale) commits.withhold(partition);
    await commits.takeBack(stale);
    const moved = registry.allOpen.filter(({ partitionId }) => commits.isWithheld(partitionId));
    if (moved.length > 0) this.#report(moved);
  }
}

function replacedInput(groupId: string, { topic, partition }: TopicPartition): DispatcherError {
  return new DispatcherError(
    'OFFSET_OUT_OF_RANGE',
    `${topic}[${partition}]: the topic was deleted and created again while group ${groupId} was ` +
      'reading it; the offsets of the group belong to the old topic',
    {
      remedy:
        `stop all members, then kd group reset ${groupId} --topic ${topic} --to earliest --execute, ` +
        'and start again; or set ' +
        'kafka.consumer.out-of-range to earliest or latest to continue in the new topic',
    },
  );
}
