/** The topics that a producer writes to, with their numbers at the writer and their known facts. */
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

/** Partition counts younger than this are not requested again. */
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
      // A topic that is missing now may exist the next time.
      void known.catch(() => this.#topics.delete(name));
      return known;
    }
    return known.then(async (before) => {
      await this.#refreshCounts(COUNTS_FRESH_MS);
      return (await this.#topics.get(name)) ?? before;
    });
  }

  /** A delivery failed in a way that suggests other partitions than before, or a replaced topic. */
  doubted(): void {
    void this.#refresh(COUNTS_FRESH_MS);
  }

  /** Call it when nothing is written any more: ids are compared once more, if `timeoutMs` allows it. */
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
   * Limits of topics that only the transform names are learned, too. The producer keeps its sizes, but a
   * record that is too large is refused before it is sent.
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
    const { outputTopics, deadLetterTopic, createTopicsCommand } = this.#options;
    if (outputTopics?.includes(name) === false) return namedTopicMissing(name, createTopicsCommand);
    const role = name === deadLetterTopic ? 'dead-letter' : 'output';
    return outputTopicMissing(name, role, createTopicsCommand);
  }

  async #refresh(freshMs = 0): Promise<void> {
    if (await this.#refreshCounts(freshMs)) await this.#replaced.compare();
  }

  /** False if the last answer is recent enough, or if there is no connection. */
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
   * If a topic was created again with fewer partitions, the record that names an old partition is not at
   * fault: workers still let it pass, and the writer distinguishes the two cases.
   */
  #counted(name: string, number: number, count: number): OutputTopic {
    const partitionCount = Math.max(count, this.#countsMax.get(name) ?? 0);
    this.#countsMax.set(name, partitionCount);
    return { name, number, partitionCount };
  }

  /** A function, because after an await the compiler would still assume the earlier value. */
  #isStopped(): boolean {
    return this.#stopped;
  }
}
