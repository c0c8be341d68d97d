/** The topics that a producer writes to: their numbers at the writer, and what is known of each. */
import { DispatcherError } from '../../core/errors.js';
import type { OutputTopic } from '../../ports/sink.js';
import { isCompressed } from '../client/client-config.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { hiddenTopic } from '../client/hidden-topics.js';
import {
  namedTopicMissing,
  outputTopicMissing,
  partitionCountsKnown,
  partitionCountsOf,
  refreshMsOf,
} from '../client/metadata.js';
import { type ClientRights, refusalOf } from '../errors.js';
import type { NativeWriter } from '../native-writer.js';
import { errorText, type Producer } from '../rdkafka.js';
import { ReplacedOutputs } from './replaced-outputs.js';
import type { KafkaSinkOptions } from './sink-options.js';
import type { TopicLimits } from './topic-limits.js';

/** Asked for within this time, partition counts are not asked for again. */
const COUNTS_FRESH_MS = 1_000;
const TOPICS_MAX = 1_000;

interface Parts {
  readonly connected: ConnectedClient<Producer>;
  readonly writer: NativeWriter;
  readonly limits: TopicLimits;
  readonly rights: ClientRights;
}

export class OutputTopics {
  readonly #options: KafkaSinkOptions;
  readonly #parts: Parts;
  readonly #topics = new Map<string, Promise<OutputTopic>>();
  readonly #numbers = new Map<string, number>();
  readonly #countsMax = new Map<string, number>();
  readonly #replaced: ReplacedOutputs;
  readonly #timer: NodeJS.Timeout;
  #askedAtMs = Number.NEGATIVE_INFINITY;
  #stopped = false;

  constructor(options: KafkaSinkOptions, parts: Parts) {
    this.#options = options;
    this.#parts = parts;
    this.#replaced = new ReplacedOutputs({
      native: options.native,
      logger: options.logger,
      handleId: parts.connected.handleId,
      writer: parts.writer,
      numbers: this.#numbers,
      replaced: (name) => this.#wasReplaced(name),
    });
    this.#timer = setInterval(() => void this.#refresh(), refreshMsOf(options.cluster));
    this.#timer.unref();
  }

  topic(name: string): Promise<OutputTopic> {
    let known = this.#topics.get(name);
    if (known === undefined) {
      known = this.#register(name);
      this.#topics.set(name, known);
      // A topic that is missing now may exist when it is asked for again.
      void known.catch(() => this.#topics.delete(name));
      return known;
    }
    return known.then(async (before) => {
      await this.#refreshCounts(COUNTS_FRESH_MS);
      return (await this.#topics.get(name)) ?? before;
    });
  }

  /** A delivery failed as it does where a topic has other partitions than it had, or is another one. */
  doubted(): void {
    void this.#refresh(COUNTS_FRESH_MS);
  }

  /** Nothing is written any more; the ids are compared for the last time, unless the brokers are away. */
  async end(timeoutMs: number): Promise<void> {
    clearInterval(this.#timer);
    if (timeoutMs > 0) await this.#replaced.end(timeoutMs);
    this.#replaced.stop();
    this.#stopped = true;
  }

  async #register(name: string): Promise<OutputTopic> {
    const { connected, writer, rights } = this.#parts;
    const topicsMax = this.#options.topicsMax ?? TOPICS_MAX;
    if (this.#topics.size >= topicsMax) {
      throw new DispatcherError(
        'TRANSFORM_LOAD',
        `the transform emits to more than ${topicsMax} topics; the next would be ${name}`,
        { remedy: 'topic names are probably made from data: emit to fewer topics' },
      );
    }
    const partitionCount = (await partitionCountsOf(connected.client, [name])).get(name) ?? 0;
    if (partitionCount === 0) {
      const hidden = await hiddenTopic(this.#options.native, connected.handleId, [name]);
      throw hidden === undefined
        ? this.#missing(name)
        : refusalOf('producer', hidden.code, hidden.text, { ...rights, topics: [name] });
    }
    const policy = this.#options.partitionByTopic?.get(name) ?? this.#options.partition;
    const number = writer.topic(name, partitionCount, policy);
    this.#numbers.set(name, number);
    this.#askedAtMs = this.#options.nowMs();
    await Promise.all([this.#learnLimit(name), this.#replaced.learn(name)]);
    return this.#counted(name, number, partitionCount);
  }

  /**
   * Of a name that the transform came up with, too. The sizes of the producer stay, but a record that is too
   * large is known before it is sent.
   */
  async #learnLimit(name: string): Promise<void> {
    const { connected, writer, limits } = this.#parts;
    await limits.ask(connected.handleId, [name]);
    const bytesMax = limits.of(name);
    const number = this.#numbers.get(name);
    if (bytesMax === undefined || number === undefined || isCompressed(this.#options.cluster)) return;
    if (!this.#isStopped()) writer.setBatchLimit(number, bytesMax);
  }

  async #wasReplaced(name: string): Promise<void> {
    this.#parts.limits.forget(name);
    if (!this.#isStopped()) await Promise.all([this.#learnLimit(name), this.#refreshCounts()]);
  }

  #missing(name: string): DispatcherError {
    const { outputTopics, createTopicsCommand } = this.#options;
    return outputTopics?.includes(name) === false
      ? namedTopicMissing(name, createTopicsCommand)
      : outputTopicMissing(name, createTopicsCommand);
  }

  async #refresh(freshMs = 0): Promise<void> {
    if (await this.#refreshCounts(freshMs)) await this.#replaced.compare();
  }

  /** False: the last answer is younger than that, or there is nobody to ask. */
  async #refreshCounts(freshMs = 0): Promise<boolean> {
    const nowMs = this.#options.nowMs();
    if (this.#stopped || nowMs - this.#askedAtMs < freshMs) return false;
    this.#askedAtMs = nowMs;
    try {
      this.#takeCounts(await partitionCountsKnown(this.#parts.connected.client));
      return true;
    } catch (error) {
      this.#options.logger.debug(`kafka producer: partition counts not refreshed: ${errorText(error)}`);
      return false;
    }
  }

  #takeCounts(counts: ReadonlyMap<string, number>): void {
    for (const [name, number] of this.#numbers) {
      const count = counts.get(name) ?? 0;
      if (count === 0 || this.#isStopped()) continue;
      this.#parts.writer.setPartitionCount(number, count);
      this.#topics.set(name, Promise.resolve(this.#counted(name, number, count)));
    }
  }

  /**
   * A topic created again with fewer partitions is at fault, not the record that names one it had: the
   * workers go on letting it through, and the writer tells the two apart.
   */
  #counted(name: string, number: number, count: number): OutputTopic {
    const partitionCount = Math.max(count, this.#countsMax.get(name) ?? 0);
    this.#countsMax.set(name, partitionCount);
    return { name, number, partitionCount };
  }

  /** Asked again after an await, where the compiler would remember the answer of before. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
