import type { Logger } from '../../../ports/logger.js';
import { partitionCountsKnown, partitionCountsOfSelection, refreshMsOf } from '../../client/metadata.js';
import { errorText, type KafkaConsumer, type TopicPartition } from '../../rdkafka.js';
import type { PartitionRegistry } from '../partition-registry.js';
import type { KafkaSourceOptions } from '../source-options.js';
import { Subscription } from './subscription.js';

/** The topics of a subscription and their partitions, at the start and as they grow. */
export class TopicWatch {
  readonly #options: KafkaSourceOptions;
  readonly #logger: Logger;
  readonly #registry: PartitionRegistry;
  readonly #subscription: Subscription;
  #countsAtStart: ReadonlyMap<string, number> = new Map();
  #found = false;
  #timer: NodeJS.Timeout | undefined;
  #stopped = false;

  constructor(options: KafkaSourceOptions, registry: PartitionRegistry) {
    this.#options = options;
    this.#logger = options.logger;
    this.#registry = registry;
    this.#subscription = new Subscription(options.topics);
  }

  /** The counts at the start. */
  begin(counts: ReadonlyMap<string, number>): void {
    this.#countsAtStart = counts;
    this.#subscription.seen(counts);
    this.#note(counts);
  }

  /** The topics at the start. */
  get names(): readonly string[] {
    return [...this.#countsAtStart.keys()];
  }

  /** At least one of the topics exists or existed. */
  get found(): boolean {
    return this.#found;
  }

  existedAtStart({ topic, partition }: TopicPartition): boolean {
    return partition < (this.#countsAtStart.get(topic) ?? 0);
  }

  /** librdkafka accepts no empty subscription: until a topic matches there is none. */
  subscribe(client: KafkaConsumer): void {
    const { names } = this.#subscription;
    if (names.length > 0) client.subscribe(names);
    else client.unsubscribe();
  }

  /** Checks again at the discovery interval; `seen` gets the existing topics. */
  watch(client: KafkaConsumer, seen: (topics: readonly string[]) => Promise<void>): void {
    this.#timer = setInterval(() => void this.#refresh(client, seen), refreshMsOf(this.#options.cluster));
    this.#timer.unref();
  }

  stop(): void {
    this.#stopped = true;
    clearInterval(this.#timer);
  }

  async #refresh(client: KafkaConsumer, seen: (topics: readonly string[]) => Promise<void>): Promise<void> {
    try {
      const counts = this.#subscription.grows
        ? await partitionCountsOfSelection(client, this.#options.topics)
        : await partitionCountsKnown(client);
      if (this.#isStopped()) return;
      this.#note(counts);
      await seen([...counts.keys()]);
      if (this.#isStopped() || !this.#subscription.seen(counts)) return;
      this.#logger.info('the topics that match have changed', { topics: this.#subscription.names.join(' ') });
      this.subscribe(client);
    } catch (error) {
      this.#logger.debug(`kafka consumer: partition counts not refreshed: ${errorText(error)}`);
    }
  }

  #note(counts: ReadonlyMap<string, number>): void {
    for (const [topic, count] of counts) {
      if (count === 0) continue;
      this.#found = true;
      this.#registry.setTopicPartitionCount(topic, count);
    }
  }

  /** A function, because after an await the compiler would still assume the earlier value. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
