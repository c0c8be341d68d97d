/** Lines over time, drawn as SVG. */
import { byId, make, svg } from './dom.js';
import { duration, rate } from './format.js';
import type { Point } from './history.js';

type Series = 'in' | 'out' | 'dead' | 'lag';

const [WIDTH, HEIGHT] = [600, 100];
const CLASSES: Readonly<Record<Series, string>> = { in: 'in', out: 'out', dead: 'deadc', lag: 'in' };

/** The top of the scale: 1, 2 or 5 times a power of ten. */
function topOf(value: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, value)));
  return power * ([1, 2, 5].find((step) => step * power >= value) ?? 10);
}

function lines(points: readonly Point[], series: Series, top: number, filled: boolean): SVGElement[] {
  if (points.length < 2) return [];
  const step = WIDTH / (points.length - 1);
  const path = points
    .map((point, index) => {
      const height = HEIGHT - (point[series] / top) * HEIGHT;
      return `${(index * step).toFixed(1)} ${height.toFixed(1)}`;
    })
    .join('L');
  const name = CLASSES[series];
  const line = svg('path', { class: `l ${name}`, d: `M${path}` });
  // Attributes, since the policy of the page forbids styles elsewhere than in its own sheet.
  line.setAttribute('fill', 'none');
  if (!filled) return [line];
  return [svg('path', { class: `a ${name}`, d: `M0 ${HEIGHT}L${path}L${WIDTH} ${HEIGHT}Z` }), line];
}

export function sparkline(points: readonly Point[], series: Series): SVGElement {
  const top = Math.max(1, ...points.map((point) => point[series])) * 1.05;
  return svg(
    'svg',
    { viewBox: `0 0 ${WIDTH} ${HEIGHT}`, preserveAspectRatio: 'none', 'aria-hidden': 'true' },
    ...lines(points, series, top, true),
  );
}

export function drawRates(points: readonly Point[]): void {
  const newest = points.at(-1);
  const top = topOf(Math.max(...points.flatMap((point) => [point.in, point.out, point.dead]), 1));
  const grid = [0, 0.5, 1].map((share) =>
    svg('line', { x1: 0, x2: WIDTH, y1: share * HEIGHT, y2: share * HEIGHT }),
  );
  const label =
    newest === undefined
      ? 'Records per second: not measured yet'
      : `Records per second: ${rate(newest.in)} in, ${rate(newest.out)} out, ${rate(newest.dead)} dead`;
  const picture = svg(
    'svg',
    { viewBox: `0 -2 ${WIDTH} ${HEIGHT + 4}`, preserveAspectRatio: 'none', role: 'img', 'aria-label': label },
    ...grid,
    ...lines(points, 'in', top, true),
    ...lines(points, 'out', top, false),
    ...(points.some(({ dead }) => dead > 0) ? lines(points, 'dead', top, false) : []),
  );
  const y = make('div', { class: 'y', 'aria-hidden': 'true' });
  for (const value of [top, top / 2, 0]) y.append(make('span', {}, rate(value)));
  const x = make('div', { class: 'x', 'aria-hidden': 'true' });
  const [first] = points;
  const span = first === undefined || newest === undefined ? 0 : (newest.at - first.at) / 1000;
  x.append(make('span', {}, span < 1 ? '' : `${duration(span)} ago`), make('span', {}, 'now'));
  byId('chart').replaceChildren(y, picture, x);
}
