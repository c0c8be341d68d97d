/**
 * Answers to librdkafka's rebalance events. Each event must be answered once, in the form of the protocol
 * that was in force when it came.
 */
import { KafkaCode } from '../../errors.js';
import type { TopicPartition, TopicPartitionOffset } from '../../rdkafka.js';

export type RebalanceKind = 'assign' | 'revoke';

/** The part of node-rdkafka's consumer that is needed here. */
export interface AssigningConsumer {
  /**
   * NONE | EAGER | COOPERATIVE. While it disconnects: NONE, and then librdkafka takes any answer as an
   * unassign.
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

  /** An event came. Undefined: it was an error and is answered already. */
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

  /** librdkafka commits what was stored for these partitions before it lets them go. */
  unassign(partitions: readonly TopicPartition[]): void {
    const protocol = this.#take();
    if (protocol === 'COOPERATIVE') this.#consumer.incrementalUnassign([...partitions]);
    else this.#consumer.unassign();
  }

  /** Takes one partition off and on again, at `moved`; an eager assignment names all the others, too. */
  assignAnew(moved: TopicPartitionOffset, others: readonly TopicPartitionOffset[]): void {
    if (this.incremental) {
      this.#consumer.incrementalUnassign([moved]);
      this.#consumer.incrementalAssign([moved]);
    } else {
      this.#consumer.assign([moved, ...others]);
    }
  }

  /**
   * At the end of a run: nothing new is taken on, `open` is given back. An event without its answer would
   * make the disconnect hang for ever.
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
