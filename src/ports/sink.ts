import type { BatchId, Block } from '../core/batch.js';
import type { DispatcherError } from '../core/errors.js';
import type { DeliveryFault } from '../core/faults.js';
import type { Trouble } from './source.js';

/** A produced row that was not acknowledged. */
export interface DeliveryFailure {
  /** The number of the part in its batch, from 0. */
  readonly part: number;
  /** Row of that output batch. With an identity batch: the source row. */
  readonly outputRow: number;
  readonly fault: DeliveryFault;
  /** Kafka's name for the error, e.g. `INVALID_RECORD`. */
  readonly name: string;
  /** The broker's own words about this record; ours if it has none and the name alone is not clear. */
  readonly words?: string;
}

export interface Settled {
  readonly batchId: BatchId;
  readonly part: number;
  readonly acknowledged: number;
  readonly failures: readonly DeliveryFailure[];
  /** Rows that were not sent because their segment's epoch had ended. */
  readonly stale: number;
  /** Where the acknowledged records are, if the sink was asked to note it (docs/WIRE.md). */
  readonly notes?: Uint8Array;
}

export interface OutputTopic {
  readonly name: string;
  /** The number that rows of output batches use. */
  readonly number: number;
  readonly partitionCount: number;
}

export interface SinkEvents {
  /** Every row of the part was acknowledged, refused or found stale. Both blocks may be reused. */
  settled(settled: Settled): void;
  /** The producer failed for good (fatal error, fenced). */
  failed(error: Error): void;
}

/**
 * Writes output batches to Kafka in the order of the calls. Never blocks: the number of blocks limits the
 * queue of waiting parts.
 */
export interface Sink {
  start(events: SinkEvents): Promise<void>;
  /**
   * Number and partition count of an output topic; asks the broker the first time. Rejects with TOPIC_MISSING
   * or KAFKA_REFUSED.
   */
  topic(name: string): Promise<OutputTopic>;
  write(batchId: BatchId, part: number, input: Block, output: Block): void;
  /** Gives up what is not acknowledged; `settled` follows for every part, with failures. */
  purge(): void;
  /** The error for a missing right to write, in words. */
  refusal?(name: string, topic: string, text: string): DispatcherError;
  /** The current trouble with the brokers, if any. */
  trouble?(): Trouble | undefined;
  close(deadlineMs: number): Promise<void>;
}
