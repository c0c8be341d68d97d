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
  /** Partitions to be assigned again once the event is answered. */
  readonly #waiting = new Map<string, TopicPartitionOffset>();

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

  private get incremental(): boolean {
    return this.#protocol === 'COOPERATIVE';
  }

  get pending(): RebalanceKind | undefined {
    return this.#pending?.kind;
  }

  assign(positions: readonly TopicPartitionOffset[]): void {
    const protocol = this.#take();
    if (protocol === 'COOPERATIVE') this.#consumer.incrementalAssign([...positions]);
    else this.#consumer.assign([...positions]);
    this.#assignWaiting(protocol);
  }

  /** librdkafka commits the stored offsets of these partitions before it releases them. */
  unassign(partitions: readonly TopicPartition[]): void {
    const protocol = this.#take();
    for (const partition of partitions) this.#waiting.delete(keyOf(partition));
    if (protocol === 'COOPERATIVE') this.#consumer.incrementalUnassign([...partitions]);
    else this.#consumer.unassign();
    this.#assignWaiting(protocol);
  }

  /**
   * Unassigns one partition and assigns it again at `moved`. True: the others were assigned again too, as an
   * eager assignment names all partitions. While an event waits for its answer, librdkafka would take the
   * call for that answer and release partitions that are still being drained, so the partition waits as well.
   */
  assignAgain(moved: TopicPartitionOffset, others: readonly TopicPartitionOffset[]): boolean {
    if (this.#pending !== undefined) {
      this.#waiting.set(keyOf(moved), moved);
      return false;
    }
    if (!this.incremental) {
      this.#consumer.assign([moved, ...others]);
      return true;
    }
    this.#consumer.incrementalUnassign([moved]);
    this.#consumer.incrementalAssign([moved]);
    return false;
  }

  /**
   * At the end of a run: nothing new is accepted, `open` is released. An event without an answer would make
   * the disconnect hang forever.
   */
  releaseAll(open: readonly TopicPartition[]): void {
    this.#waiting.clear();
    if (this.#pending?.kind === 'assign') this.assign([]);
    if (open.length > 0 || this.#pending !== undefined) this.unassign(open);
  }

  /** Eager: the answer has replaced the whole assignment. */
  #assignWaiting(protocol: string): void {
    const waiting = [...this.#waiting.values()];
    this.#waiting.clear();
    if (protocol !== 'COOPERATIVE' || waiting.length === 0) return;
    this.#consumer.incrementalUnassign(waiting);
    this.#consumer.incrementalAssign(waiting);
  }

  #take(): string {
    const protocol = this.#pending?.protocol ?? this.#protocol;
    this.#pending = undefined;
    return protocol;
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}/${partition}`;
}

function kindOf(code: number): RebalanceKind | undefined {
  if (code === KafkaCode._ASSIGN_PARTITIONS) return 'assign';
  return code === KafkaCode._REVOKE_PARTITIONS ? 'revoke' : undefined;
}
