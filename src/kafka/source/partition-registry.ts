/** Numbers for topic-partitions, shared with the addon's table, and which of them are open at the moment. */
import type { Epoch, PartitionId } from '../../core/batch.js';
import type { AssignedPartition } from '../../ports/source.js';
import type { NativePartitionTable } from '../native.js';
import type { TopicPartition } from '../rdkafka.js';

export class PartitionRegistry {
  readonly #table: NativePartitionTable;
  readonly #open = new Map<PartitionId, AssignedPartition>();

  constructor(table: NativePartitionTable) {
    this.#table = table;
  }

  assigned({ topic, partition }: TopicPartition): AssignedPartition {
    return { partitionId: this.#table.idOf(topic, partition), topic, partition };
  }

  open(partition: AssignedPartition, epoch: Epoch): void {
    this.#table.setEpoch(partition.partitionId, epoch);
    this.#open.set(partition.partitionId, partition);
  }

  /** From now on its rows are stale, at the writer too. */
  close(partition: AssignedPartition): void {
    this.#table.setEpoch(partition.partitionId, 0);
    this.#open.delete(partition.partitionId);
  }

  /** Undefined when it is not open. */
  opened(partitionId: PartitionId): AssignedPartition | undefined {
    return this.#open.get(partitionId);
  }

  get allOpen(): readonly AssignedPartition[] {
    return [...this.#open.values()];
  }

  setTopicPartitionCount(topic: string, count: number): void {
    this.#table.setTopicPartitionCount(topic, count);
  }
}
