/** The options of a Kafka source. */
import type { TopicSelection } from '../../core/topic-selection.js';
import type { Logger } from '../../ports/logger.js';
import { type ClusterOptions, consumerProperties } from '../client/client-config.js';
import type { PartitionCounts } from '../client/metadata.js';
import type { NativeBinding, NativePartitionTable } from '../native.js';
import type { ReaderOptions } from '../native-reader.js';
import { type KafkaConsumer, queryCommitted } from '../rdkafka.js';
import type { OffsetQueries, PositionPolicies } from './offsets/positions.js';
import type { RangeQueries } from './offsets/ranges.js';

const STATISTICS_INTERVAL_MS = 1_000;

export interface KafkaSourceOptions extends PositionPolicies {
  /** client.id. */
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  readonly topics: TopicSelection;
  readonly missingTopicsFatal: boolean;
  /** For the message about topics that do not exist. */
  readonly createTopicsCommand?: string;
  readonly commitIntervalMs: number;
  readonly reader: ReaderOptions;
  readonly native: NativeBinding;
  /** Shared with the sink. */
  readonly table: NativePartitionTable;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly connectTimeoutMs?: number;
  /**
   * Called with the partition counts of the topics before anything is read; an error that it throws ends the
   * start.
   */
  readonly checkCounts?: (counts: PartitionCounts) => Promise<void>;
}

export function sourceProperties(
  options: KafkaSourceOptions,
  handleId: number,
): ReturnType<typeof consumerProperties> {
  return consumerProperties(
    { pluginPath: options.native.pluginPath, handleId },
    {
      clientId: options.clientId,
      cluster: options.cluster,
      groupId: options.groupId,
      commitIntervalMs: options.commitIntervalMs,
      statisticsIntervalMs: STATISTICS_INTERVAL_MS,
    },
  );
}

export type Isolation = 'read_committed' | 'read_uncommitted';

export function isolationOf(properties: ReadonlyMap<string, string>): Isolation {
  return properties.get('isolation.level') === 'read_uncommitted' ? 'read_uncommitted' : 'read_committed';
}

export function queriesOf(consumer: KafkaConsumer, ranges: RangeQueries): OffsetQueries {
  return {
    committed: (partitions, timeoutMs) => queryCommitted(consumer, partitions, timeoutMs),
    ...ranges,
  };
}
