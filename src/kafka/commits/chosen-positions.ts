import type { PartitionId } from '../../core/batch.js';
import type { CommittedOffset } from '../../ports/commits.js';
import type { OpenedPartition } from '../../ports/source.js';
import type { TopicPartitionOffset } from '../rdkafka.js';
import type { StartPosition } from '../source/offsets/positions.js';

type Choice = Pick<StartPosition, 'offset' | 'start'>;

/**
 * Positions that a policy chose. One chosen once must stay: chosen again at the next rebalance or start, the
 * records between would be skipped or doubled.
 */
export class ChosenPositions {
  readonly #choices = new Map<PartitionId, Choice>();

  note(partitionId: PartitionId, choice: Choice): void {
    if (choice.start === 'committed') this.#choices.delete(partitionId);
    else this.#choices.set(partitionId, choice);
  }

  /**
   * The choices that these partitions are opened at. All are to be stored; those `below` are to be committed
   * here as well, once, while the partition is ours and nothing else is stored: librdkafka commits a stored
   * offset only when it is above the last one it committed.
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
