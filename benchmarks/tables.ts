/** Tables of the report, and how figures look in them. */
import { range } from './stats.js';

export const MIB = 2 ** 20;

/** Columns padded, as the formatter of this project wants them. */
export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((cells) => cells[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  const padded = (cells: readonly string[]): string =>
    line(
      widths.map((width, column) =>
        column === 0 ? (cells[column] ?? '').padEnd(width) : (cells[column] ?? '').padStart(width),
      ),
    );
  const rule = line(
    widths.map((width, column) => (column === 0 ? '-'.repeat(width) : `${'-'.repeat(width - 1)}:`)),
  );
  return [padded(head), rule, ...rows.map(padded)].join('\n');
}

export function thousands(value: number): string {
  return `${Math.round(value / 1000).toLocaleString('en-US')}k`;
}

export function ratio(value: number, base: number | undefined): string {
  return base === undefined ? '' : `${(value / base).toFixed(2)} ×`;
}

export function withRange(middle: number, rounds: readonly number[]): string {
  const { min, max } = range(rounds);
  return `${middle.toFixed(2)} (${min.toFixed(2)}–${max.toFixed(2)})`;
}
