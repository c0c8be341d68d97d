/** What positions mean to a cluster, and the text that identifies a topic beside a committed offset. */
import { shownTopicId } from '../../kafka/client/topic-identity.js';
import { originText } from '../../kafka/commits/offset-origins.js';

export { factsFor } from '../../kafka/tools/placed-ranges.js';

/** The metadata that a run commits with its offsets; `topicId` as brokers describe it. */
export function commitMetadata(clusterId: string | null, topicId: string | undefined): string {
  return originText(clusterId ?? '', shownTopicId(topicId ?? ''));
}
