import type { ResolvedConfig } from '../../config/keys/resolved.js';
import { loadNative } from '../../kafka/native.js';
import { firstOfTimeWith } from '../../kafka/tools/first-of-time.js';
import { requireGroup } from '../../kafka/tools/placed-ranges.js';
import { readTopic } from '../../kafka/tools/topic-reader.js';
import type { TopicReaderOptions } from '../../kafka/tools/topic-reader-options.js';
import type { BatchHandler } from '../../kafka/tools/topic-reading.js';

type Reading = Pick<TopicReaderOptions, 'topic' | 'range' | 'partitions' | 'placed' | 'signal' | 'logger'>;

export type { PlacedRange } from '../../kafka/tools/placed-ranges.js';
export type OnBatch = BatchHandler;

/** Reads a topic of one of the job's clusters, without joining a group. */
export function readWith(
  config: ResolvedConfig,
  side: 'consumer' | 'producer',
  reading: Reading,
  onBatch: OnBatch,
): Promise<void> {
  const { from, until, groupId } = reading.range;
  // Before a client connects.
  if (from.kind === 'committed' || until?.kind === 'committed') requireGroup(groupId);
  const client = {
    clientId: config.name,
    cluster: config[side],
    native: loadNative(),
    nowMs: () => performance.now(),
    logger: reading.logger,
  };
  return readTopic({ ...reading, ...client, firstOfTime: firstOfTimeWith(client) }, onBatch);
}
