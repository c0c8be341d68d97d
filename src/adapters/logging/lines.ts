/**
 * Formats one event as one line. Values may contain anything from a record; none of it may break the line or
 * throw.
 */
import pc from 'picocolors';
import type { LogArea, LogLevel } from '../../core/log/areas.js';
import { visible } from '../../core/visible.js';
import type { Redact } from '../../secrets/redact.js';

export interface LogEvent {
  readonly time: Date;
  readonly level: LogLevel;
  readonly area?: LogArea | undefined;
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const VALUE_LENGTH_MAX = 4_096;
const RESERVED = new Set(['time', 'level', 'area', 'message']);

/** `12:30:01.250 info  message key=value`. The area is shown where it helps to choose a level: at debug. */
export function textLine(event: LogEvent, colors: boolean, redact: Redact): string {
  const color = pc.createColors(colors);
  const paint = { error: color.red, warn: color.yellow, info: color.cyan, debug: color.dim }[event.level];
  return (
    `${color.dim(clockTime(event.time))} ${paint(event.level.padEnd(5))} ` + saidBy(event, redact, color.dim)
  );
}

/** The journal has the time itself, and takes the level from this prefix (sd-daemon(3)). */
export function journalLine(event: LogEvent, redact: Redact): string {
  const priority = { error: 3, warn: 4, info: 6, debug: 7 }[event.level];
  return `<${priority}>${saidBy(event, redact, (name) => name)}`;
}

function saidBy(event: LogEvent, redact: Redact, paint: (name: string) => string): string {
  const own = event.area === undefined || event.level !== 'debug' ? {} : { area: event.area };
  const fields = Object.entries({ ...own, ...event.fields }).map(
    ([name, value]) => ` ${paint(`${oneLine(name)}=`)}${word(value, redact)}`,
  );
  return `${oneLine(redact(event.message))}${fields.join('')}`;
}

/** One JSON object; a field named like one of the line's own keys gets an underscore. */
export function jsonLine(event: LogEvent, redact: Redact): string {
  const line = new Map<string, unknown>([
    ['time', event.time.toISOString()],
    ['level', event.level],
    ...(event.area === undefined ? [] : [['area', event.area] as const]),
    ['message', redact(event.message)],
  ]);
  for (const [name, value] of Object.entries(event.fields)) {
    if (value !== undefined) line.set(RESERVED.has(name) ? `${name}_` : name, jsonValue(value, redact));
  }
  // fromEntries: a field may be named __proto__.
  return JSON.stringify(Object.fromEntries(line));
}

function clockTime(time: Date): string {
  const two = (value: number, width = 2): string => String(value).padStart(width, '0');
  const toSeconds = [time.getHours(), time.getMinutes(), time.getSeconds()].map((value) => two(value));
  return `${toSeconds.join(':')}.${two(time.getMilliseconds(), 3)}`;
}

/** Control characters could move the cursor or fake further lines. */
function oneLine(text: string): string {
  return visible(shorten(text));
}

function word(value: unknown, redact: Redact): string {
  const text = value instanceof Error ? redact(value.message) : compact(value, redact);
  return /^[^\s"=]+$/.test(text) ? oneLine(text) : oneLine(JSON.stringify(shorten(text)));
}

function compact(value: unknown, redact: Redact): string {
  const safe = jsonValue(value, redact);
  return typeof safe === 'string' ? safe : String(JSON.stringify(safe));
}

/** Secrets are removed from values before these are cut or joined into a line, and never from keys. */
function jsonValue(value: unknown, redact: Redact): unknown {
  const clean = (text: string): string => shorten(redact(text));
  if (value instanceof Error)
    return { name: value.name, message: clean(value.message), stack: clean(value.stack ?? '') };
  if (typeof value === 'string') return clean(value);
  if (typeof value === 'bigint') return String(value);
  if (value === null || typeof value === 'number' || typeof value === 'boolean' || value === undefined)
    return value;
  try {
    const text = String(
      JSON.stringify(value, (_, inner: unknown) =>
        typeof inner === 'bigint' ? String(inner) : typeof inner === 'string' ? redact(inner) : inner,
      ),
    );
    return text.length > VALUE_LENGTH_MAX ? shorten(text) : (JSON.parse(text) as unknown);
  } catch {
    // A cycle, or a toJSON that throws.
    return '[not representable]';
  }
}

function shorten(text: string): string {
  return text.length > VALUE_LENGTH_MAX ? `${text.slice(0, VALUE_LENGTH_MAX)}…` : text;
}
