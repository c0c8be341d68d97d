/**
 * Replaces a seek that librdkafka refuses: outside the log it has stopped fetching, and continues only after
 * a new assignment.
 */
import type { OpenedPartition } from '../../../ports/source.js';
import type { NativePartitionTable } from '../../native.js';
import type { TopicPartitionOffset } from '../../rdkafka.js';
import type { PositionResolver } from '../offsets/positions.js';
import type { PartitionRegistry } from '../partition-registry.js';
import type { ReaderControl } from '../reader-control.js';
import type { RebalanceAnswers } from './rebalance.js';

export interface AssignedParts {
  readonly reader: ReaderControl;
  readonly rebalance: RebalanceAnswers;
  readonly registry: PartitionRegistry;
  readonly table: NativePartitionTable;
  readonly positions: Pick<PositionResolver, 'fetchOffset'>;
}

/**
 * Moves one partition; call it while the reader is parked. The others stay where they are, but an eager
 * assignment must name them again.
 */
export function assignAgain(
  { reader, rebalance, registry, table, positions }: AssignedParts,
  moved: OpenedPartition,
): void {
  const others = registry.allOpen
    .filter(({ partitionId }) => partitionId !== moved.partitionId)
    .map((one) => ({
      ...one,
      epoch: table.epoch(one.partitionId),
      offset: reader.nextOffset(one.partitionId),
    }));
  const position = ({ topic, partition, offset }: OpenedPartition): TopicPartitionOffset => ({
    topic,
    partition,
    offset: positions.fetchOffset({ topic, partition }, offset),
  });
  if (!rebalance.assignAgain(position(moved), others.map(position))) return;
  // Records of these partitions that the reader still holds are delivered again.
  for (const { partitionId, epoch, offset } of others) reader.rewind(partitionId, epoch, offset);
}
