/**
 * Answers to librdkafka's rebalance events. Each event must be answered once, in the form of the protocol
 * that was active when it arrived.
 */
import { KafkaCode } from '../../errors.js';
import type { TopicPartition, TopicPartitionOffset } from '../../rdkafka.js';

export type RebalanceKind = 'assign' | 'revoke';

/** The part of node-rdkafka's consumer that is used here. */
export interface AssigningConsumer {
  /**
   * NONE | EAGER | COOPERATIVE. NONE while it disconnects; then librdkafka takes any answer as an unassign.
   */
  rebalanceProtocol(): string;
  assign(partitions: TopicPartitionOffset[]): unknown;
  unassign(): unknown;
  incrementalAssign(partitions: TopicPartitionOffset[]): unknown;
  incrementalUnassign(partitions: TopicPartition[]): unknown;
}

interface PendingEvent {
  readonly kind: RebalanceKind;
  readonly protocol: string;
}

export class RebalanceAnswers {
  readonly #consumer: AssigningConsumer;
  #pending: PendingEvent | undefined;
  #protocol = 'NONE';

  constructor(consumer: AssigningConsumer) {
    this.#consumer = consumer;
  }

  /** An event arrived. Undefined: it was an error and has been answered. */
  arrived(code: number): RebalanceKind | undefined {
    this.#protocol = this.#consumer.rebalanceProtocol();
    const kind = kindOf(code);
    if (kind === undefined) this.#consumer.unassign();
    else this.#pending = { kind, protocol: this.#protocol };
    return kind;
  }

  get incremental(): boolean {
    return this.#protocol === 'COOPERATIVE';
  }

  get pending(): RebalanceKind | undefined {
    return this.#pending?.kind;
  }

  assign(positions: readonly TopicPartitionOffset[]): void {
    const protocol = this.#take();
    if (protocol === 'COOPERATIVE') this.#consumer.incrementalAssign([...positions]);
    else this.#consumer.assign([...positions]);
  }

  /** librdkafka commits the stored offsets of these partitions before it releases them. */
  unassign(partitions: readonly TopicPartition[]): void {
    const protocol = this.#take();
    if (protocol === 'COOPERATIVE') this.#consumer.incrementalUnassign([...partitions]);
    else this.#consumer.unassign();
  }

  /**
   * Unassigns one partition and assigns it again at `moved`; an eager assignment names all the others too.
   */
  assignAnew(moved: TopicPartitionOffset, others: readonly TopicPartitionOffset[]): void {
    if (this.incremental) {
      this.#consumer.incrementalUnassign([moved]);
      this.#consumer.incrementalAssign([moved]);
    } else {
      this.#consumer.assign([moved, ...others]);
    }
  }

  /**
   * At the end of a run: nothing new is accepted, `open` is released. An event without an answer would make
   * the disconnect hang forever.
   */
  releaseAll(open: readonly TopicPartition[]): void {
    if (this.#pending?.kind === 'assign') this.assign([]);
    if (open.length > 0 || this.#pending !== undefined) this.unassign(open);
  }

  #take(): string {
    const protocol = this.#pending?.protocol ?? this.#protocol;
    this.#pending = undefined;
    return protocol;
  }
}

function kindOf(code: number): RebalanceKind | undefined {
  if (code === KafkaCode._ASSIGN_PARTITIONS) return 'assign';
  return code === KafkaCode._REVOKE_PARTITIONS ? 'revoke' : undefined;
}
