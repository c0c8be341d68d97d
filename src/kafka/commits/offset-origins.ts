/**
 * The metadata text of a committed offset, which identifies its topic. A name is not enough, because a topic
 * can be deleted and created again; an id is not enough, because tools copy offsets with their text to other
 * clusters.
 */
import type { Logger } from '../../ports/logger.js';
import { inAttempts } from '../client/attempts.js';
import type { NativeBinding } from '../native.js';
import { errorText, type TopicPartition, type TopicPartitionOffset } from '../rdkafka.js';
import type { OffsetStoringConsumer } from './offset-store.js';

const ORIGIN = /^kd cluster=(\S+) topic-id=(\S+)$/;

/** Empty if one of them is not known. */
export function originText(clusterId: string, topicId: string | undefined): string {
  return clusterId === '' || topicId === undefined ? '' : `kd cluster=${clusterId} topic-id=${topicId}`;
}

/** False if one of them is not known. */
export function isForeignOrigin(text: string, clusterId: string, topicId: string | undefined): boolean {
  const [, cluster, id] = ORIGIN.exec(text) ?? [];
  return id !== undefined && topicId !== undefined && id !== topicId && cluster === clusterId;
}

interface Parts {
  readonly native: Pick<
    NativeBinding,
    'askBrokers' | 'clusterId' | 'commitOffsets' | 'errorName' | 'storeOffsets'
  >;
  readonly handleId: number;
  /** The id of the topic as it was last seen; undefined if it is not known. */
  readonly topicId: (topic: string) => string | undefined;
  readonly logger: Pick<Logger, 'debug'>;
}

type Send = 'storeOffsets' | 'commitOffsets';

/** Sends offsets to the group and reads them back, each with its origin. */
export class OffsetOrigins implements OffsetStoringConsumer {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Throws if none of them is accepted. */
  offsetsStore(offsets: readonly TopicPartitionOffset[]): void {
    this.#send('storeOffsets', offsets);
  }

  commit(offsets: readonly TopicPartitionOffset[]): void {
    this.#send('commitOffsets', offsets);
  }

  /**
   * The partitions whose committed offset belongs to an older topic of that name. Never rejects: unknown or
   * unanswered origins are accepted.
   */
  async foreign<P extends TopicPartition>(
    partitions: readonly P[],
    timeoutMs: number,
  ): Promise<readonly P[]> {
    const { native, handleId, logger } = this.#parts;
    const places = partitions.flatMap(({ topic, partition }) => [topic, String(partition)]);
    try {
      const answers = await inAttempts(timeoutMs, (attemptMs) =>
        native.askBrokers(handleId, 'ownOffsets', 0, places, attemptMs),
      );
      const kept = new Map(answers.map((one) => [nameOf(one), one.metadata]));
      return partitions.filter((partition) => this.#isForeign(partition, kept.get(nameOf(partition)) ?? ''));
    } catch (error) {
      logger.debug(`the origin of committed offsets is not known: ${errorText(error)}`);
      return [];
    }
  }

  #isForeign({ topic }: TopicPartition, metadata: string): boolean {
    const { native, handleId, topicId } = this.#parts;
    return isForeignOrigin(metadata, native.clusterId(handleId), topicId(topic));
  }

  #originOf(topic: string): string {
    const clusterId = this.#parts.native.clusterId(this.#parts.handleId);
    return originText(clusterId, this.#parts.topicId(topic));
  }

  #send(how: Send, offsets: readonly TopicPartitionOffset[]): void {
    const { native, handleId } = this.#parts;
    let refusal = 0;
    let taken = 0;
    for (const [topic, places] of placesByTopic(offsets)) {
      const code = native[how](handleId, topic, this.#originOf(topic), Float64Array.from(places));
      if (code === 0) taken += 1;
      else refusal = code;
    }
    if (taken === 0 && refusal !== 0)
      throw Object.assign(new Error(native.errorName(refusal).text), { code: refusal });
  }
}

function placesByTopic(offsets: readonly TopicPartitionOffset[]): ReadonlyMap<string, readonly number[]> {
  const places = new Map<string, number[]>();
  for (const { topic, partition, offset } of offsets) {
    const of = places.get(topic);
    if (of === undefined) places.set(topic, [partition, offset]);
    else of.push(partition, offset);
  }
  return places;
}

function nameOf({ topic, partition }: TopicPartition): string {
  return `${topic} ${partition}`;
}
