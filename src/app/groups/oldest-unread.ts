/** The age of the first record that a group has not committed yet: its lag in time. */
import type { ResolvedConfig } from '../../config/keys/resolved.js';
import type { Logger } from '../../ports/logger.js';
import { InputBatchReader } from '../../wire/input-reader.js';
import { readWith } from '../compose/reader.js';
import { type GroupPartition, lagOf } from './group-state.js';

/** A partition whose next record is behind an open transaction gives no answer. */
const READ_TIMEOUT_MS = 5_000;
/** Maximum number of topics: each takes a connection of its own. */
const TOPICS_MAX = 20;

/** Milliseconds since 1970 by `<topic> <partition>`. Partitions without lag or answer are missing. */
export async function oldestUnread(
  config: ResolvedConfig,
  logger: Logger,
  partitions: readonly GroupPartition[],
): Promise<ReadonlyMap<string, number>> {
  const found = new Map<string, number>();
  const topics = new Map<string, GroupPartition[]>();
  for (const one of partitions) {
    if (lagOf(one) === 0 || one.committed >= one.stable) continue;
    const others = topics.get(one.topic);
    if (others === undefined) topics.set(one.topic, [one]);
    else others.push(one);
  }
  await Promise.all(
    [...topics]
      .slice(0, TOPICS_MAX)
      .map(([topic, behind]) => readFirst(config, logger, { topic, behind }, found)),
  );
  return found;
}

async function readFirst(
  config: ResolvedConfig,
  logger: Logger,
  { topic, behind }: { readonly topic: string; readonly behind: readonly GroupPartition[] },
  found: Map<string, number>,
): Promise<void> {
  const offsets = new Map(behind.map(({ partition, committed }) => [partition, Math.max(0, committed)]));
  const rows = new InputBatchReader();
  const missing = new Set(offsets.keys());
  await readWith(
    config,
    'consumer',
    {
      topic,
      range: {
        from: { kind: 'table', file: '', offsets: new Map([[topic, offsets]]) },
        until: { kind: 'end' },
        groupId: undefined,
      },
      placed: () => undefined,
      logger,
      signal: AbortSignal.timeout(READ_TIMEOUT_MS),
    },
    (batch, partitionOf) => {
      rows.open(batch.block.bytes);
      for (const { partitionId, firstRow } of batch.segments) {
        const { partition } = partitionOf(partitionId);
        if (missing.delete(partition)) found.set(`${topic} ${partition}`, rows.timestamp(firstRow));
      }
      return Promise.resolve(missing.size > 0);
    },
  );
}
