/** Memory, files and threads over time, as SVG. Readable on light and dark pages. */
import type { Sample } from './samples.js';

const WIDTH = 940;
const ROW_HEIGHT = 130;
const LEFT = 70;
const RIGHT = 20;
const TOP = 56;
const PAD = 26;
const COLOUR = '#2f6fde';
const COLOUR_MARK = '#d9822b';

const ROWS = [
  { name: 'rssMib', title: 'resident memory, MiB' },
  { name: 'heapMib', title: 'heap of the main thread, MiB' },
  { name: 'files', title: 'open files' },
  { name: 'threads', title: 'threads' },
] as const;

export function soakChart(title: string, subtitle: string, samples: readonly Sample[]): string {
  const height = TOP + ROWS.length * ROW_HEIGHT + 20;
  const last = Math.max(1, samples.at(-1)?.seconds ?? 1);
  const x = (seconds: number): number => LEFT + (seconds / last) * (WIDTH - LEFT - RIGHT);
  const rows = ROWS.map(({ name, title: label }, row) =>
    rowOf(
      label,
      TOP + row * ROW_HEIGHT,
      samples.map((one) => ({ x: x(one.seconds), value: one[name] })),
    ),
  );
  const marks = restartsIn(samples).map((seconds) => {
    const at = x(seconds).toFixed(1);
    const place = `x1="${at}" x2="${at}" y1="${TOP}" y2="${height - 20}"`;
    return `<line ${place} stroke="${COLOUR_MARK}" opacity="0.35"/>`;
  });
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" ` +
      'font-family="system-ui, sans-serif" font-size="12" fill="#808890">',
    `<text x="${LEFT}" y="22" font-size="16" font-weight="600">${title}</text>`,
    `<text x="${LEFT}" y="40">${subtitle}</text>`,
    ...marks,
    ...rows,
    '</svg>\n',
  ].join('\n');
}

function rowOf(
  label: string,
  top: number,
  points: readonly { readonly x: number; readonly value: number }[],
): string {
  const most = Math.max(1, ...points.map(({ value }) => value)) * 1.1;
  const bottom = top + ROW_HEIGHT - PAD;
  const y = (value: number): number => bottom - (value / most) * (ROW_HEIGHT - PAD - 20);
  const line = points.map((point) => `${point.x.toFixed(1)},${y(point.value).toFixed(1)}`).join(' ');
  const [least, greatest] = [Math.min(...points.map(({ value }) => value)), most / 1.1];
  return [
    `<text x="${LEFT}" y="${top + 14}">${label}: ${least.toFixed(0)} to ${greatest.toFixed(0)}</text>`,
    `<line x1="${LEFT}" x2="${WIDTH - RIGHT}" y1="${bottom}" y2="${bottom}" stroke="#808890" opacity="0.5"/>`,
    `<text x="${LEFT - 8}" y="${bottom + 4}" text-anchor="end">0</text>`,
    `<polyline points="${line}" fill="none" stroke="${COLOUR}" stroke-width="1.5"/>`,
  ].join('\n');
}

/** When a broker had been restarted. */
function restartsIn(samples: readonly Sample[]): readonly number[] {
  return samples
    .filter((sample, n) => sample.brokerRestarts > (samples[n - 1]?.brokerRestarts ?? 0))
    .map(({ seconds }) => seconds);
}
