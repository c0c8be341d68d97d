/** librdkafka without a client: what is known of the library, and its embedded broker. */
import { loadNative } from '../../kafka/native.js';
import { librdkafkaFeatures } from '../../kafka/rdkafka.js';
import { type MockCluster, startMockCluster } from '../../kafka/tools/mock-cluster.js';

export function librdkafkaFacts(): { readonly version: string; readonly features: ReadonlySet<string> } {
  return { version: loadNative().librdkafkaVersion, features: librdkafkaFeatures() };
}

/** The embedded broker, with these topics. The caller closes it. */
export function startDemoBroker(topics: readonly string[], partitions: number): MockCluster {
  return startMockCluster({ topics: topics.map((name) => ({ name, partitions })) });
}

/** Ends the process without waiting for clients that do not close. */
export function exitNow(exitCode: number): void {
  loadNative().exitNow(exitCode);
}
