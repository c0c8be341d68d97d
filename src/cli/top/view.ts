/** What the person at the terminal has chosen: pipeline, order of partitions, and the place in them. */
import type { PartitionLag } from '../../app/running/job-status.js';

export const SORTS = ['lag', 'behind', 'partition'] as const;
export type Sort = (typeof SORTS)[number];

export interface View {
  readonly pipeline: number;
  readonly sort: Sort;
  /** The first partition that is shown. */
  readonly top: number;
  readonly help: boolean;
}

export const FIRST_VIEW: View = { pipeline: 0, sort: 'lag', top: 0, help: false };

export type Action = 'quit' | View;

interface Sizes {
  readonly pipelines: number;
  readonly partitions: number;
  /** Partitions that fit on the screen. */
  readonly page: number;
}

/** The view after a key; `name` as node:readline calls it. Unknown keys change nothing. */
export function afterKey(view: View, name: string, sizes: Sizes): Action {
  const moved = (rows: number): View => ({ ...view, top: within(view.top + rows, sizes) });
  switch (name) {
    case 'q':
    case 'ctrl-c':
    case 'ctrl-d':
      return 'quit';
    case 'escape':
      return view.help ? { ...view, help: false } : 'quit';
    case 'up':
    case 'k':
      return moved(-1);
    case 'down':
    case 'j':
      return moved(1);
    case 'pageup':
      return moved(-sizes.page);
    case 'pagedown':
    case 'space':
      return moved(sizes.page);
    case 'home':
      return moved(-sizes.partitions);
    case 'end':
      return moved(sizes.partitions);
    case 'left':
      return { ...view, sort: turned(view.sort, -1), top: 0 };
    case 'right':
    case 's':
      return { ...view, sort: turned(view.sort, 1), top: 0 };
    case 'p':
    case 'tab':
      return { ...view, pipeline: (view.pipeline + 1) % Math.max(1, sizes.pipelines), top: 0 };
    case '?':
    case 'h':
      return { ...view, help: !view.help };
    default:
      return view;
  }
}

function within(row: number, { partitions, page }: Sizes): number {
  return Math.max(0, Math.min(row, partitions - page));
}

function turned(sort: Sort, by: number): Sort {
  return SORTS[(SORTS.indexOf(sort) + by + SORTS.length) % SORTS.length] ?? 'lag';
}

export function sorted(partitions: readonly PartitionLag[], sort: Sort): readonly PartitionLag[] {
  return [...partitions].sort((a, b) => ORDERS[sort](a, b) || byPlace(a, b));
}

type Order = (a: PartitionLag, b: PartitionLag) => number;

const byPlace: Order = (a, b) =>
  a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;

const ORDERS: Readonly<Record<Sort, Order>> = {
  lag: (a, b) => (b.lagRecords ?? -1) - (a.lagRecords ?? -1),
  behind: (a, b) => b.lagSeconds - a.lagSeconds,
  partition: byPlace,
};
