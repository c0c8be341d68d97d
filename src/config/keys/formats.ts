/**
 * The formats of the schema: how each is parsed from text and checked. Both throw {@link ValueFault} with a
 * reason and a remedy.
 */
import { firstUnseen } from '../../core/visible.js';
import { parseGroupLag } from '../text/group-lag.js';
import {
  formatDuration,
  formatPercent,
  formatSize,
  parseDuration,
  parsePercent,
  parseRate,
  parseSize,
} from '../text/units.js';
import type { Field, FieldValue, FormatName } from './field.js';
import { topicName } from './names.js';
import { kindName, quote, ValueFault } from './value-fault.js';

export interface Format {
  /** Converts text to the value. Text that needs no conversion is returned unchanged. */
  read(text: string): FieldValue;
  /** Checks a parsed value against the limits of the key. */
  check(value: FieldValue, field: Field): void;
}

const LIST_ITEMS_MAX = 1_000;
const TEXT_LENGTH_MAX = 10_000;
const TOKEN_LENGTH_MIN = 16;
const EMPTY = ['is empty', 'give it a value, or remove the key'] as const;

export const FORMATS: Readonly<Record<FormatName, Format>> = {
  text: { read: unchanged, check: checkText },
  path: { read: unchanged, check: checkText },
  topic: {
    read: unchanged,
    check: (value) => {
      checkText(value);
      topicName(String(value));
    },
  },
  token: { read: (text) => text.trim(), check: checkToken },
  integer: { read: readInteger, check: checkBounds(String) },
  boolean: {
    read: readBoolean,
    check: (value) => {
      if (typeof value !== 'boolean')
        throw new ValueFault(`must be true or false, not ${kindName(value)}`, 'write true or false');
    },
  },
  choice: { read: word, check: checkChoice },
  level: { read: (text) => LEVELS.get(word(text)) ?? word(text), check: checkChoice },
  size: { read: (text) => quantity(text, parseSize(text)), check: checkBounds(formatSize) },
  duration: { read: (text) => quantity(text, parseDuration(text)), check: checkBounds(formatDuration) },
  percent: { read: (text) => quantity(text, parsePercent(text)), check: checkPercent },
  rate: { read: (text) => text.trim(), check: checkRate },
  'group-lags': { read: readList, check: checkGroupLags },
  'size-or-auto': orAuto((text) => quantity(text, parseSize(text)), checkBounds(formatSize)),
  'integer-or-auto': orAuto(readInteger, checkBounds(String)),
  list: { read: readList, check: checkList },
  paths: { read: readList, check: checkList },
  hosts: { read: readList, check: checkHosts },
  topics: { read: readTopics, check: checkTopics },
  // The JSON form needs security.protocol to choose from; see bootstrap.ts.
  servers: {
    read: unchanged,
    check: (value) => {
      if (Array.isArray(value)) checkList(value as readonly string[]);
      else checkFilled(value);
    },
  },
};

/** Parses and checks one value, as convict does by `coerce` and `validate`. */
export function convert(field: Field, raw: unknown): FieldValue {
  const format = FORMATS[field.format];
  const value = typeof raw === 'string' ? format.read(raw) : (raw as FieldValue);
  format.check(value, field);
  return value;
}

function unchanged(text: string): string {
  return text;
}

function checkFilled(value: FieldValue): void {
  if (typeof value !== 'string')
    throw new ValueFault(`must be text, not ${kindName(value)}`, 'write one value');
  if (value.trim() === '') throw new ValueFault(...EMPTY);
  if (value.length > TEXT_LENGTH_MAX)
    throw new ValueFault(`is longer than ${TEXT_LENGTH_MAX} characters`, 'shorten it');
}

function checkText(value: FieldValue): void {
  checkFilled(value);
  const unseen = firstUnseen(String(value));
  if (unseen === undefined) return;
  const code = unseen.charCodeAt(0).toString(16).toUpperCase().padStart(4, '0');
  if (unseen > '\u009f')
    throw new ValueFault(
      `contains the invisible character U+${code}`,
      'remove it: type the value again instead of copying it',
    );
  throw new ValueFault(
    `contains the control character U+${code}`,
    'remove it; in double quotes YAML reads \\0, \\t and \\n as control characters',
  );
}

/** The remedy tells all: the message is not shown for secrets. */
function checkToken(value: FieldValue): void {
  checkFilled(value);
  if (/^[\x21-\x7e]+$/.test(String(value)) && String(value).length >= TOKEN_LENGTH_MIN) return;
  throw new ValueFault(
    'could be guessed, or has characters that a header cannot carry',
    `at least ${TOKEN_LENGTH_MIN} letters and digits; make one: openssl rand -hex 32`,
  );
}

function readInteger(text: string): number {
  if (!/^[+-]?\d{1,15}$/.test(text.trim()))
    throw new ValueFault(`must be a whole number, not ${quote(text)}`, 'write digits only, for example 4');
  return Number(text);
}

function readBoolean(text: string): boolean {
  const given = word(text);
  if (['true', 'yes', 'on', '1'].includes(given)) return true;
  if (['false', 'no', 'off', '0'].includes(given)) return false;
  throw new ValueFault(`must be true or false, not ${quote(text)}`, 'write true or false');
}

/** A map: an object would also know the word "constructor". */
const LEVELS: ReadonlyMap<string, string> = new Map([
  ['trace', 'debug'],
  ['verbose', 'debug'],
  ['warning', 'warn'],
  ['fatal', 'error'],
  ['severe', 'error'],
]);

function word(text: string): string {
  return text.trim().toLowerCase();
}

function checkChoice(value: FieldValue, field: Field): void {
  const given = String(value);
  const choices = field.choices ?? [];
  if (choices.includes(given)) return;
  const { reserved: all = {} } = field;
  const reserved = Object.hasOwn(all, given) ? all[given] : undefined;
  if (reserved !== undefined) throw new ValueFault(reserved, `use ${choices.join(' or ')}`);
  throw new ValueFault(`${quote(given)} is not one of the choices`, `use ${choices.join(' | ')}`);
}

function quantity(text: string, parsed: ReturnType<typeof parseSize>): number {
  if (!parsed.ok) throw new ValueFault(`${quote(text)} ${parsed.reason}`, parsed.remedy);
  return parsed.value;
}

function checkBounds(format: (value: number) => string): Format['check'] {
  return (value, { min, max }) => {
    if (typeof value !== 'number' || !Number.isSafeInteger(value))
      throw new ValueFault(`must be a whole number, not ${kindName(value)}`, 'write one number');
    if (min !== undefined && value < min)
      throw new ValueFault(`${format(value)} is too small`, `at least ${format(min)}`);
    if (max !== undefined && value > max)
      throw new ValueFault(`${format(value)} is too large`, `at most ${format(max)}`);
  };
}

function checkPercent(value: FieldValue, { min = 0, max = 100 }: Field): void {
  if (typeof value !== 'number')
    throw new ValueFault(`must be a percentage, not ${kindName(value)}`, 'write for example 10%');
  if (value < min || value > max)
    throw new ValueFault(
      `${formatPercent(value)} is out of range`,
      `from ${formatPercent(min)} to ${formatPercent(max)}`,
    );
}

function checkRate(value: FieldValue): void {
  const parsed = parseRate(value);
  if (!parsed.ok) throw new ValueFault(`${quote(String(value))} ${parsed.reason}`, parsed.remedy);
}

function checkGroupLags(value: FieldValue): void {
  checkList(value);
  const groups = new Set<string>();
  for (const item of value as readonly string[]) {
    const parsed = parseGroupLag(item);
    if (!parsed.ok) throw new ValueFault(`${quote(item)} ${parsed.reason}`, parsed.remedy);
    if (groups.has(parsed.group))
      throw new ValueFault(`names the group ${quote(parsed.group)} twice`, 'keep one of them');
    groups.add(parsed.group);
  }
}

function orAuto(read: (text: string) => number, check: Format['check']): Format {
  const isAuto = (value: unknown): value is 'auto' => value === 'auto';
  const naming = <Result>(run: () => Result): Result => {
    try {
      return run();
    } catch (fault) {
      if (fault instanceof ValueFault) throw new ValueFault(`${fault.message}; or auto`, fault.remedy);
      throw fault;
    }
  };
  return {
    read: (text) => (isAuto(word(text)) ? 'auto' : naming(() => read(text))),
    check: (value, field) => {
      if (!isAuto(value)) naming(() => check(value, field));
    },
  };
}

function readList(text: string): readonly string[] {
  return text
    .split(',')
    .map((item) => item.trim())
    .filter((item) => item !== '');
}

function checkList(value: FieldValue): void {
  if (!Array.isArray(value))
    throw new ValueFault(`must be a list, not ${kindName(value)}`, 'write for example [a, b]');
  const items = value as readonly string[];
  if (items.length === 0) throw new ValueFault(...EMPTY);
  if (items.length > LIST_ITEMS_MAX)
    throw new ValueFault(`has more than ${LIST_ITEMS_MAX} entries`, 'shorten the list');
  for (const item of items) checkText(item);
}

function checkHosts(value: FieldValue): void {
  checkList(value);
  for (const item of value as readonly string[]) {
    if (/^(\*\.)?[\w-]+(\.[\w-]+)*$|^\[?[\da-f:.]+\]?$/i.test(item)) continue;
    throw new ValueFault(
      `${quote(item)} is not the name of a host`,
      'write names without scheme and port, for example kd.example.com or *.example.com',
    );
  }
}

/** A /regular expression/ may contain commas. */
function readTopics(text: string): readonly string[] {
  return text.trim().startsWith('/') ? [text.trim()] : [...new Set(readList(text))];
}

function checkTopics(value: FieldValue): void {
  checkList(value);
  const names = value as readonly string[];
  const [first = ''] = names;
  if (names.length === 1 && first.startsWith('/')) return checkPattern(first);
  for (const name of names) {
    if (name.startsWith('/'))
      throw new ValueFault(
        'mixes a /regular expression/ with other topics',
        'use one /regular expression/ alone, or only names',
      );
    if (/[*^$+()|]/.test(name))
      throw new ValueFault(
        `${quote(name)} is not a topic name`,
        'for topics by pattern write one /regular expression/, for example /flights-.*/',
      );
    topicName(name);
  }
}

function checkPattern(source: string): void {
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
}
