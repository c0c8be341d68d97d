/**
 * Makes a stream carry JSON lines only: anything else that is written to it becomes a JSON line of its own.
 */
import type { Writable } from 'node:stream';
import { stripVTControlCharacters } from 'node:util';
import type { Redact } from '../../secrets/redact.js';
import { jsonLine, type LogEvent } from './lines.js';

/** An unfinished line is written after this time, or when it reaches this length. */
const PART_KEPT_MS = 250;
const PART_CHARACTERS_MAX = 65_536;
const REMEDY = '    → ';

const wrapped = new WeakSet<Writable>();

/**
 * Takes effect once per stream, however often it is called. Worker threads write through this thread's
 * stream, so what a transform prints there passes through here too.
 */
export function recordsOnly(
  stream: Writable,
  redact: Redact = (text) => text,
  now = (): Date => new Date(),
): void {
  if (wrapped.has(stream)) return;
  wrapped.add(stream);
  const write = stream.write.bind(stream) as (text: string, done?: () => void) => boolean;
  let part = '';
  let timer: NodeJS.Timeout | undefined;
  const flush = (): void => {
    clearTimeout(timer);
    timer = undefined;
    const text = part;
    part = '';
    if (text !== '') write(recordsOf(text, now(), redact));
  };
  process.once('exit', flush);
  const writeRecords = (text: string, done?: () => void): boolean => {
    part += text;
    const end = part.length > PART_CHARACTERS_MAX ? part.length : part.lastIndexOf('\n') + 1;
    const whole = part.slice(0, end);
    part = part.slice(end);
    clearTimeout(timer);
    timer = part === '' ? undefined : setTimeout(flush, PART_KEPT_MS).unref();
    return write(whole === '' ? '' : recordsOf(whole, now(), redact), done);
  };
  stream.write = ((chunk: string | Uint8Array, encoding?: unknown, callback?: unknown): boolean => {
    const done = typeof encoding === 'function' ? encoding : callback;
    const text = typeof chunk === 'string' ? chunk : Buffer.from(chunk).toString('utf8');
    return writeRecords(text, typeof done === 'function' ? (done as () => void) : undefined);
  }) as typeof stream.write;
}

function recordsOf(text: string, time: Date, redact: Redact): string {
  const events: (LogEvent | string)[] = [];
  for (const line of stripVTControlCharacters(text).split('\n')) {
    const last = events.at(-1);
    if (line.trim() === '') continue;
    if (isRecord(line)) events.push(line);
    else if (line.startsWith(REMEDY) && typeof last === 'object')
      events[events.length - 1] = { ...last, fields: { remedy: line.slice(REMEDY.length) } };
    else events.push(eventOf(line, time));
  }
  return events.map((event) => `${typeof event === 'string' ? event : jsonLine(event, redact)}\n`).join('');
}

function isRecord(line: string): boolean {
  if (!line.startsWith('{')) return false;
  try {
    JSON.parse(line);
    return true;
  } catch {
    return false;
  }
}

/** The prefixes `error: …` and `kd.yml:3:1: warning: …` give the level. */
function eventOf(line: string, time: Date): LogEvent {
  const said = /^(?:\S*:\d+:\d+: )?(error|warning|info): /.exec(line);
  const level = said?.[1] === 'error' ? 'error' : said?.[1] === 'warning' ? 'warn' : 'info';
  const message =
    said?.index === 0 && line.startsWith(`${said[1] ?? ''}: `) ? line.slice(said[0].length) : line;
  return { time, level, message, fields: {} };
}
