/**
 * librdkafka's own mock cluster: the broker of `kd demo`. It keeps 5 MiB per partition, has no transactions,
 * and ends with this process.
 */
import { DispatcherError } from '../../core/errors.js';
import { loadNative, type NativeBinding } from '../native.js';

export interface MockTopic {
  readonly name: string;
  readonly partitions: number;
}

export interface MockClusterOptions {
  readonly topics: readonly MockTopic[];
  readonly brokers?: number;
  readonly native?: NativeBinding;
}

export interface MockCluster {
  readonly bootstrapServers: string;
  createTopic(topic: MockTopic): void;
  /** Answers the next requests of a kind with these errors. */
  pushRequestErrors(apiKey: number, codes: readonly number[]): void;
  /** Call it after all clients have disconnected. Idempotent. */
  close(): void;
}

/** Starts it in this process. Groups form without the usual wait of three seconds. */
export function startMockCluster(options: MockClusterOptions): MockCluster {
  const native = options.native ?? loadNative();
  const cluster = new native.MockCluster(options.brokers ?? 1);
  let open = true;
  const createTopic = ({ name, partitions }: MockTopic): void => {
    if (!open) throw new DispatcherError('DEFECT', 'the mock cluster is closed');
    cluster.createTopic(name, partitions, 1);
  };
  cluster.setGroupInitialRebalanceDelayMs(0);
  for (const topic of options.topics) createTopic(topic);
  return {
    bootstrapServers: cluster.bootstrapServers,
    createTopic,
    pushRequestErrors: (apiKey, codes) => cluster.pushRequestErrors(apiKey, codes),
    close: () => {
      if (open) cluster.close();
      open = false;
    },
  };
}
