/** Plans the topics that a job needs, and how to create the missing ones. */

import type { ResolvedConfig, TopicWishes } from '../config/keys/resolved.js';
import type { ClientSide } from '../core/client-side.js';
import { topicMatcher } from '../core/topic-selection.js';
import type { NewTopic, TopicDescription } from '../ports/admin.js';

export type TopicRole = 'input' | 'output' | 'dead-letter' | 'further';
export interface NeededTopic {
  readonly name: string;
  readonly role: TopicRole;
  readonly side: ClientSide;
}

/** Used when neither the configuration nor the input gives a number. */
const PARTITIONS_DEFAULT = 8;
const REPLICATION_DEFAULT = 3;

/** `inputNames`: the existing topics if kafka.consumer.topics is an expression. */
export function neededTopics(
  config: ResolvedConfig,
  inputNames: readonly string[] = [],
): readonly NeededTopic[] {
  const { topics } = config.consumer;
  const names = 'names' in topics ? topics.names : inputNames;
  const { deadLetterTopic } = config.dispatcher;
  const needed: NeededTopic[] = names.map((name) => ({ name, role: 'input', side: 'consumer' }));
  if (config.producer.topic !== undefined)
    needed.push({ name: config.producer.topic, role: 'output', side: 'producer' });
  if (deadLetterTopic !== undefined)
    needed.push({ name: deadLetterTopic, role: 'dead-letter', side: 'producer' });
  for (const name of config.topics.named.keys()) {
    if (!needed.some((topic) => topic.name === name))
      needed.push({ name, role: 'further', side: 'producer' });
  }
  return needed;
}

/** Kafka's internal topics are never an input. */
export function matchingTopics(pattern: string, names: readonly string[]): readonly string[] {
  return names.filter(topicMatcher({ pattern })).sort();
}

export function wishesFor(config: ResolvedConfig, name: string): TopicWishes {
  const { defaults, named } = config.topics;
  const own = named.get(name);
  return {
    partitions: own?.partitions ?? defaults.partitions,
    replication: own?.replication ?? defaults.replication,
    configs: new Map([...defaults.configs, ...(own?.configs ?? [])]),
  };
}

export interface PlannedTopic extends NewTopic {
  readonly needed: NeededTopic;
  /** The origin of the numbers, shown before the user confirms. */
  readonly reason: string;
}

/** `found`: the topics that were described, by name; only missing ones are planned. */
export function planTopics(
  config: ResolvedConfig,
  needed: readonly NeededTopic[],
  found: ReadonlyMap<string, TopicDescription>,
  brokerCounts: Readonly<Record<ClientSide, number>>,
): readonly PlannedTopic[] {
  const missing = needed.filter(({ name, side }) => !isThere(found.get(keyOf({ name, side }))));
  const fromInput = inputPartitions(config, needed, found);
  return missing.map((topic) => {
    const wishes = wishesFor(config, topic.name);
    const partitions = wishes.partitions ?? fromInput.count;
    const brokers = Math.max(1, brokerCounts[topic.side]);
    const replication = wishes.replication ?? Math.min(REPLICATION_DEFAULT, brokers);
    const reason = [
      wishes.partitions === undefined ? fromInput.reason : 'partitions as configured',
      wishes.replication === undefined
        ? `replication for ${brokers} ${brokers === 1 ? 'broker' : 'brokers'}`
        : 'replication as configured',
    ].join(', ');
    return { name: topic.name, partitions, replication, configs: wishes.configs, needed: topic, reason };
  });
}

/** Two clusters may have topics of the same name. */
export function keyOf({ name, side }: Pick<NeededTopic, 'name' | 'side'>): string {
  return `${side}/${name}`;
}

export function isThere(topic: TopicDescription | undefined): topic is TopicDescription {
  return topic !== undefined && topic.code === 0 && topic.partitions.length > 0;
}

function inputPartitions(
  config: ResolvedConfig,
  needed: readonly NeededTopic[],
  found: ReadonlyMap<string, TopicDescription>,
): { readonly count: number; readonly reason: string } {
  const inputs = needed.filter(({ role }) => role === 'input');
  const counts = inputs.map((topic) => ({ topic, count: found.get(keyOf(topic))?.partitions.length ?? 0 }));
  const largest = counts.sort((a, b) => b.count - a.count)[0];
  if (largest !== undefined && largest.count > 0)
    return { count: largest.count, reason: `partitions as ${largest.topic.name} has` };
  const planned = inputs.map(({ name }) => wishesFor(config, name).partitions ?? 0);
  if (Math.max(0, ...planned) > 0)
    return { count: Math.max(...planned), reason: 'partitions as the planned input has' };
  const existing = Math.max(0, ...[...found.values()].map(({ partitions }) => partitions.length));
  if (existing > 0) return { count: existing, reason: 'partitions as the existing topics have' };
  return {
    count: PARTITIONS_DEFAULT,
    reason: `${PARTITIONS_DEFAULT} partitions by default`,
  };
}
