/** The table of partitions in a frame. */
import type { JobStatus } from '../../app/running/job-status.js';
import { count, duration } from '../terminal/numbers.js';
import type { Line } from './line.js';
import { type Sort, sorted, type View } from './view.js';

interface Room {
  /** Partitions that may be shown. */
  readonly page: number;
  readonly columns: number;
}

const LAG_COLUMNS = 14;
const BEHIND_COLUMNS = 14;
const NAME_COLUMNS_MIN = 16;

export function partitionLines(status: JobStatus, view: View, { page, columns }: Room): readonly Line[] {
  const all = sorted(status.partitions, view.sort);
  if (all.length === 0) return [];
  const top = Math.max(0, Math.min(view.top, all.length - page));
  const shown = all.slice(top, top + page);
  const longest = Math.max(0, ...shown.map(({ topic, partition }) => `${topic}[${partition}]`.length));
  const room = Math.max(NAME_COLUMNS_MIN, columns - LAG_COLUMNS - BEHIND_COLUMNS);
  const name = Math.min(Math.max(NAME_COLUMNS_MIN, longest), room);
  const more =
    status.partitionsLeftOut === 0 ? '' : `, ${count(status.partitionsLeftOut)} more are not listed`;
  return [
    [
      ...heading('partition', 'partition'.padEnd(name), view.sort),
      ...heading('lag', 'lag'.padStart(LAG_COLUMNS), view.sort),
      ...heading('behind', 'behind'.padStart(BEHIND_COLUMNS), view.sort),
    ],
    ...shown.map(({ topic, partition, lagRecords, lagSeconds }): Line => {
      const lag = lagRecords === undefined ? '?' : count(lagRecords);
      const behind = lagRecords === 0 ? '' : duration(lagSeconds * 1000);
      return [
        shortened(`${topic}[${partition}]`, name),
        lag.padStart(LAG_COLUMNS),
        behind.padStart(BEHIND_COLUMNS),
      ];
    }),
    [[`${top + 1}–${top + shown.length} of ${count(all.length)}${more}`, 'dim']],
  ];
}

function heading(sort: Sort, text: string, chosen: Sort): Line {
  return sort === chosen ? [[text.replace(sort, sort.toUpperCase()), 'bold']] : [[text, 'dim']];
}

/** A long name is cut in the middle: its end has the number of the partition. */
function shortened(text: string, width: number): string {
  if (text.length <= width) return text.padEnd(width);
  const kept = Math.floor((width - 1) / 2);
  return `${text.slice(0, width - 1 - kept)}…${text.slice(-kept)}`;
}
