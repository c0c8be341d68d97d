import { inArea } from '../../ports/logger.js';
import type { AssignedPartition, TopicPlace } from '../../ports/source.js';
import type { RunState } from '../run-state.js';

export interface Move {
  /** The first offset that was not read. */
  readonly from: number;
  /** Where reading continues. */
  readonly to: number;
  /** `to` is an offset of the topic that was created again. */
  readonly isReplaced: boolean;
  /** The end of the log that was left, as far as it is known. */
  readonly knownEnd: number | undefined;
}

/** Names and counts the records that are passed over because the out-of-range policy moved the position. */
export function passedOver(state: RunState, partition: AssignedPartition, move: Move): void {
  const { from, to, isReplaced, knownEnd } = move;
  const ranges: [number, number][] =
    isReplaced || to < from ? [[from, Math.max(from, knownEnd ?? from)]] : [[from, to]];
  if (isReplaced) ranges.push([0, to]);
  const skipped = ranges.filter(([first, end]) => first < end);
  for (const [first, end] of skipped) state.accounting.skipped(end - first);
  inArea(state.deps.logger, 'group').warn(
    'out of range: reading continues elsewhere, as kafka.consumer.out-of-range says',
    {
      partition: nameOf(partition),
      from,
      to,
      skipped:
        skipped.length === 0
          ? 'no known offset'
          : `${nameOf(partition)} ${skipped.map(([first, end]) => `[${first}, ${end})`).join(' and ')}`,
      ...(isReplaced ? { replaced: 'the topic was deleted and created again' } : {}),
    },
  );
}

export function nameOf({ topic, partition }: TopicPlace): string {
  return `${topic}[${partition}]`;
}
