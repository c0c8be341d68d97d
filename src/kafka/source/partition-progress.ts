/** Extracts from librdkafka's statistics how far each open partition has been fetched, and where it ends. */
import type { PartitionProgress } from '../../ports/source.js';
import { field, type Statistics } from '../statistics/document.js';
import { BEYOND_ANY_LOG } from './offsets/undecided-starts.js';
import type { PartitionRegistry } from './partition-registry.js';

export function progressOf(
  statistics: Statistics | undefined,
  registry: PartitionRegistry,
  isolation: 'read_committed' | 'read_uncommitted',
): PartitionProgress[] {
  const endField = isolation === 'read_committed' ? 'ls_offset' : 'hi_offset';
  const document = statistics?.document;
  const topics = field(document, 'topics');
  const connected = connectedBrokers(field(document, 'brokers'));
  return registry.allOpen.flatMap(({ partitionId, topic, partition }) => {
    const facts = field(field(field(topics, topic), 'partitions'), String(partition));
    if (facts === undefined) return [];
    return [
      {
        partitionId,
        nextOffset: isFetched(facts, connected) ? offsetField(facts, 'next_offset') : -1,
        fetchQueueRecords: Math.max(offsetField(facts, 'fetchq_cnt'), 0),
        endOffset: offsetField(facts, endField),
        highOffset: offsetField(facts, 'hi_offset'),
        ...(field(facts, 'leader') === -1 ? { leaderless: true } : {}),
      },
    ];
  });
}

/** Without its broker a partition's fetch position does not move; it may be from before the last seek. */
function isFetched(statistics: unknown, connected: ReadonlySet<unknown>): boolean {
  const broker = field(statistics, 'broker');
  return broker === undefined || connected.has(broker);
}

function connectedBrokers(brokers: unknown): ReadonlySet<unknown> {
  if (typeof brokers !== 'object' || brokers === null) return new Set();
  return new Set(
    Object.values(brokers)
      .filter((broker) => field(broker, 'state') === 'UP')
      .map((broker) => field(broker, 'nodeid')),
  );
}

/** librdkafka's logical offsets are negative: not known. Nor is the position of an undecided start. */
function offsetField(value: unknown, name: string): number {
  const number = field(value, name);
  return typeof number === 'number' && number >= 0 && number < BEYOND_ANY_LOG ? number : -1;
}
