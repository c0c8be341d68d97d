/**
 * A bar chart as SVG, written by hand: a few rectangles need no library. Readable on light and dark pages.
 */

export interface Bar {
  readonly label: string;
  readonly value: number;
  readonly text: string;
  readonly ours: boolean;
}

const WIDTH = 940;
const LABEL_WIDTH = 340;
const VALUE_WIDTH = 150;
const ROW_HEIGHT = 34;
const BAR_HEIGHT = 20;
const TOP = 64;
const BOTTOM = 44;
const COLOUR_OURS = '#2f6fde';
const COLOUR_OTHERS = '#9aa3ad';

function escape(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}

/** Horizontal bars from zero, with a line at the first bar: the floor that all others are compared with. */
export function barChart(title: string, subtitle: string, bars: readonly Bar[], footnote: string): string {
  const height = TOP + bars.length * ROW_HEIGHT + BOTTOM;
  const room = WIDTH - LABEL_WIDTH - VALUE_WIDTH;
  const most = Math.max(...bars.map((bar) => bar.value));
  const scale = (value: number): number => Math.max(1, (value / most) * room);
  const rows = bars.map((bar, index) => {
    const y = TOP + index * ROW_HEIGHT;
    const width = scale(bar.value).toFixed(1);
    const middle = y + ROW_HEIGHT / 2 + 5;
    return [
      `<text x="${LABEL_WIDTH - 12}" y="${middle}" ` +
        `text-anchor="end"${bar.ours ? ' font-weight="600"' : ''}>${escape(bar.label)}</text>`,
      `<rect x="${LABEL_WIDTH}" y="${y + (ROW_HEIGHT - BAR_HEIGHT) / 2}" width="${width}" ` +
        `height="${BAR_HEIGHT}" rx="2" fill="${bar.ours ? COLOUR_OURS : COLOUR_OTHERS}"/>`,
      `<text x="${(LABEL_WIDTH + Number(width) + 8).toFixed(1)}" y="${middle}">${escape(bar.text)}</text>`,
    ].join('\n');
  });
  const floorX = (LABEL_WIDTH + scale(bars[0]?.value ?? 0)).toFixed(1);
  const line =
    `<line x1="${floorX}" x2="${floorX}" y1="${TOP - 4}" ` +
    `y2="${TOP + bars.length * ROW_HEIGHT}" stroke="#c0392b" stroke-dasharray="4 4"/>`;
  return `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${height}" viewBox="0 0 ${WIDTH} ${height}" font-family="system-ui, sans-serif" font-size="14" fill="#24292f">
<rect width="${WIDTH}" height="${height}" fill="#ffffff"/>
<text x="16" y="28" font-size="18" font-weight="600">${escape(title)}</text>
<text x="16" y="48" fill="#57606a">${escape(subtitle)}</text>
${rows.join('\n')}
${line}
<text x="16" y="${height - 16}" fill="#57606a" font-size="12">${escape(footnote)}</text>
</svg>
`;
}
