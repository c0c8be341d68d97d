/** The figures that are looked at first. */
import { sparkline } from './chart.js';
import { byId, make } from './dom.js';
import { bytes, count, duration, milliseconds, rate, short } from './format.js';
import type { History } from './history.js';
import type { Status } from './server.js';

interface Tile {
  readonly title: string;
  readonly big: string;
  readonly unit?: string;
  readonly sub: string;
  readonly picture?: SVGElement;
  readonly isBad?: boolean;
}

function element({ title, big, unit, sub, picture, isBad }: Tile): HTMLElement {
  return make(
    'div',
    { class: isBad === true ? 'tile bad' : 'tile' },
    make('h3', {}, title),
    make('div', { class: 'big' }, big, unit === undefined ? null : make('small', {}, ` ${unit}`)),
    make('div', { class: 'sub' }, sub),
    picture ?? null,
  );
}

function share(part: number, whole: number): string {
  return whole === 0 ? '0 %' : `${Math.round((part / whole) * 100)} %`;
}

function lagSub(status: Status): string {
  const seconds = Math.max(0, ...status.partitions.map(({ lagSeconds }) => lagSeconds));
  const owned = `${count(status.owned)} ${status.owned === 1 ? 'partition' : 'partitions'}`;
  return seconds < 1 ? owned : `oldest waits ${duration(seconds)}, ${owned}`;
}

export function showTiles(status: Status, history: History): void {
  const { records, latency, memory } = status;
  const { points, newest } = history;
  const deadShare = records.consumed === 0 ? 0 : (records.deadLettered / records.consumed) * 100;
  const { deathsBy } = status.workers;
  const deaths = Object.values(deathsBy).reduce((sum, one) => sum + one, 0);
  const tiles: readonly Tile[] = [
    {
      title: 'In',
      big: newest === undefined ? '–' : rate(newest.in),
      unit: '/ s',
      sub: `${count(records.consumed)} records, ${bytes(status.bytes.in)}`,
      picture: sparkline(points, 'in'),
    },
    {
      title: 'Out',
      big: newest === undefined ? '–' : rate(newest.out),
      unit: '/ s',
      sub: `${count(records.emitted)} records, ${bytes(status.bytes.out)}`,
      picture: sparkline(points, 'out'),
    },
    {
      title: 'Dead letters',
      big: short(records.deadLettered),
      sub: `${deadShare > 0 && deadShare < 0.1 ? '< 0.1' : deadShare.toFixed(1)} % of all`,
      picture: sparkline(points, 'dead'),
      isBad: records.deadLettered > 0,
    },
    {
      title: 'Lag in records',
      big: status.lag === undefined ? '–' : short(status.lag),
      sub: lagSub(status),
      picture: sparkline(points, 'lag'),
    },
    {
      title: 'Latency, median',
      big: milliseconds(latency.p50Ms),
      sub: `99 % within ${milliseconds(latency.p99Ms)}`,
    },
    {
      title: 'Workers busy',
      big: `${status.threadsBusy} of ${status.threads}`,
      sub: deaths === 0 ? 'none died' : `${count(deaths)} died and were replaced`,
      isBad: deaths > 0,
    },
    {
      title: 'Records in flight',
      big: short(status.inFlightRecords),
      sub: `${share(status.inFlightBytes, status.inFlightBytesMax)} of ${bytes(status.inFlightBytesMax)}`,
    },
    { title: 'Memory', big: bytes(memory.rssBytes), sub: `at most ${bytes(memory.rssPeakBytes)} so far` },
  ];
  byId('tiles').replaceChildren(...tiles.map(element));
}
