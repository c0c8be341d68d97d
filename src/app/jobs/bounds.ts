/** The ends of a bounded run whose end is a position. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { type PlacedPosition, place } from '../../core/positions/place.js';
import type { Position } from '../../core/positions/position.js';
import type { ClusterAdmin } from '../../ports/admin.js';
import type { EndOffset } from '../../ports/source.js';
import { appendTimeTopics, factsFor } from '../compose/offsets.js';
import { askSubscription, type SubscribedPartition } from './subscription.js';

export interface PlacedEnds {
  readonly bounds: readonly EndOffset[];
  readonly ends: readonly PlacedPosition[];
  /** Where times mean those of the broker. Looked up only if a time was given. */
  readonly appendTimeTopics: readonly string[];
}

/** The offset that `until` means in every partition of the subscription. */
export async function placeEnds(
  admin: ClusterAdmin,
  config: ResolvedConfig,
  until: Position,
): Promise<PlacedEnds> {
  const { groupId, autoOffsetReset } = config.consumer;
  const partitions = (await askSubscription(admin, config)).map((one) => ({ ...one, end: one.readable }));
  const facts = await factsFor(admin, partitions, until, groupId);
  const ends = partitions.map((one, index) => {
    const begin = one.committed >= 0 ? one.committed : autoOffsetReset === 'latest' ? one.end : one.low;
    // +N counts from where the group is; -N always from the end.
    const origin = until.kind === 'after' ? begin : undefined;
    return place(until, facts[index] ?? one, origin);
  });
  return {
    ends,
    bounds: partitions.map((one, index) => boundOf(one, one.low, ends[index]?.offset ?? one.end)),
    appendTimeTopics: until.kind === 'time' ? await appendTimeTopics(admin, topicsOf(partitions)) : [],
  };
}

/** `from`: the first offset that counts; `until`: the offset after the last one. */
export function boundOf(
  { topic, partition, topicId }: Pick<SubscribedPartition, 'topic' | 'partition' | 'topicId'>,
  from: number,
  until: number,
): EndOffset {
  return { topic, partition, low: from, end: until, ...(topicId === undefined ? {} : { topicId }) };
}

export function topicsOf(partitions: readonly { readonly topic: string }[]): readonly string[] {
  return [...new Set(partitions.map(({ topic }) => topic))];
}
