/** What positions mean to a cluster, and the text that identifies a topic beside a committed offset. */
import { shownTopicId } from '../../kafka/client/topic-identity.js';
import { isForeignOrigin, originText } from '../../kafka/commits/offset-origins.js';
import { isolationOf } from '../../kafka/source/source-options.js';

export {
  appendTimeTopics,
  factsFor,
  type PlacedRange,
  placeRanges,
} from '../../kafka/tools/placed-ranges.js';

/** The metadata that a run commits with its offsets; `topicId` as brokers describe it. */
export function commitMetadata(clusterId: string | null, topicId: string | undefined): string {
  return originText(clusterId ?? '', shownTopicId(topicId ?? ''));
}

/** A committed offset that belongs to an older topic of that name. */
export function isForeignCommit(
  metadata: string,
  clusterId: string | null,
  topicId: string | undefined,
): boolean {
  return isForeignOrigin(metadata, clusterId ?? '', topicId);
}

/** The id of a topic as Kafka's tools show it; undefined for brokers before 2.8, which have none. */
export function topicIdOf(described: string | undefined): string | undefined {
  return shownTopicId(described ?? '');
}

/** Whether the consumer reads no further than the first open transaction. */
export function isReadCommitted(properties: ReadonlyMap<string, string>): boolean {
  return isolationOf(properties) === 'read_committed';
}
