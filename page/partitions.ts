/** Lag per partition, sorted as the person wants it. */
import { byId, type Column, head, make, setText, svg, text } from './dom.js';
import { count, duration } from './format.js';
import type { Status } from './server.js';

type Row = Status['partitions'][number];

interface SortedColumn extends Column {
  readonly key: (row: Row) => number | string;
  readonly first: 1 | -1;
}

const COLUMNS: readonly SortedColumn[] = [
  { title: 'Topic', key: ({ topic }) => topic, first: 1 },
  { title: 'Partition', numeric: true, key: ({ partition }) => partition, first: 1 },
  { title: 'Lag', numeric: true, key: ({ lagRecords }) => lagRecords ?? -1, first: -1 },
  { title: 'Share', className: 'only-wide', key: ({ lagRecords }) => lagRecords ?? -1, first: -1 },
  { title: 'Waits', numeric: true, key: ({ lagSeconds }) => lagSeconds, first: -1 },
  { title: 'Commit age', numeric: true, key: ({ commitAgeSeconds }) => commitAgeSeconds, first: -1 },
];

let [sortedBy, direction]: [number, 1 | -1] = [2, -1];
let newest: Status | undefined;

function sortBy(index: number): void {
  direction = index === sortedBy ? (direction === 1 ? -1 : 1) : (COLUMNS[index]?.first ?? 1);
  sortedBy = index;
  if (newest !== undefined) showPartitions(newest);
  byId('lag').querySelectorAll('button')[index]?.focus();
}

function compare(a: Row, b: Row): number {
  const key = COLUMNS[sortedBy]?.key ?? (() => 0);
  const [left, right] = [key(a), key(b)];
  if (left !== right) return left < right ? -direction : direction;
  return a.topic === b.topic ? a.partition - b.partition : a.topic < b.topic ? -1 : 1;
}

function rowOf(row: Row, most: number): HTMLTableRowElement {
  const { topic, partition, lagRecords, stableLagRecords, lagSeconds, commitAgeSeconds } = row;
  const held = (lagRecords ?? 0) - (stableLagRecords ?? lagRecords ?? 0);
  const width = most === 0 ? 0 : ((lagRecords ?? 0) / most) * 100;
  const bar = svg(
    'svg',
    { class: 'bar', viewBox: '0 0 100 10', preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    svg('rect', { class: 't', width: 100, height: 10, rx: 1.5 }),
    svg('rect', { class: 'v', width: width.toFixed(2), height: 10, rx: 1.5 }),
  );
  const lag = lagRecords === null ? '–' : count(lagRecords);
  return make(
    'tr',
    {},
    make('th', { scope: 'row' }, topic),
    make('td', { class: 'n' }, partition),
    make('td', { class: 'n' }, lag, held > 0 ? make('small', {}, ` (${count(held)} held back)`) : null),
    make('td', { class: 'wide-cell only-wide' }, bar),
    make('td', { class: 'n' }, lagSeconds < 1 ? '–' : duration(lagSeconds)),
    make('td', { class: 'n' }, commitAgeSeconds < 1 ? '–' : duration(commitAgeSeconds)),
  );
}

export function showPartitions(status: Status): void {
  newest = status;
  const { partitions, partitionsLeftOut } = status;
  setText(
    'lag-note',
    partitionsLeftOut === 0
      ? `${count(partitions.length)} of this member`
      : `the ${count(partitions.length)} furthest behind, ${count(partitionsLeftOut)} more`,
  );
  const table = byId('lag');
  // A person who is on the heading keeps the focus there.
  const focused = [...table.querySelectorAll('button')].indexOf(document.activeElement as HTMLButtonElement);
  const heading = head(COLUMNS, ({ title }, index) => {
    const mark = index === sortedBy ? (direction === 1 ? ' ▲' : ' ▼') : '';
    const button = make('button', { type: 'button' }, title, make('span', { 'aria-hidden': 'true' }, mark));
    button.addEventListener('click', () => sortBy(index));
    return button;
  });
  heading
    .querySelectorAll('th')
    [sortedBy]?.setAttribute('aria-sort', direction === 1 ? 'ascending' : 'descending');
  const most = Math.max(0, ...partitions.map(({ lagRecords }) => lagRecords ?? 0));
  const rows = [...partitions].sort(compare).map((row) => rowOf(row, most));
  const nothing = make(
    'tr',
    {},
    make('td', { class: 'empty', colspan: '6' }, text('no partitions assigned')),
  );
  table.replaceChildren(heading, make('tbody', {}, ...(rows.length === 0 ? [nothing] : rows)));
  if (focused >= 0) table.querySelectorAll('button')[focused]?.focus();
}
