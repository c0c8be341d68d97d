/**
 * An idempotent producer: node-rdkafka controls it, the addon writes whole batches and counts their
 * acknowledgements.
 */
import type { BatchId, Block } from '../../core/batch.js';
import { DispatcherError } from '../../core/errors.js';
import type { ClientFigures } from '../../ports/client-figures.js';
import type { OutputTopic, Sink, SinkEvents } from '../../ports/sink.js';
import type { Trouble } from '../../ports/source.js';
import { checkFeatures } from '../client/client-config.js';
import type { ConnectedClient } from '../client/connected-client.js';
import { codeNamed } from '../codes.js';
import { type ClientRights, fatalFailure, refusalOf } from '../errors.js';
import type { NativeWriter, WriterListener } from '../native-writer.js';
import { countdown, type PendingSignal, pendingSignal, within } from '../promises.js';
import type { Producer } from '../rdkafka.js';
import { statisticsOf } from '../statistics/document.js';
import { figuresOf } from '../statistics/figures.js';
import { failuresOf, saysTopicChanged } from './delivery-failures.js';
import { OutputTopics } from './output-topics.js';
import { connectFitting } from './sink-connect.js';
import type { KafkaSinkOptions } from './sink-options.js';
import { TopicLimits } from './topic-limits.js';

const LAST_COMPARISON_MS = 1_000;

export function createKafkaSink(options: KafkaSinkOptions): KafkaSink {
  return new KafkaSink(options);
}

interface Session {
  readonly connected: ConnectedClient<Producer>;
  readonly writer: NativeWriter;
  readonly topics: OutputTopics;
}

export class KafkaSink implements Sink {
  readonly #options: KafkaSinkOptions;
  readonly #limits: TopicLimits;
  readonly #rights: ClientRights;
  readonly #stopped: PendingSignal = pendingSignal();
  #events: SinkEvents | undefined;
  #session: Session | undefined;
  #closing: Promise<void> | undefined;
  #partsOutstanding = 0;
  #drained: PendingSignal | undefined;
  /** The newest; read only when somebody asks. */
  #statistics: unknown;

  constructor(options: KafkaSinkOptions) {
    this.#options = options;
    this.#limits = new TopicLimits(options.native, options.logger);
    this.#rights = { cluster: options.cluster, topics: options.outputTopics ?? [] };
  }

  async start(events: SinkEvents): Promise<void> {
    const options = this.#options;
    checkFeatures(options.cluster);
    this.#events = events;
    const connected = await connectFitting(options, this.#limits, (error) => events.failed(error));
    connected.client.on('event.stats', (event: unknown) => {
      this.#statistics = event;
    });
    const writer = new options.native.Writer(connected.handleId, options.table, options.writer, (...event) =>
      this.#onEvent(event),
    );
    writer.start();
    const parts = { connected, writer, limits: this.#limits, rights: this.#rights };
    this.#session = { connected, writer, topics: new OutputTopics(options, parts) };
  }

  async topic(name: string): Promise<OutputTopic> {
    return this.#running().topics.topic(name);
  }

  /**
   * `max.message.bytes` of a topic, known after `start` (output topics) or {@link topic}; undefined if the
   * brokers do not report it.
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

  /** Waits until everything written is settled or the deadline has passed, then disconnects. */
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

  /** The client's own figures; undefined before its first report. */
  figures(): ClientFigures | undefined {
    const statistics = statisticsOf(this.#statistics);
    return statistics === undefined ? undefined : figuresOf('producer', statistics);
  }

  #onEvent([
    kind,
    a,
    b,
    acknowledged,
    stale,
    failures,
    text,
    words,
    notes,
  ]: Parameters<WriterListener>): void {
    switch (kind) {
      case 'settled':
        this.#partsOutstanding -= 1;
        if (this.#partsOutstanding === 0) this.#drained?.resolve();
        if (saysTopicChanged(failures)) this.#session?.topics.doubted();
        this.#events?.settled({
          batchId: a,
          part: b,
          acknowledged,
          failures: failuresOf(b, failures, words),
          stale,
          ...(notes === null ? {} : { notes }),
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
    const restMs = countdown(deadlineMs, this.#options.nowMs);
    await this.#drain(restMs() / 2);
    if (this.#partsOutstanding > 0) {
      this.#options.logger.warn('kafka producer: gives up what is not acknowledged', {
        parts: this.#partsOutstanding,
      });
      session.writer.purge();
      await this.#drain(restMs() / 2);
    }
    const isReachable = session.connected.trouble === undefined;
    await session.topics.end(isReachable ? Math.min(LAST_COMPARISON_MS, restMs() / 4) : 0);
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
