/** One picture of `kd top`: from what the job says to lines of a terminal. */
import type { JobStatus } from '../../app/running/job-status.js';
import { bytes, count, duration } from '../terminal/numbers.js';
import { memoryText, nextExpiry, type Paint, workersText } from '../terminal/running/status-text.js';
import { type Line, render, type Span, spread } from './line.js';
import { partitionLines } from './partitions.js';
import type { Rates } from './rates.js';
import type { View } from './view.js';

export interface Picture {
  readonly pipelines: readonly JobStatus[];
  readonly rates: readonly (Rates | undefined)[];
  readonly url: string;
  /** Why the job can't be asked at the moment, and since when; the rest of the picture is older then. */
  readonly lost: { readonly words: string; readonly sinceMs: number } | undefined;
  readonly nowMs: number;
}

export interface Size {
  readonly columns: number;
  readonly rows: number;
}

const CODES_MAX = 5;
const HINDRANCES_MAX = 3;
const LABEL_COLUMNS = 14;
const FOOT = 'q quit · ↑↓ scroll · ←→ sort · p next pipeline · ? help';

/** As many lines as the terminal has rows at most. `page`: how many partitions there was room for. */
export function frame(
  picture: Picture,
  view: View,
  size: Size,
  paint: Paint,
): { readonly lines: readonly string[]; readonly page: number } {
  // The last column stays free: a terminal that clears the rest of a full line takes its last character.
  const columns = Math.max(1, size.columns - 1);
  const rows = Math.max(1, size.rows);
  const status = shownPipeline(picture, view);
  const head = status === undefined ? [] : [...headLines(picture, view, status, columns)];
  const lost = lostLines(picture);
  const above: readonly Line[] = view.help ? HELP : [...lost, ...head];
  const page = Math.max(0, rows - Math.min(above.length, rows) - 3);
  const listed = status === undefined || view.help ? [] : partitionLines(status, view, { page, columns });
  const body = [...above, ...listed].slice(0, Math.max(1, rows - 1));
  const gap = Math.max(0, rows - 1 - body.length);
  const lines = [...body, ...Array.from({ length: gap }, (): Line => []), [[FOOT, 'dim']] as Line];
  return { lines: lines.slice(0, rows).map((line) => render(line, columns, paint)), page };
}

/** For an output that is no terminal: everything, without a foot. */
export function plainFrame(picture: Picture, view: View, paint: Paint): string {
  const blocks = picture.pipelines.map((status, pipeline) => {
    const shown = { ...view, pipeline };
    const listed = partitionLines(status, shown, { page: PLAIN_PARTITIONS, columns: PLAIN_COLUMNS });
    return [...headLines(picture, shown, status, PLAIN_COLUMNS), ...listed];
  });
  const lines = [...lostLines(picture), ...blocks.flat()];
  return lines.map((line) => `${render(line, Number.MAX_SAFE_INTEGER, paint).trimEnd()}\n`).join('');
}

const PLAIN_PARTITIONS = 20;
const PLAIN_COLUMNS = 100;

export function shownPipeline({ pipelines }: Picture, { pipeline }: View): JobStatus | undefined {
  return pipelines[Math.min(pipeline, pipelines.length - 1)];
}

function lostLines({ lost, url, nowMs }: Picture): readonly Line[] {
  if (lost === undefined) return [];
  const since = `no answer from ${url} for ${duration(nowMs - lost.sinceMs)}, trying on: ${lost.words}`;
  return [[[since, 'red']]];
}

function headLines(picture: Picture, view: View, status: JobStatus, columns: number): readonly Line[] {
  const { pipelines, nowMs } = picture;
  const index = Math.min(view.pipeline, pipelines.length - 1);
  const rates = picture.rates[index];
  const which = pipelines.length > 1 ? ` (${index + 1} of ${pipelines.length})` : '';
  const title: Line = [
    [status.name, 'bold'],
    `${which}  ${status.state}, `,
    status.ready ? ['ready', 'green'] : ['not ready', 'red'],
    ` · for ${duration(status.elapsedSeconds * 1000)} · version ${status.version}`,
  ];
  return [
    spread(title, new Date(nowMs).toISOString().slice(11, 19), columns),
    ...troubleLines(status),
    ...rateLines(status, rates),
    ...progressLines(status),
    row('lag', lagText(status)),
    row('latency', `p50 ${status.latency.p50Ms} ms, p99 ${status.latency.p99Ms} ms`),
    row('workers', workersText(status)),
    row('memory', memoryText(status)),
    ...deadLetterLines(status),
    ...certificateLines(status, nowMs),
    ...reloadLines(status),
    [],
  ];
}

function row(label: string, ...words: readonly Span[]): Line {
  return [[label.padEnd(LABEL_COLUMNS), 'dim'], ...words];
}

function troubleLines({ stall, ready, notReady, hindrances }: JobStatus): readonly Line[] {
  const held = hindrances
    .slice(0, HINDRANCES_MAX)
    .map((text): Line => [['held up'.padEnd(LABEL_COLUMNS), 'yellow'], text]);
  if (stall !== undefined)
    return [
      [['STALLED'.padEnd(LABEL_COLUMNS), 'red'], stall.message],
      ...(stall.remedy === undefined ? [] : [row('', `→ ${stall.remedy}`)]),
      ...held,
    ];
  if (ready) return held;
  return [[['not ready'.padEnd(LABEL_COLUMNS), 'red'], notReady ?? 'the job gives no reason'], ...held];
}

function rateLines({ records, recordsPerSecond }: JobStatus, rates: Rates | undefined): readonly Line[] {
  const { consumed, emitted, filtered, deadLettered } = records;
  // Before a second look the job's own figure has to do.
  const read = rates === undefined ? `${count(recordsPerSecond)}/s` : `${count(rates.in)}/s`;
  const of = (perSecond: number | undefined): string =>
    perSecond === undefined
      ? ' –'
      : ` ${perSecond > 0 && perSecond < 10 ? perSecond.toFixed(1) : count(perSecond)}/s`;
  const sizes = rates === undefined ? '' : `   ${bytes(rates.bytesIn)}/s in, ${bytes(rates.bytesOut)}/s out`;
  return [
    row(
      'rate',
      [`in ${read}`, 'bold'],
      `   out${of(rates?.out)}   filtered${of(rates?.filtered)}   dead`,
      rates !== undefined && rates.dead > 0 ? [of(rates.dead), 'red'] : of(rates?.dead),
      sizes,
    ),
    row(
      'records',
      `${count(consumed)} in, ${count(emitted)} out, ${count(filtered)} filtered, ` +
        `${count(deadLettered)} dead letters`,
    ),
  ];
}

function progressLines({ progress }: JobStatus): readonly Line[] {
  const { percent, toDo, etaSeconds } = progress;
  if (percent === undefined) return [];
  const left = toDo === undefined ? '' : `, ${count(toDo)} records to do`;
  const eta = etaSeconds === undefined ? '' : `, ETA ${duration(etaSeconds * 1000)}`;
  return [row('progress', `${percent}%${left}${eta}`)];
}

function lagText({ lag, owned, membership }: JobStatus): string {
  if (owned === 0) return membership === '' ? 'owns no partition' : `owns no partition (${membership})`;
  return `${lag === undefined ? 'not known yet' : `${count(lag)} records`} in ${count(owned)} partitions`;
}

function deadLetterLines({ deadLetters }: JobStatus): readonly Line[] {
  const lines = deadLetters
    .slice(0, CODES_MAX)
    .map(({ code, count: n, example }, index) =>
      row(index === 0 ? 'dead letters' : '', [`${code} ${count(n)}`, 'yellow'], `  ${example}`),
    );
  const more = deadLetters.length - lines.length;
  return more > 0 ? [...lines, row('', `and ${more} more codes`)] : lines;
}

function certificateLines({ certificates }: JobStatus, nowMs: number): readonly Line[] {
  const text = nextExpiry(certificates, nowMs);
  return text === undefined ? [] : [row('certificates', text)];
}

function reloadLines({ reloads }: JobStatus): readonly Line[] {
  if (reloads.rejected !== undefined) return [row('reload', ['rejected: ', 'red'], reloads.rejected)];
  return reloads.count === 0 ? [] : [row('reloads', count(reloads.count))];
}

const HELP: readonly Line[] = [
  [['kd top: a running job, live', 'bold']],
  [],
  ['  q, Esc, Ctrl-C    quit'],
  ['  ↑ ↓ PgUp PgDn     scroll the partitions; Home, End: first, last'],
  ['  ← →               sort them by lag, by time behind, or by name'],
  ['  p                 the next pipeline of the process'],
  ['  ?                 this help'],
  [],
  ['  in, out, filtered, dead: records per second between the last two looks'],
  ['  lag: records up to the end of the partition that are not settled'],
  ['  behind: how long the first of them has been there, at least'],
];
