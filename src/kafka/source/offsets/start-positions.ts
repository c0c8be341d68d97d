/**
 * Where newly assigned partitions are read from; a committed offset is only valid for the topic it was
 * committed for.
 */
import { setTimeout as delay } from 'node:timers/promises';
import { inArea } from '../../../ports/logger.js';
import type { AssignedPartition } from '../../../ports/source.js';
import { REQUEST_TIMEOUT_MS } from '../../client/metadata.js';
import type { OffsetOrigins } from '../../commits/offset-origins.js';
import type { KafkaSourceOptions } from '../source-options.js';
import type { ReplacedTopics } from '../topics/replaced-topics.js';
import type { PositionResolver, StartPosition } from './positions.js';
import { placeOf } from './ranges.js';

/** A broker may learn of a recreated topic a moment later than others. */
const CONFIRM_ATTEMPTS_MAX = 3;
const CONFIRM_PAUSE_MS = 400;

interface Parts {
  readonly positions: PositionResolver;
  readonly origins: OffsetOrigins;
  readonly replaced: ReplacedTopics;
}

type Options = Pick<KafkaSourceOptions, 'groupId' | 'logger' | 'outOfRange'>;

export async function startPositions(
  options: Options,
  parts: Parts,
  partitions: readonly AssignedPartition[],
): Promise<readonly StartPosition[]> {
  // Ids are learned before the offsets: if a topic is replaced from here on, its id will differ.
  await parts.replaced.learn([...new Set(partitions.map(({ topic }) => topic))]);
  const [starts, foreign] = await Promise.all([
    parts.positions.resolve(partitions),
    foreignOffsets(parts, partitions),
  ]);
  return Promise.all(
    starts.map(async (start) => {
      const partition = foreign.find(({ partitionId }) => partitionId === start.partitionId);
      if (partition === undefined || start.start !== 'committed') return start;
      return inNewTopic(options, parts, partition, start);
    }),
  );
}

async function foreignOffsets(
  { origins, replaced }: Parts,
  partitions: readonly AssignedPartition[],
): Promise<readonly AssignedPartition[]> {
  let foreign = partitions;
  for (let attempt = 1; attempt <= CONFIRM_ATTEMPTS_MAX && foreign.length > 0; attempt++) {
    if (attempt > 1) {
      await delay(CONFIRM_PAUSE_MS);
      await replaced.learn(foreign.map(({ topic }) => topic));
    }
    foreign = await origins.foreign(foreign, REQUEST_TIMEOUT_MS);
  }
  return foreign;
}

async function inNewTopic(
  { groupId, logger, outOfRange }: Options,
  { positions, replaced }: Parts,
  partition: AssignedPartition,
  start: StartPosition,
): Promise<StartPosition> {
  if (outOfRange === 'stop') throw replaced.refusal(partition);
  const chosen = await positions.afterOutOfRange(partition, start.offset);
  inArea(logger, 'group').warn(
    `${placeOf(partition)}: the topic was deleted and created again; offset ${start.offset}, which group ` +
      `${groupId} has committed, belongs to the old topic: reading from ${chosen.offset}, as ` +
      'kafka.consumer.out-of-range says',
  );
  return { ...start, ...chosen, moved: { from: start.offset, isReplaced: true } };
}
