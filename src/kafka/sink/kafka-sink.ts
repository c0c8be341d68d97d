/**
 * An idempotent producer: node-rdkafka steers it, the addon writes whole batches and counts their
 * acknowledgements.
 */
import type { BatchId, Block } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { Logger } from '../../ports/logger.js';
import type { DeliveryFailure, OutputTopic, Sink, SinkEvents } from '../../ports/sink.js';
import type { Trouble } from '../../ports/source.js';
import {
  type ClusterOptions,
  checkCreatable,
  checkFeatures,
  isCompressed,
  producerProperties,
} from '../client/client-config.js';
import { CONNECT_TIMEOUT_MS, type ConnectedClient } from '../client/connect.js';
import { hiddenTopic } from '../client/hidden-topics.js';
import {
  namedTopicMissing,
  outputTopicMissing,
  partitionCountsKnown,
  partitionCountsOf,
  TOPICS_REFRESH_MS,
} from '../client/metadata.js';
import { connectWithTokens } from '../client/token-connect.js';
import { COUNTS_DIFFER, codeNamed, deliveryMeaning, deliveryVerdict } from '../codes.js';
import { type ClientRights, fatalFailure, refusalOf } from '../errors.js';
import type {
  NativeBinding,
  NativePartitionTable,
  NativeWriter,
  PartitionPolicy,
  WriterListener,
  WriterOptions,
} from '../native.js';
import { countdown, type PendingSignal, pendingSignal, within } from '../promises.js';
import { errorText, newProducer, type Producer } from '../rdkafka.js';
import { TopicLimits } from './topic-limits.js';

export interface KafkaSinkOptions {
  /** client.id. */
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  /** Bytes that may wait in librdkafka for delivery. */
  readonly queueBytesMax: number;
  /** Known at start: the producer is made to fit what these topics take. */
  readonly outputTopics?: readonly string[];
  /** For the message about a topic that does not exist. */
  readonly createTopicsCommand?: string;
  /** For rows without an explicit partition. */
  readonly partition: PartitionPolicy;
  /** Where a topic wants another one than `partition`. */
  readonly partitionByTopic?: ReadonlyMap<string, PartitionPolicy>;
  /** Distinct output topics at most. */
  readonly topicsMax?: number;
  readonly writer: WriterOptions;
  readonly native: NativeBinding;
  /** Shared with the source. */
  readonly table: NativePartitionTable;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly connectTimeoutMs?: number;
}

/** Asked for within this time, partition counts are not asked for again. */
const COUNTS_FRESH_MS = 1_000;
const TOPICS_MAX = 1_000;
/** A producer that has sent nothing leaves in milliseconds. */
const LEAVE_TIMEOUT_MS = 5_000;
const SIZES = ['message.max.bytes', 'batch.size'] as const;

export function createKafkaSink(options: KafkaSinkOptions): KafkaSink {
  return new KafkaSink(options);
}

interface Session {
  readonly connected: ConnectedClient<Producer>;
  readonly writer: NativeWriter;
  readonly refresh: NodeJS.Timeout;
}

export class KafkaSink implements Sink {
  readonly #options: KafkaSinkOptions;
  readonly #topics = new Map<string, Promise<OutputTopic>>();
  readonly #numbers = new Map<string, number>();
  readonly #limits: TopicLimits;
  readonly #rights: ClientRights;
  readonly #stopped: PendingSignal = pendingSignal();
  #events: SinkEvents | undefined;
  #session: Session | undefined;
  #closing: Promise<void> | undefined;
  #countsAskedAtMs = Number.NEGATIVE_INFINITY;
  #partsOutstanding = 0;
  #drained: PendingSignal | undefined;

  constructor(options: KafkaSinkOptions) {
    this.#options = options;
    this.#limits = new TopicLimits(options.native, options.logger);
    this.#rights = { cluster: options.cluster, topics: options.outputTopics ?? [] };
  }

  async start(events: SinkEvents): Promise<void> {
    const options = this.#options;
    checkFeatures(options.cluster);
    this.#events = events;
    const connected = await this.#connectFitting();
    const writer = new options.native.Writer(connected.handleId, options.table, options.writer, (...event) =>
      this.#onEvent(event),
    );
    writer.start();
    const refresh = setInterval(() => void this.#refreshCounts(), TOPICS_REFRESH_MS);
    refresh.unref();
    this.#session = { connected, writer, refresh };
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

  /**
   * `max.message.bytes` of a topic, from `start` (output topics) or {@link topic} on; undefined where the
   * brokers do not tell.
   */
  limitOf(name: string): number | undefined {
    return this.#limits.of(name);
  }

  write(batchId: BatchId, part: number, input: Block, output: Block): void {
    this.#running().writer.write(batchId, part, input.bytes, output.bytes);
    this.#partsOutstanding += 1;
  }

  purge(): void {
    this.#running().writer.purge();
  }

  /** Waits until everything written is settled, as long as the deadline allows, then leaves. */
  close(deadlineMs: number): Promise<void> {
    this.#closing ??= this.#close(deadlineMs);
    return this.#closing;
  }

  trouble(): Trouble | undefined {
    return this.#session?.connected.trouble;
  }

  refusal(name: string, topic: string, text: string): DispatcherError {
    return refusalOf(
      'producer',
      codeNamed(name),
      text,
      topic === '' ? this.#rights : { ...this.#rights, topics: [topic] },
    );
  }

  writerStats(): ReturnType<NativeWriter['stats']> | undefined {
    return this.#session?.writer.stats();
  }

  /**
   * A producer's sizes are fixed when it is made, and only a connected one can ask what its topics take:
   * where they don't fit, it is made again.
   */
  async #connectFitting(): Promise<ConnectedClient<Producer>> {
    const before = this.#properties(0);
    const connected = await this.#connect();
    await this.#limits.ask(connected.handleId, this.#options.outputTopics ?? []);
    const after = this.#properties(0);
    if (SIZES.every((name) => before[name] === after[name])) return connected;
    this.#options.logger.debug(
      'kafka producer: made again to fit max.message.bytes of the output topics',
      Object.fromEntries(SIZES.map((name) => [name, after[name]])),
    );
    await connected.disconnect(LEAVE_TIMEOUT_MS);
    return this.#connect();
  }

  #connect(): Promise<ConnectedClient<Producer>> {
    const { cluster, connectTimeoutMs, logger, native, nowMs } = this.#options;
    return connectWithTokens({
      role: 'producer',
      servers: cluster.bootstrapServers.join(','),
      timeoutMs: connectTimeoutMs ?? CONNECT_TIMEOUT_MS,
      logger,
      nowMs,
      create: () => this.#createClient(),
      cluster,
      native,
      failed: (error) => this.#events?.failed(error),
    });
  }

  #properties(handleId: number): ReturnType<typeof producerProperties> {
    const { native, clientId, cluster, queueBytesMax } = this.#options;
    const topicLimits = this.#limits.range();
    const limits = topicLimits === undefined ? {} : { topicLimits };
    return producerProperties(
      { pluginPath: native.pluginPath, handleId },
      { clientId, cluster, queueBytesMax, ...limits },
    );
  }

  #createClient(): { client: Producer; handleId: number } {
    const { native } = this.#options;
    const handleId = native.newHandleId();
    const properties = this.#properties(handleId);
    checkCreatable(native, 'producer', properties);
    return { client: newProducer(properties), handleId };
  }

  async #register(name: string): Promise<OutputTopic> {
    const { connected, writer } = this.#running();
    const topicsMax = this.#options.topicsMax ?? TOPICS_MAX;
    if (this.#topics.size >= topicsMax) {
      throw new DispatcherError(
        'TRANSFORM_LOAD',
        `the transform emits to more than ${topicsMax} topics; the next would be ${name}`,
        {
          remedy: 'topic names are probably made from data: emit to fewer topics',
        },
      );
    }
    const partitionCount = (await partitionCountsOf(connected.client, [name])).get(name) ?? 0;
    if (partitionCount === 0) {
      const hidden = await hiddenTopic(this.#options.native, connected.handleId, [name]);
      throw hidden === undefined
        ? this.#missing(name)
        : refusalOf('producer', hidden.code, hidden.text, { ...this.#rights, topics: [name] });
    }
    const policy = this.#options.partitionByTopic?.get(name) ?? this.#options.partition;
    const number = writer.topic(name, partitionCount, policy);
    this.#numbers.set(name, number);
    this.#countsAskedAtMs = this.#options.nowMs();
    // A name that the transform came up with. The sizes stay, but a record that is too large is known before
    // it is sent.
    await this.#limits.ask(connected.handleId, [name]);
    const bytesMax = this.#limits.of(name);
    if (bytesMax !== undefined && !isCompressed(this.#options.cluster) && !this.#isClosing())
      writer.setBatchLimit(number, bytesMax);
    return { name, number, partitionCount };
  }

  #missing(name: string): DispatcherError {
    const { outputTopics, createTopicsCommand } = this.#options;
    return outputTopics?.includes(name) === false
      ? namedTopicMissing(name, createTopicsCommand)
      : outputTopicMissing(name, createTopicsCommand);
  }

  /** Not where the last answer is younger than that. */
  async #refreshCounts(freshMs = 0): Promise<void> {
    const session = this.#session;
    const nowMs = this.#options.nowMs();
    if (session === undefined || this.#isClosing() || nowMs - this.#countsAskedAtMs < freshMs) return;
    this.#countsAskedAtMs = nowMs;
    try {
      const counts = await partitionCountsKnown(session.connected.client);
      for (const [name, number] of this.#numbers) {
        const count = counts.get(name) ?? 0;
        if (count === 0 || this.#isClosing()) continue;
        session.writer.setPartitionCount(number, count);
        this.#topics.set(name, Promise.resolve({ name, number, partitionCount: count }));
      }
    } catch (error) {
      this.#options.logger.debug(`kafka producer: partition counts not refreshed: ${errorText(error)}`);
    }
  }

  #isClosing(): boolean {
    return this.#closing !== undefined;
  }

  #onEvent([kind, a, b, acknowledged, stale, failures, text, words]: Parameters<WriterListener>): void {
    switch (kind) {
      case 'settled':
        this.#partsOutstanding -= 1;
        if (this.#partsOutstanding === 0) this.#drained?.resolve();
        if (hasUnequalCounts(failures)) void this.#refreshCounts(COUNTS_FRESH_MS);
        this.#events?.settled({
          batchId: a,
          part: b,
          acknowledged,
          failures: failuresOf(b, failures, words),
          stale,
        });
        break;
      case 'fatal':
        this.#events?.failed(fatalFailure('producer', a, text ?? '', this.#rights));
        break;
      case 'stopped':
        this.#stopped.resolve();
        break;
    }
  }

  async #close(deadlineMs: number): Promise<void> {
    const session = this.#session;
    if (session === undefined) return;
    clearInterval(session.refresh);
    const restMs = countdown(deadlineMs, this.#options.nowMs);
    await this.#drain(restMs() / 2);
    if (this.#partsOutstanding > 0) {
      this.#options.logger.warn('kafka producer: gives up what is not acknowledged', {
        parts: this.#partsOutstanding,
      });
      session.writer.purge();
      await this.#drain(restMs() / 2);
    }
    session.writer.stop();
    await within(this.#stopped.promise, restMs(), "the writer's thread did not end");
    await session.connected.disconnect(restMs());
  }

  async #drain(timeoutMs: number): Promise<void> {
    if (this.#partsOutstanding === 0) return;
    this.#drained = pendingSignal();
    const timer = setTimeout(this.#drained.resolve, timeoutMs);
    await this.#drained.promise;
    clearTimeout(timer);
  }

  #running(): Session {
    if (this.#session === undefined)
      throw new DispatcherError('DEFECT', 'the Kafka sink is used before its start');
    return this.#session;
  }
}

/** The addon's numbers per failure: row, code, index of the broker's words (-1: none). */
const FAILURE_FIELDS = 3;

function hasUnequalCounts(numbers: Int32Array | null): boolean {
  for (let at = 1; numbers !== null && at < numbers.length; at += FAILURE_FIELDS)
    if (numbers[at] === COUNTS_DIFFER) return true;
  return false;
}

function failuresOf(
  part: number,
  numbers: Int32Array | null,
  words: readonly string[] | null,
): DeliveryFailure[] {
  const failures: DeliveryFailure[] = [];
  for (let at = 0; numbers !== null && at + 2 < numbers.length; at += FAILURE_FIELDS) {
    const code = numbers[at + 1] ?? 0;
    const said = words?.[numbers[at + 2] ?? -1];
    const verdict = deliveryVerdict(code, said !== undefined);
    const outputRow = numbers[at] ?? 0;
    const meaning = said ?? deliveryMeaning(code);
    failures.push({ part, outputRow, ...verdict, ...(meaning === undefined ? {} : { words: meaning }) });
  }
  return failures;
}
