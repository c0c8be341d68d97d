/**
 * Formats one event as one line. Values may contain anything from a record; none of it may break the line or
 * throw.
 */
import pc from 'picocolors';
import { visible } from '../../core/visible.js';
import type { Redact } from '../../secrets/redact.js';

export interface LogEvent {
  readonly time: Date;
  readonly level: 'error' | 'warn' | 'info' | 'debug';
  readonly message: string;
  readonly fields: Readonly<Record<string, unknown>>;
}

const VALUE_LENGTH_MAX = 4_096;
const RESERVED = new Set(['time', 'level', 'message']);

/** `12:30:01.250 info  message key=value` */
export function textLine(event: LogEvent, colors: boolean, redact: Redact): string {
  const color = pc.createColors(colors);
  const paint = { error: color.red, warn: color.yellow, info: color.cyan, debug: color.dim }[event.level];
  const fields = Object.entries(event.fields).map(
    ([name, value]) => ` ${color.dim(`${oneLine(name)}=`)}${word(value, redact)}`,
  );
  return (
    `${color.dim(clockTime(event.time))} ${paint(event.level.padEnd(5))} ` +
    `${oneLine(redact(event.message))}${fields.join('')}`
  );
}

/** One JSON object; a field named like one of the line's own keys gets an underscore. */
export function jsonLine(event: LogEvent, redact: Redact): string {
  const line = new Map<string, unknown>([
    ['time', event.time.toISOString()],
    ['level', event.level],
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
