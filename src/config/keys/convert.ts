/**
 * From what a layer says (text, or what YAML read) to the value of a key. Throws {@link ValueFault} with a
 * reason and a remedy.
 */
import { isIP } from 'node:net';
import { formatDuration, formatSize, parseDuration, parseSize } from '../text/units.js';
import type { Field } from './schema.js';

export class ValueFault extends Error {
  readonly remedy: string | undefined;

  constructor(message: string, remedy?: string) {
    super(message);
    this.remedy = remedy;
  }
}

export type FieldValue = string | number | boolean | readonly string[];

const SHOWN_LENGTH_MAX = 80;
const LIST_ITEMS_MAX = 1_000;
const TEXT_LENGTH_MAX = 10_000;

/** A value inside a message: quoted, shortened, on one line. */
export function quote(raw: unknown): string {
  const text = typeof raw === 'string' ? raw : ((JSON.stringify(raw) as string | undefined) ?? String(raw));
  return JSON.stringify(text.length > SHOWN_LENGTH_MAX ? `${text.slice(0, SHOWN_LENGTH_MAX)}…` : text);
}

export function convert(field: Field, raw: unknown): FieldValue {
  switch (field.kind) {
    case 'text':
    case 'path':
      return text(raw);
    case 'topic':
      return topicName(text(raw));
    case 'integer':
      return integer(field, raw);
    case 'boolean':
      return boolean(raw);
    case 'choice':
      return choice(field, raw);
    case 'level':
      return level(field, raw);
    case 'size':
      return quantity(field, raw);
    case 'duration':
      return quantity(field, raw);
    case 'size-or-auto':
      return raw === 'auto' ? 'auto' : orAuto(() => quantity(field, raw));
    case 'integer-or-auto':
      return raw === 'auto' ? 'auto' : orAuto(() => integer(field, raw));
    case 'list':
    case 'paths':
      return list(raw);
    case 'topics':
      return topics(raw);
    case 'servers':
      // The JSON form needs security.protocol to choose from; see bootstrap.ts.
      return Array.isArray(raw) ? list(raw) : text(raw);
  }
}

function text(raw: unknown): string {
  if (typeof raw !== 'string') throw new ValueFault(`must be text, not ${kindName(raw)}`);
  if (raw.trim() === '') throw new ValueFault('is empty', 'give it a value, or remove the key');
  if (raw.length > TEXT_LENGTH_MAX) throw new ValueFault(`is longer than ${TEXT_LENGTH_MAX} characters`);
  return raw;
}

export function kindName(raw: unknown): string {
  if (raw === null) return 'nothing';
  if (Array.isArray(raw)) return 'a list';
  return typeof raw === 'object' ? 'a mapping' : `${typeof raw} ${quote(raw)}`;
}

function integer(field: Field, raw: unknown): number {
  const value = typeof raw === 'string' && /^[+-]?\d{1,15}$/.test(raw.trim()) ? Number(raw) : raw;
  if (typeof value !== 'number' || !Number.isSafeInteger(value))
    throw new ValueFault(`must be a whole number, not ${kindName(raw)}`);
  checkBounds(field, value, String);
  return value;
}

function orAuto(read: () => number): number {
  try {
    return read();
  } catch (fault) {
    if (fault instanceof ValueFault) throw new ValueFault(`${fault.message}; or auto`, fault.remedy);
    throw fault;
  }
}

function boolean(raw: unknown): boolean {
  if (typeof raw === 'boolean') return raw;
  const word = typeof raw === 'string' || typeof raw === 'number' ? String(raw).trim().toLowerCase() : '';
  if (['true', 'yes', 'on', '1'].includes(word)) return true;
  if (['false', 'no', 'off', '0'].includes(word)) return false;
  throw new ValueFault(`must be true or false, not ${kindName(raw)}`);
}

function choice(field: Field, raw: unknown): string {
  const word = String(raw).trim();
  const choices = field.choices ?? [];
  if (choices.includes(word)) return word;
  const reserved = field.reserved?.[word];
  if (reserved !== undefined) throw new ValueFault(reserved, `use ${choices.join(' or ')}`);
  const lower = choices.find((candidate) => candidate === word.toLowerCase());
  if (lower !== undefined) return lower;
  throw new ValueFault(`${quote(raw)} is not one of the choices`, `use ${choices.join(' | ')}`);
}

const LEVELS: Readonly<Record<string, string>> = {
  trace: 'debug',
  verbose: 'debug',
  warning: 'warn',
  fatal: 'error',
  severe: 'error',
};

function level(field: Field, raw: unknown): string {
  const word = String(raw).trim().toLowerCase();
  return choice(field, LEVELS[word] ?? word);
}

function quantity(field: Field, raw: unknown): number {
  const isDuration = field.kind === 'duration';
  const parsed = isDuration ? parseDuration(raw) : parseSize(raw);
  if (!parsed.ok) throw new ValueFault(`${quote(raw)} ${parsed.reason}`, parsed.remedy);
  checkBounds(field, parsed.value, isDuration ? formatDuration : formatSize);
  return parsed.value;
}

function checkBounds(field: Field, value: number, format: (value: number) => string): void {
  if (field.min !== undefined && value < field.min)
    throw new ValueFault(`${format(value)} is too small`, `at least ${format(field.min)}`);
  if (field.max !== undefined && value > field.max)
    throw new ValueFault(`${format(value)} is too large`, `at most ${format(field.max)}`);
}

function list(raw: unknown): readonly string[] {
  const items = Array.isArray(raw)
    ? raw.map((item) => text(item).trim())
    : text(raw)
        .split(',')
        .map((item) => item.trim());
  const full = items.filter((item) => item !== '');
  if (full.length === 0) throw new ValueFault('is empty', 'give it a value, or remove the key');
  if (full.length > LIST_ITEMS_MAX) throw new ValueFault(`has more than ${LIST_ITEMS_MAX} entries`);
  return full;
}

function topics(raw: unknown): readonly string[] {
  const single = typeof raw === 'string' ? raw : Array.isArray(raw) && raw.length === 1 ? String(raw[0]) : '';
  if (single.trim().startsWith('/')) return [pattern(single.trim())];
  const names = list(raw);
  for (const name of names) {
    if (name.startsWith('/'))
      throw new ValueFault(
        'has a /regular expression/ among other topics',
        'give one /regular expression/ alone, or only names',
      );
    topicName(name);
  }
  return [...new Set(names)];
}

function pattern(source: string): string {
  if (source.length < 3 || !source.endsWith('/'))
    throw new ValueFault(`${quote(source)} is not a /regular expression/`, 'close it with "/"');
  try {
    new RegExp(source.slice(1, -1));
  } catch {
    throw new ValueFault(
      `${quote(source)} is not a valid regular expression`,
      'write it as in JavaScript, for example /flights-.*/',
    );
  }
  return source;
}

export function topicName(name: string): string {
  if (/^[A-Za-z0-9._-]{1,249}$/.test(name) && name !== '.' && name !== '..') return name;
  throw new ValueFault(
    `${quote(name)} is not a topic name`,
    'letters, digits, ".", "_" and "-", at most 249 of them',
  );
}

/** `host:port`, also `[::1]:9092` and `SSL://host:9094`. Undefined when fine. */
export function serverFault(server: string): ValueFault | undefined {
  const bare = server.replace(/^[A-Za-z_]+:\/\//, '');
  const match = /^(\[[0-9A-Fa-f:.%]+\]|[^\s:[\]/,]+):(\d{1,5})$/.exec(bare);
  const host = match?.[1];
  if (host === undefined) {
    if (isIP(bare) === 6)
      return new ValueFault(`${quote(server)} is an IPv6 address without brackets`, `write [${bare}]:9092`);
    if (/^[^\s:/]+$/.test(bare))
      return new ValueFault(
        `${quote(server)} has no port`,
        `write ${bare}:9092 (plaintext) or ${bare}:9094 (TLS), as your cluster has it`,
      );
    return new ValueFault(`${quote(server)} is not host:port`, 'write for example b-1.example:9092');
  }
  const port = Number(match?.[2]);
  return port >= 1 && port <= 65_535
    ? undefined
    : new ValueFault(`${quote(server)} has an impossible port`, 'ports go from 1 to 65535');
}
