/** What a Kafka sink is made from. */
import type { Logger } from '../../ports/logger.js';
import type { ClusterOptions } from '../client/client-config.js';
import type { NativeBinding, NativePartitionTable } from '../native.js';
import type { PartitionPolicy, WriterOptions } from '../native-writer.js';

export interface KafkaSinkOptions {
  /** client.id. */
  readonly clientId: string;
  readonly cluster: ClusterOptions;
  /** Bytes that may wait in librdkafka for delivery. */
  readonly queueBytesMax: number;
  /** Known at start: the producer is made to fit what these topics take. */
  readonly outputTopics?: readonly string[];
  /** For the message about a topic that does not exist. */
  readonly createTopicsCommand?: string;
  /** For rows without an explicit partition. */
  readonly partition: PartitionPolicy;
  /** Where a topic wants another one than `partition`. */
  readonly partitionByTopic?: ReadonlyMap<string, PartitionPolicy>;
  /** Distinct output topics at most. */
  readonly topicsMax?: number;
  readonly writer: WriterOptions;
  readonly native: NativeBinding;
  /** Shared with the source. */
  readonly table: NativePartitionTable;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly connectTimeoutMs?: number;
}
