/** Tables for people: columns as wide as their texts, the last one wrapped at the edge of the terminal. */

import { visible } from '../../core/visible.js';

export interface TableOptions {
  /** Characters per line; undefined without a terminal: nothing is wrapped. */
  readonly width: number | undefined;
  readonly paint?: (text: string, row: number, column: number) => string;
  readonly indent?: number;
  /** Instead of wrapping the last column, puts a long text of the first column on its own line. */
  readonly longFirst?: boolean;
}

const GAP = 2;
const LAST_COLUMN_MIN = 24;

/** The first row is like the others; the caller colors a heading. */
export function table(cells: readonly (readonly string[])[], options: TableOptions): string {
  const rows = cells.map((row) => row.map(visible));
  const columns = Math.max(0, ...rows.map((row) => row.length));
  const indent = options.indent ?? 0;
  // The last text of a short row may use all the space to its right.
  const widthIn = (row: readonly string[], column: number): number =>
    column > 0 && column === row.length - 1 && row.length < columns ? 0 : (row[column]?.length ?? 0);
  const widths = Array.from({ length: columns }, (_, column) =>
    Math.max(0, ...rows.map((row) => widthIn(row, column))),
  );
  if (options.longFirst === true) return longFirst(rows, widths, options);
  const before = indent + widths.slice(0, -1).reduce((sum, width) => sum + width + GAP, 0);
  const lastWidth =
    options.width === undefined
      ? Number.POSITIVE_INFINITY
      : Math.max(LAST_COLUMN_MIN, options.width - before);
  const paint = options.paint ?? ((text: string) => text);
  const lines: string[] = [];
  for (const [index, row] of rows.entries()) {
    const first = row
      .slice(0, columns - 1)
      .map(
        (text, column) =>
          paint(text, index, column) + ' '.repeat(Math.max(0, (widths[column] ?? 0) - text.length) + GAP),
      );
    const [head = '', ...rest] = wrap(row[columns - 1] ?? '', lastWidth);
    lines.push(`${' '.repeat(indent)}${first.join('')}${paint(head, index, columns - 1)}`.trimEnd());
    for (const line of rest) lines.push(' '.repeat(before) + paint(line, index, columns - 1));
  }
  return lines.map((line) => `${line}\n`).join('');
}

/** For texts that do not affect the width of their column. */
function longFirst(
  rows: readonly (readonly string[])[],
  widths: readonly number[],
  { width, paint, indent = 0 }: TableOptions,
): string {
  const others = widths.slice(1).reduce((sum, one) => sum + GAP + one, 0);
  const firstMax = Math.max(rows[0]?.[0]?.length ?? 0, (width ?? Number.POSITIVE_INFINITY) - indent - others);
  const firstWidth = Math.max(0, ...rows.map(([first = '']) => (first.length > firstMax ? 0 : first.length)));
  const painted = paint ?? ((text: string) => text);
  const lines: string[] = [];
  for (const [index, [first = '', ...rest]] of rows.entries()) {
    const cells = rest.map(
      (text, column) =>
        painted(text, index, column + 1) + ' '.repeat(Math.max(0, (widths[column + 1] ?? 0) - text.length)),
    );
    const fits = first.length <= firstWidth;
    if (!fits) lines.push(painted(first, index, 0));
    const head = (fits ? painted(first, index, 0) : '') + ' '.repeat(firstWidth - (fits ? first.length : 0));
    lines.push([head, ...cells].join(' '.repeat(GAP)).trimEnd());
  }
  return lines.map((line) => `${' '.repeat(indent)}${line}\n`).join('');
}

/** Wraps at blanks; a word longer than a line is kept whole, so that it can be copied. */
export function wrap(text: string, width: number): readonly string[] {
  if (text.length <= width) return [text];
  const lines: string[] = [];
  let line = '';
  for (const word of text.split(' ')) {
    if (line !== '' && line.length + 1 + word.length > width) {
      lines.push(line);
      line = word;
    } else {
      line = line === '' ? word : `${line} ${word}`;
    }
  }
  return [...lines, line];
}
