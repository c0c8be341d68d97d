/** The options of a Kafka sink. */
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
  /** Known at the start: the producer's size limits fit these topics. */
  readonly outputTopics?: readonly string[];
  /** One of `outputTopics`. */
  readonly deadLetterTopic?: string | undefined;
  /** For the message about a topic that does not exist. */
  readonly createTopicsCommand?: string;
  /** For rows without an explicit partition. */
  readonly partition: PartitionPolicy;
  /** For topics with another policy than `partition`. */
  readonly partitionByTopic?: ReadonlyMap<string, PartitionPolicy>;
  /** Maximum number of distinct output topics. */
  readonly topicsMax?: number;
  readonly writer: WriterOptions;
  readonly native: NativeBinding;
  /** Shared with the source. */
  readonly table: NativePartitionTable;
  readonly logger: Logger;
  readonly nowMs: () => number;
  readonly connectTimeoutMs?: number;
  /** [0] How often the client reports its own figures; 0: never. */
  readonly statisticsIntervalMs?: number;
}
