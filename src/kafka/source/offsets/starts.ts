/**
 * Logs where a run begins in partitions without a committed offset, because there a wrong start would lose or
 * repeat records unnoticed.
 */
import { inArea, type Logger } from '../../../ports/logger.js';
import type { AssignedPartition } from '../../../ports/source.js';
import type { StartPosition } from './positions.js';
import { placeOf } from './ranges.js';

const NAMED_MAX = 10;

interface Reporting {
  readonly groupId: string;
  readonly logger: Logger;
}

export function reportStarts(
  { groupId, logger }: Reporting,
  partitions: readonly AssignedPartition[],
  starts: readonly StartPosition[],
): void {
  const leaderless = partitions.filter((_, index) => starts[index]?.range === undefined);
  if (leaderless.length > 0)
    logger.warn('partitions without a leader wait for one; the others are read', { of: names(leaderless) });
  const reset = partitions.filter((_, index) => starts[index]?.start === 'reset');
  if (reset.length === 0) return;
  const known = starts.some(({ start }) => start === 'committed');
  let reads = 0;
  let skips = 0;
  for (const { start, range, offset } of starts) {
    if (start !== 'reset' || range === undefined) continue;
    reads += Math.max(0, range.end - offset);
    skips += Math.max(0, offset - range.low);
  }
  const count = `${reset.length} partition${reset.length === 1 ? '' : 's'}`;
  // A group that has committed elsewhere has probably lost these offsets, or the partitions are new.
  inArea(logger, 'group')[known && reads + skips > 0 ? 'warn' : 'info'](
    `group ${groupId} has no committed offset in ${count}: reads ${reads} records there, skips ${skips}`,
    { of: names(reset), reads, skips },
  );
}

/** Where reading goes on after an offset that is not in the log, or was undecided. */
export function reportChoice(
  { logger }: Reporting,
  partition: AssignedPartition,
  { offset, start }: Pick<StartPosition, 'offset' | 'start'>,
): void {
  if (start === 'undecided') return;
  const key = start === 'reset' ? 'auto-offset-reset' : 'out-of-range';
  inArea(logger, 'group').info(
    `${placeOf(partition)}: reading from offset ${offset}, as kafka.consumer.${key} says`,
  );
}

function names(partitions: readonly AssignedPartition[]): string {
  const more = partitions.length > NAMED_MAX ? ` and ${partitions.length - NAMED_MAX} more` : '';
  return `${partitions.slice(0, NAMED_MAX).map(placeOf).join(' ')}${more}`;
}
