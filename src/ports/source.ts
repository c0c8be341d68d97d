import type { Block, Epoch, Fault, InputBatch, PartitionId } from '../core/batch.js';
import type { DispatcherError } from '../core/errors.js';
import type { ReadFault } from '../core/faults.js';
import type { CommittedOffset } from './commits.js';

/** No broker can be reached any more, or none accepts this client; the client keeps trying. */
export interface Trouble {
  /** The fault; also the error of a run that gives up. */
  readonly error: DispatcherError;
}

export interface AssignedPartition {
  readonly partitionId: PartitionId;
  readonly topic: string;
  readonly partition: number;
}

/** A partition with the position from which to read, decided by us and never by librdkafka's reset. */
export interface OpenedPartition extends AssignedPartition {
  readonly epoch: Epoch;
  /** The next offset to read. */
  readonly offset: number;
  /**
   * Records at or after this offset are not read; the first of them is reported as a fault (`limit`).
   * Undefined: there is no limit.
   */
  readonly until?: number;
}

export interface TopicPlace {
  readonly topic: string;
  readonly partition: number;
}

export interface EndOffset {
  readonly topic: string;
  readonly partition: number;
  readonly low: number;
  /** High watermark, or the last stable offset with read_committed: the next offset to be written. */
  readonly end: number;
  /** The high watermark, if beyond `end`: an open transaction holds back the records in between. */
  readonly high?: number;
  /** A topic created again has another one. Undefined: not known (brokers before 2.8). */
  readonly topicId?: string;
}

/** A position that the out-of-range policy chose instead of the committed offset. */
export interface StartOffset extends CommittedOffset {
  readonly moved?: { readonly from: number; readonly isReplaced: boolean };
}

export interface ChosenOffset {
  readonly offset: number;
  /** The group had committed nothing, and no leader could be asked: no record is passed over. */
  readonly isFirstStart: boolean;
}

/** A part of a log that is gone before this run read it. */
export interface LostRange {
  readonly topic: string;
  readonly partition: number;
  readonly from: number;
  /** The offset after the last lost record. */
  readonly to: number;
  /** The topic was deleted and created again; false: the log was cut short. */
  readonly isReplaced: boolean;
}

/**
 * librdkafka's position in one assigned partition, reported regularly, for display and for tails of control
 * records.
 */
export interface PartitionProgress {
  readonly partitionId: PartitionId;
  /** The next offset librdkafka will fetch, past control records and compacted tails; -1 = not known. */
  readonly nextOffset: number;
  /** Records fetched and not yet read. With 0, nothing below `nextOffset` is still to come. */
  readonly fetchQueueRecords: number;
  /** End of the partition as this run's isolation level sees it; -1 = not known. */
  readonly endOffset: number;
  /** The high watermark: beyond `endOffset` where a transaction is open; -1 = not known. */
  readonly highOffset: number;
  /** No broker leads the partition at the moment: it can't be read. */
  readonly leaderless?: boolean;
}

export interface SourceEvents {
  /** A filled block. The source no longer uses it; the dispatcher owns it until it is settled. */
  batch(batch: InputBatch): void;
  /**
   * Partitions to read, assigned by the group or, without a group, once after the start. Nothing is read from
   * them until `open`. Answer with `open`. May be empty.
   */
  assigned(partitions: readonly AssignedPartition[]): void;
  /**
   * The topic of these partitions was deleted and created again: earlier offsets have no meaning in it.
   * Answer with `halt`, settle what was read, then ask `positionAfterOutOfRange`. Repeated until they are
   * moved.
   */
  replaced(partitions: readonly AssignedPartition[]): void;
  /**
   * The reader holds a record that needs a block of at least `bytes`; nothing is read until `offer` provides
   * one.
   */
  oversize(bytes: number): void;
  /** About once per second. */
  progress(partitions: readonly PartitionProgress[]): void;
  /** An error that ends the run. */
  failed(error: Error): void;
}

/**
 * A source of records in batches. The dispatcher makes all calls, one after another; events come in later
 * turns of the event loop. The reader fills blocks in the order offered and stops reading when it has none:
 * that is the backpressure.
 */
export interface Source {
  /** Connects. Rejects when Kafka can't be reached or refuses us. */
  start(events: SourceEvents): Promise<void>;
  /** Gives the reader an empty block for at most `recordsMax` records. */
  offer(block: Block, recordsMax: number): void;
  /** Takes back the blocks that the reader has not begun to fill. Only while parked. */
  reclaim(): readonly Block[];
  /**
   * Stops the reader between two records; a batch that it has begun is delivered before the promise resolves.
   */
  park(): Promise<void>;
  unpark(): void;
  /** Records taken from librdkafka and not yet packed for lack of a block. Exact while parked. */
  heldRecords(): number;
  /** The positions to start from: committed, else by policy. Asks the broker. */
  positions(partitions: readonly AssignedPartition[]): Promise<readonly StartOffset[]>;
  /**
   * The position to continue from after one was outside the log or the topic was replaced, by the
   * out-of-range policy. Rejects with OFFSET_OUT_OF_RANGE if the policy is to stop.
   */
  positionAfterOutOfRange(partition: AssignedPartition, offset: number): Promise<ChosenOffset>;
  /** Nothing more is read of these partitions until `seek`. Parked only. */
  halt(partitions: readonly AssignedPartition[]): void;
  /** Their limit is reached: nothing more is fetched of them until `seek`. */
  rest(partitions: readonly AssignedPartition[]): void;
  /** Answers `assigned`. Call it while the reader is parked. */
  open(partitions: readonly OpenedPartition[]): void;
  /** Continues from another offset in the same epoch (after a fault, out-of-range policy). Parked only. */
  seek(partition: OpenedPartition): Promise<void>;
  /** End offsets of all partitions of the subscription, with the run's isolation level. */
  endOffsets(): Promise<readonly EndOffset[]>;
  /**
   * The ends of these partitions now; those without a leader are left out. Replaced topics are looked for
   * first, and reported.
   */
  endsNow(partitions: readonly TopicPlace[]): Promise<readonly EndOffset[]>;
  /** Throws OFFSET_OUT_OF_RANGE if the out-of-range policy is to stop. */
  acceptLoss(lost: LostRange): void;
  /** The error for a missing right to read, in words; `topic` is '' if it is not about one. */
  refusal?(name: string, topic: string, text: string): DispatcherError;
  /** The meaning of an error that was read instead of records, and Kafka's name for it. */
  verdict(fault: Fault): { readonly kind: ReadFault; readonly name: string };
  /** The current trouble with the brokers, if any. */
  trouble?(): Trouble | undefined;
  /** Closes all partitions (their stored offsets are committed), leaves the group and disconnects. */
  stop(deadlineMs: number): Promise<void>;
}
