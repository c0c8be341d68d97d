/**
 * Offsets on their way to the broker: stored in librdkafka, which commits them at its interval and when a
 * partition is closed. There is no other way to commit: an explicit commit, retried after a rebalance, could
 * overwrite the new owner's.
 */
import type { PartitionId } from '../../core/batch.js';
import type { CommittedOffset } from '../../ports/commits.js';
import { requestFailure } from '../client/metadata.js';
import { KafkaCode } from '../errors.js';
import { errorText, kafkaErrorCode, type TopicPartition, type TopicPartitionOffset } from '../rdkafka.js';
import type { PartitionRegistry } from '../source/partition-registry.js';
import { CommitWatch } from './commit-watch.js';

/** The part of node-rdkafka's consumer that is used here. Throws librdkafka's errors. */
export interface OffsetStoringConsumer {
  offsetsStore(offsets: TopicPartitionOffset[]): unknown;
}

/** An entry of node-rdkafka's commit callback: it has no offset if there was nothing to commit. */
export interface PossibleOffset extends TopicPartition {
  readonly offset?: number;
}

export interface CommitOutcome {
  readonly offsets: readonly CommittedOffset[];
  readonly error?: Error;
}

export class OffsetStore {
  readonly #registry: PartitionRegistry;
  readonly #watch = new CommitWatch();
  #skipped = 0;

  constructor(registry: PartitionRegistry) {
    this.#registry = registry;
  }

  /** Offsets that were not stored because their partition was no longer open. */
  get skipped(): number {
    return this.#skipped;
  }

  store(consumer: OffsetStoringConsumer, offsets: readonly CommittedOffset[]): void {
    const known = offsets.flatMap((offset) => this.#placed(offset));
    this.#skipped += offsets.length - known.length;
    if (known.length === 0) return;
    try {
      consumer.offsetsStore(known.map(({ topic, partition, offset }) => ({ topic, partition, offset })));
    } catch (cause) {
      // Between a lost assignment and its event nothing can be stored; the new owner starts at the committed
      // offset.
      const code = kafkaErrorCode(cause);
      if (code !== KafkaCode._STATE && code !== KafkaCode._UNKNOWN_PARTITION)
        throw requestFailure('an offset to store', cause);
      this.#skipped += known.length;
      return;
    }
    for (const { partitionId, offset } of known) this.#watch.stored(partitionId, offset);
  }

  /** Handles a commit callback; undefined if the interval passed without anything new. */
  committed(error: unknown, answered: readonly PossibleOffset[]): CommitOutcome | undefined {
    const code = error === undefined || error === null ? 0 : (kafkaErrorCode(error) ?? -1);
    if (code === KafkaCode._NO_OFFSET) return undefined;
    const offsets = answered.flatMap(({ topic, partition, offset }) =>
      offset === undefined
        ? []
        : [{ partitionId: this.#registry.assigned({ topic, partition }).partitionId, offset }],
    );
    for (const { partitionId, offset } of offsets) {
      if (code === 0) this.#watch.confirmed(partitionId, offset);
      // An open partition's offset is committed again at the next interval.
      else if (this.#registry.opened(partitionId) === undefined) this.#watch.forget(partitionId);
    }
    if (code === 0) return { offsets };
    return {
      offsets,
      error: new Error(`commit refused (librdkafka error ${code}): ${errorText(error)}`, { cause: error }),
    };
  }

  /** Another member got the partitions before we committed. */
  lost(partitionIds: readonly PartitionId[]): void {
    for (const partitionId of partitionIds) this.#watch.forget(partitionId);
  }

  /** Resolves when everything stored is committed or was given up; false after `timeoutMs`. */
  settled(timeoutMs: number): Promise<boolean> {
    return this.#watch.settled(timeoutMs);
  }

  #placed({
    partitionId,
    offset,
  }: CommittedOffset): (TopicPartitionOffset & { readonly partitionId: PartitionId })[] {
    const place = this.#registry.opened(partitionId);
    return place === undefined
      ? []
      : [{ partitionId, topic: place.topic, partition: place.partition, offset }];
  }
}
