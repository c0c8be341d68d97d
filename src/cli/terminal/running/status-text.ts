/** `kd status` for people: what runs, how fast, how far behind, and what is wrong. */
import type { JobStatus } from '../../../app/running/job-status.js';
import { visible } from '../../../core/visible.js';
import { bytes, count, duration } from '../numbers.js';
import { table } from '../table.js';

export type Paint = Readonly<Record<'bold' | 'dim' | 'red' | 'yellow' | 'green', (text: string) => string>>;

interface StatusTextOptions {
  readonly width: number | undefined;
  readonly nowMs: number;
  readonly paint: Paint;
}

const EXAMPLES_MAX = 8;
const PARTITIONS_MAX = 3;
const MESSAGE_CHARACTERS_MAX = 160;

export function statusText(pipelines: readonly JobStatus[], options: StatusTextOptions): string {
  return pipelines.map((one) => statusOf(one, options)).join('\n');
}

function statusOf(status: JobStatus, { width, nowMs, paint }: StatusTextOptions): string {
  const rows = [
    ...troubleRows(status),
    ['records', recordsText(status)],
    ['rate', `${count(status.recordsPerSecond)} records/s`],
    ...progressRows(status),
    ['lag', lagText(status)],
    ['latency', `p50 ${status.latency.p50Ms} ms, p99 ${status.latency.p99Ms} ms`],
    ['workers', workersText(status)],
    ['memory', memoryText(status)],
    ...deadLetterRows(status),
    ...certificateRows(status, nowMs),
    ...reloadRows(status),
  ];
  const isTrouble = (row: number): boolean => TROUBLE.has(rows[row]?.[0] ?? '');
  const body = table(rows, {
    width,
    indent: 2,
    paint: (text, row, column) => (isTrouble(row) && column === 0 ? paint.red(text) : text),
  });
  return `${headLine(status, paint)}\n${body}`;
}

const TROUBLE: ReadonlySet<string> = new Set(['STALLED', 'not ready', 'held up']);

export function headLine(status: JobStatus, paint: Paint): string {
  const { name, state, ready, elapsedSeconds, version } = status;
  const readiness = ready ? paint.green('ready') : paint.red('not ready');
  return (
    `${paint.bold(visible(name))}  ${visible(state)}, ${readiness}` +
    ` · for ${duration(elapsedSeconds * 1000)} · version ${visible(version)}`
  );
}

function troubleRows({ stall, ready, notReady, hindrances }: JobStatus): string[][] {
  const held = hindrances.slice(0, EXAMPLES_MAX).map((text) => ['held up', text]);
  if (stall !== undefined)
    return [
      ['STALLED', stall.message],
      ...(stall.remedy === undefined ? [] : [['', `→ ${stall.remedy}`]]),
      ...held,
    ];
  return ready ? held : [['not ready', notReady ?? 'the job gives no reason'], ...held];
}

export function recordsText({ records, filteredBy }: JobStatus): string {
  const reasons = filteredBy.slice(0, EXAMPLES_MAX).map(([reason, n]) => `${reason} ${count(n)}`);
  const filtered = reasons.length === 0 ? '' : ` (${reasons.join(', ')})`;
  return (
    `${count(records.consumed)} in, ${count(records.emitted)} out, ` +
    `${count(records.filtered)} filtered${filtered}, ${count(records.deadLettered)} dead letters` +
    (records.retried === 0 ? '' : `, ${count(records.retried)} retried`)
  );
}

function progressRows({ progress }: JobStatus): string[][] {
  const { percent, toDo, etaSeconds } = progress;
  if (percent === undefined) return [];
  const left = toDo === undefined ? '' : `, ${count(toDo)} records to do`;
  const eta = etaSeconds === undefined ? '' : `, ETA ${duration(etaSeconds * 1000)}`;
  return [['progress', `${percent}%${left}${eta}`]];
}

function lagText({ lag, owned, membership, partitions }: JobStatus): string {
  if (owned === 0) return membership === '' ? 'owns no partition' : `owns no partition (${membership})`;
  const all = `${lag === undefined ? 'not known yet' : `${count(lag)} records`}, ${count(owned)} partitions`;
  const behind = partitions
    .filter(({ lagRecords }) => lagRecords !== undefined && lagRecords > 0)
    .slice(0, PARTITIONS_MAX)
    .map(
      ({ topic, partition, lagRecords, lagSeconds }) =>
        `${topic}[${partition}] ${count(lagRecords ?? 0)} (${duration(lagSeconds * 1000)})`,
    );
  return behind.length === 0 ? all : `${all}, furthest behind: ${behind.join(', ')}`;
}

export function workersText({ threads }: JobStatus): string {
  const died = threads.deaths === 0 ? '' : `, ${count(threads.deaths)} died and were replaced`;
  return `${threads.busy} of ${threads.all} busy${died}`;
}

export function memoryText({ memory, inFlight }: JobStatus): string {
  const now = memory.rssBytes === undefined ? '' : `${bytes(memory.rssBytes)}, `;
  const limit = memory.limitBytes === undefined ? '' : `, limit ${bytes(memory.limitBytes)}`;
  return (
    `${now}peak ${bytes(memory.rssPeakBytes)}${limit}; in flight ${count(inFlight.records)} records, ` +
    `${bytes(inFlight.bytes)} of ${bytes(inFlight.bytesMax)}`
  );
}

function deadLetterRows({ deadLetters }: JobStatus): string[][] {
  const rows = deadLetters
    .slice(0, EXAMPLES_MAX)
    .map(({ code, count: n, example }, index) => [
      index === 0 ? 'dead letters' : '',
      `${code} ${count(n)}, e.g. ${cut(example)}`,
    ]);
  const more = deadLetters.length - rows.length;
  return more > 0 ? [...rows, ['', `and ${more} more codes`]] : rows;
}

function cut(text: string): string {
  return text.length > MESSAGE_CHARACTERS_MAX ? `${text.slice(0, MESSAGE_CHARACTERS_MAX)}…` : text;
}

function certificateRows({ certificates }: JobStatus, nowMs: number): string[][] {
  const text = nextExpiry(certificates, nowMs);
  return text === undefined ? [] : [['certificates', text]];
}

/** The one that expires first; undefined: none is in use. */
export function nextExpiry(certificates: JobStatus['certificates'], nowMs: number): string | undefined {
  const [first] = certificates
    .map((one) => ({ ...one, atMs: Date.parse(one.notAfter) }))
    .filter(({ atMs }) => !Number.isNaN(atMs))
    .sort((a, b) => a.atMs - b.atMs);
  if (first === undefined) return undefined;
  const { subject, notAfter, atMs } = first;
  const when = atMs > nowMs ? `expires in ${duration(atMs - nowMs)}` : 'HAS EXPIRED';
  return `${certificates.length} in use; the next one ${when} (${notAfter}): ${subject}`;
}

function reloadRows({ reloads }: JobStatus): string[][] {
  return [
    ...(reloads.count === 0 ? [] : [['reloads', count(reloads.count)]]),
    ...(reloads.rejected === undefined
      ? []
      : [['reload', `the newest configuration was rejected: ${reloads.rejected}`]]),
  ];
}
