/**
 * Text that other code writes to the log's stream, as JSON lines: problems, warnings of Node, `console.log`.
 */
import { stripVTControlCharacters } from 'node:util';
import { LOG_LEVELS, type LogLevel } from '../../core/log/areas.js';
import type { Redact } from '../../secrets/redact.js';
import { jsonLine, type LogEvent } from './lines.js';

const REMEDY = '    → ';
/** The lines of an error's stack belong to its message. */
const FRAME = /^ {4,}at /;
const FRAMES_MAX = 50;
/** `(node:123) [DEP0040] DeprecationWarning: …`, also from a worker thread. */
const NODE_WARNING = /^\(node:\d+\) /;
const NODE_HINT = /^\(Use `\S+ --trace-\S+ \.\.\.` to show where the warning was created\)$/;

export function recordsOf(text: string, time: Date, redact: Redact): string {
  const events: LogEvent[] = [];
  for (const line of stripVTControlCharacters(text).split(/\r?\n/)) {
    if (line.trim() === '' || NODE_HINT.test(line)) continue;
    const last = events.at(-1);
    const more = last === undefined ? undefined : continued(last, line);
    if (more === undefined) events.push(eventOf(line, time));
    else events[events.length - 1] = more;
  }
  return events.map((event) => `${jsonLine(event, redact)}\n`).join('');
}

/** The event before, with a line that belongs to it. */
function continued(event: LogEvent, line: string): LogEvent | undefined {
  if (line.startsWith(REMEDY))
    return { ...event, fields: { ...event.fields, remedy: line.slice(REMEDY.length) } };
  if (!FRAME.test(line)) return undefined;
  const stack = typeof event.fields['stack'] === 'string' ? event.fields['stack'] : '';
  const frames = stack === '' ? [] : stack.split('\n');
  if (frames.length < FRAMES_MAX) frames.push(line.trim());
  const level = event.level === 'info' ? 'error' : event.level;
  return { ...event, level, fields: { ...event.fields, stack: frames.join('\n') } };
}

function eventOf(line: string, time: Date): LogEvent {
  const own = { time, area: 'process' } as const;
  const object = objectIn(line);
  if (object !== undefined) return { ...own, ...ofObject(object, line) };
  if (NODE_WARNING.test(line))
    return { ...own, level: 'warn', message: line.replace(NODE_WARNING, ''), fields: {} };
  return { ...own, ...ofProblem(line) };
}

type Said = Pick<LogEvent, 'level' | 'message' | 'fields'> & Partial<Pick<LogEvent, 'area'>>;

/** The prefixes `error: …` and `kd.yml:3:1: warning: …` give the level. */
function ofProblem(line: string): Said {
  const said = /^(\S*:\d+:\d+: )?(error|warning|info): /.exec(line);
  if (said === null) return { level: 'info', message: line, fields: {} };
  const [prefix, place, word] = said;
  const level = word === 'error' ? 'error' : word === 'warning' ? 'warn' : 'info';
  // With its place it is a problem of the configuration.
  if (place !== undefined) return { level, area: 'config', message: line, fields: {} };
  return { level, message: line.slice(prefix.length), fields: {} };
}

/** A line of another logger keeps its level, its message and its fields. */
function ofObject({ level, message, msg, ...fields }: Record<string, unknown>, line: string): Said {
  const said = typeof message === 'string' ? message : msg;
  return {
    level: LOG_LEVELS.find((known): known is LogLevel => known === level) ?? 'info',
    message: typeof said === 'string' ? said : line,
    fields: typeof said === 'string' ? fields : {},
  };
}

function objectIn(line: string): Record<string, unknown> | undefined {
  if (!line.startsWith('{')) return undefined;
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}
