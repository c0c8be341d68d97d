/**
 * The offsets at which a bounded run stops reading: the reader drops what is beyond, and a pause keeps
 * librdkafka from fetching it.
 */
import type { PartitionId } from '../../core/batch.js';
import type { Logger } from '../../ports/logger.js';
import type { AssignedPartition, OpenedPartition } from '../../ports/source.js';
import { errorText, type KafkaConsumer, type TopicPartition } from '../rdkafka.js';
import { placeOf } from './offsets/ranges.js';
import type { ReaderControl } from './reader-control.js';

export interface ReadLimitsParts {
  readonly client: Pick<KafkaConsumer, 'pause' | 'resume'>;
  readonly reader: Pick<ReaderControl, 'limit'>;
  readonly logger: Logger;
}

export class ReadLimits {
  readonly #parts: ReadLimitsParts;
  /** librdkafka keeps a pause through a new assignment. */
  readonly #paused = new Set<PartitionId>();

  constructor(parts: ReadLimitsParts) {
    this.#parts = parts;
  }

  /** Call it while the reader is parked and the partition is open in it. */
  set({ partitionId, until = Number.MAX_SAFE_INTEGER }: OpenedPartition): void {
    this.#parts.reader.limit(partitionId, until);
  }

  /** Call it once they are assigned. Nothing is fetched of partitions that begin at their limit. */
  opened(partitions: readonly OpenedPartition[]): void {
    this.sought(partitions);
    this.rest(partitions.filter(({ offset, until }) => until !== undefined && offset >= until));
  }

  /**
   * Fetched again, also from beyond a limit: the log may have been cut meanwhile, and only a fetch can tell
   * that the position is out of range.
   */
  sought(partitions: readonly OpenedPartition[]): void {
    for (const partition of partitions)
      if (this.#paused.delete(partition.partitionId))
        this.#each([partition], (places) => this.#parts.client.resume(places));
  }

  rest(partitions: readonly AssignedPartition[]): void {
    for (const { partitionId } of partitions) this.#paused.add(partitionId);
    this.#each(partitions, (places) => this.#parts.client.pause(places));
  }

  /** A partition that is gone by now needs neither. One that fetches on wastes only bandwidth. */
  #each(partitions: readonly AssignedPartition[], call: (places: TopicPartition[]) => unknown): void {
    for (const { topic, partition } of partitions) {
      try {
        call([{ topic, partition }]);
      } catch (error) {
        this.#parts.logger.debug(`${placeOf({ topic, partition })} was not paused or resumed`, {
          error: errorText(error),
        });
      }
    }
  }
}
