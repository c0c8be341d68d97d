/**
 * Bar charts as SVG, written by hand: a few rectangles need no library. Readable on light and dark pages.
 */

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly ours: boolean;
}

export interface BarGroup {
  readonly heading: string;
  readonly bars: readonly Bar[];
}

const WIDTH = 940;
const LABEL_WIDTH = 340;
const VALUE_WIDTH = 150;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 20;
const TOP = 64;
const BOTTOM = 44;
const GROUP_TOP = 30;
const GROUP_ROW_HEIGHT = 25;
const GROUP_BAR_HEIGHT = 16;
const GROUP_GAP = 12;
const COLOUR_OURS = '#2f6fde';
const COLOUR_OTHERS = '#9aa3ad';

interface Rows {
  readonly top: number;
  readonly rowHeight: number;
  readonly barHeight: number;
}

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Pixels for a value, the largest of the bars being as wide as there is room. */
function scaleOf(bars: readonly Bar[]): (value: number) => number {
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const most = Math.max(...bars.map((bar) => bar.value));
  return (value) => Math.max(1, (value / most) * room);
}

function rowsOf(bars: readonly Bar[], { top, rowHeight, barHeight }: Rows): string {
  const scale = scaleOf(bars);
  const rows = bars.map((bar, index) => {
    const y = top + index * rowHeight;
    const width = scale(bar.value).toFixed(1);
    const middle = y + rowHeight / 2 + 5;
    return [
      `<text x="${LABEL_WIDTH - 12}" y="${middle}" ` +
        `text-anchor="end"${bar.ours ? ' font-weight="600"' : ''}>${escape(bar.label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y + (rowHeight - barHeight) / 2}" width="${width}" ` +
        `height="${barHeight}" rx="2" fill="${bar.ours ? COLOUR_OURS : COLOUR_OTHERS}"/>`,
      `<text x="${(LABEL_WIDTH + Number(width) + 8).toFixed(1)}" y="${middle}">${escape(bar.text)}</text>`,
    ].join('\n');
  });
  return rows.join('\n');
}

function drawing(height: number, title: string, subtitle: string, content: string): string {
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#24292f">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="28" font-size="18" font-weight="600">${escape(title)}</text>
<text x="16" y="48" fill="#57606a">${escape(subtitle)}</text>
${content}
</svg>
`;
}

/** Horizontal bars from zero, with a line at the first bar: the floor that all others are compared with. */
export function barChart(title: string, subtitle: string, bars: readonly Bar[], footnote: string): string {
  const bottom = TOP + bars.length * ROW_HEIGHT;
  const height = bottom + BOTTOM;
  const floorX = (LABEL_WIDTH + scaleOf(bars)(bars[0]?.value ?? 0)).toFixed(1);
  const line =
    `<line x1="${floorX}" x2="${floorX}" y1="${TOP - 4}" ` +
    `y2="${bottom}" stroke="#c0392b" stroke-dasharray="4 4"/>`;
  const note = `<text x="16" y="${height - 16}" fill="#57606a" font-size="12">${escape(footnote)}</text>`;
  const rows = rowsOf(bars, { top: TOP, rowHeight: ROW_HEIGHT, barHeight: BAR_HEIGHT });
  return drawing(height, title, subtitle, [rows, line, note].join('\n'));
}

/** Groups of bars under each other, each with a heading and its own scale. */
export function groupedChart(title: string, subtitle: string, groups: readonly BarGroup[]): string {
  let top = TOP;
  const parts = groups.map(({ heading, bars }) => {
    const words = `<text x="16" y="${top + 20}" font-weight="600">${escape(heading)}</text>`;
    const shape = { top: top + GROUP_TOP, rowHeight: GROUP_ROW_HEIGHT, barHeight: GROUP_BAR_HEIGHT };
    top += GROUP_TOP + bars.length * GROUP_ROW_HEIGHT + GROUP_GAP;
    return `${words}\n${rowsOf(bars, shape)}`;
  });
  return drawing(top, title, subtitle, parts.join('\n'));
}
