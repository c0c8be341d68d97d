import type { PartitionId } from '../../core/batch.js';
import type { CommittedOffset } from '../../ports/commits.js';
import type { OpenedPartition } from '../../ports/source.js';
import type { TopicPartitionOffset } from '../rdkafka.js';
import type { StartPosition } from '../source/offsets/positions.js';

type Choice = Pick<StartPosition, 'offset' | 'start'>;

/**
 * Positions that a policy chose. They must be stored: if the policy chose again at the next rebalance or
 * start, the records in between would be skipped or repeated.
 */
export class ChosenPositions {
  readonly #choices = new Map<PartitionId, Choice>();
  /** Offsets at which partitions are opened while their first offset is not known. */
  readonly #undecided = new Map<PartitionId, number>();

  note(partitionId: PartitionId, choice: Choice): void {
    this.#choices.delete(partitionId);
    this.#undecided.delete(partitionId);
    if (choice.start === 'undecided') this.#undecided.set(partitionId, choice.offset);
    else if (choice.start !== 'committed') this.#choices.set(partitionId, choice);
  }

  /** Nothing was read there: as a commit it would look like a position that the group had once reached. */
  isUndecided({ partitionId, offset }: CommittedOffset): boolean {
    return this.#undecided.get(partitionId) === offset;
  }

  /**
   * Returns the chosen positions at which these partitions are opened. All must be stored. Those in `below`
   * must also be committed here, once, while the partition is ours and nothing else is stored: librdkafka
   * commits a stored offset only if it is higher than the last committed one.
   */
  take(partitions: readonly OpenedPartition[]): {
    readonly all: readonly CommittedOffset[];
    readonly below: TopicPartitionOffset[];
  } {
    const all: CommittedOffset[] = [];
    const below: TopicPartitionOffset[] = [];
    for (const { partitionId, topic, partition, offset } of partitions) {
      const choice = this.#choices.get(partitionId);
      this.#choices.delete(partitionId);
      if (choice?.offset !== offset) continue;
      all.push({ partitionId, offset });
      if (choice.start === 'skip') below.push({ topic, partition, offset });
    }
    return { all, below };
  }
}
