import { FormatError } from './format.js';
import { NESTING_DEPTH_MAX, SHOWN_CHARS_MAX } from './limits.js';

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const POINT = 46;
const LOWER_E = 101;
const UPPER_E = 69;
/** Longer runs of digits are checked by {@link checkNumbers}. */
const RUN_MAX = 40;
const COLON = 58;
const BLANK: ReadonlySet<number> = new Set([9, 10, 13, 32]);
const OPEN = [91, 123] as const;
const CLOSE = [93, 125] as const;

/** A number with at most this many significant digits survives conversion to a double. */
const DIGITS_EXACT = 15;
/** So does its magnitude, if the exponent is shorter than this. */
const LARGE_EXPONENT = /[eE][+-]?\d{3}/;
const LITERAL = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * True for every text with a number that a double can't hold, and for some others. Called for every record.
 */
export function mayHoldInexactNumber(text: string): boolean {
  // A run of 16 digits covers one of these positions, wherever it begins; a regular expression would read
  // every character.
  for (let i = DIGITS_EXACT; i < text.length; i += DIGITS_EXACT + 1) {
    if (isDigit(text, i) && isInexact(text, i)) return true;
  }
  return LARGE_EXPONENT.test(text);
}

/** A digit, or the decimal point between digits. */
function isDigit(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return (c >= ZERO && c <= NINE) || c === POINT;
}

/** The number around `at` has more digits than are always exact, and is not exact. */
function isInexact(text: string, at: number): boolean {
  let from = at;
  let to = at + 1;
  while (from > 0 && at - from < RUN_MAX && isDigit(text, from - 1)) from -= 1;
  while (to < text.length && to - at < RUN_MAX && isDigit(text, to)) to += 1;
  if (to - from <= DIGITS_EXACT) return false;
  if (to - at >= RUN_MAX || at - from >= RUN_MAX) return true;
  if (text.charCodeAt(from - 1) === MINUS) from -= 1;
  const next = text.charCodeAt(to);
  if (next === LOWER_E || next === UPPER_E) return true;
  const literal = text.slice(from, to);
  return literal.includes('.') ? !isExact(literal) : !Number.isSafeInteger(Number(literal));
}

/** The double of the literal equals the number that is written. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const printed = String(value);
  return printed === literal || digitsOf(printed) === digitsOf(literal);
}

/** Significant digits and the position of the first one: equal for all ways to write a number. */
function digitsOf(literal: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = LITERAL.exec(literal) ?? [];
  const digits = `${whole}${fraction}`;
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return '0';
  const place = whole.length + Number(exponent) - (digits.length - significant.length);
  return `${significant.replace(/0+$/, '')}e${place}`;
}

/** Position after the string literal that opens at `at`. */
function behindString(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  return i;
}

/** Refuses numbers whose JavaScript value differs from the written one. `text` is valid JSON. */
export function checkNumbers(text: string): void {
  const number = /-?\d+(\.\d+)?([eE][+-]?\d+)?/y;
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = behindString(text, i);
      continue;
    }
    if (c !== MINUS && (c < ZERO || c > NINE)) {
      i += 1;
      continue;
    }
    number.lastIndex = i;
    const match = number.exec(text);
    if (match === null) return;
    checkNumber(match[0], match[1] === undefined && match[2] === undefined);
    i = number.lastIndex;
  }
}

function checkNumber(literal: string, isInteger: boolean): void {
  const value = Number(literal);
  const shown = literal.length > SHOWN_CHARS_MAX ? `${literal.slice(0, SHOWN_CHARS_MAX)}…` : literal;
  if (isInteger && !Number.isSafeInteger(value)) {
    throw new FormatError(
      'UNSAFE_INTEGER',
      `holds the integer ${shown}, which a JavaScript number can't hold exactly; send it as a string`,
    );
  }
  if (!Number.isFinite(value)) {
    throw new FormatError(
      'NUMBER_RANGE',
      `holds the number ${shown}, which is beyond the range of a double; send it as a string`,
    );
  }
  if (!isExact(literal)) {
    throw new FormatError(
      'INEXACT_NUMBER',
      `holds the number ${shown}, which a JavaScript number can't hold exactly; send it as a string`,
    );
  }
}

/**
 * Refuses nesting beyond the maximum before anything is parsed: deeper values overflow the stack of every
 * later traversal.
 */
export function checkDepth(text: string): void {
  let depth = 0;
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) {
      i = behindString(text, i);
      continue;
    }
    if (c === OPEN[0] || c === OPEN[1]) {
      depth += 1;
      if (depth > NESTING_DEPTH_MAX)
        throw new FormatError('TOO_DEEP', `is nested deeper than ${String(NESTING_DEPTH_MAX)} levels`);
    } else if (c === CLOSE[0] || c === CLOSE[1]) depth -= 1;
    i += 1;
  }
}

/**
 * Refuses a `__proto__` key anywhere: harmless where it is parsed, it changes the prototype of objects that
 * it is copied to.
 */
export function checkKeys(root: unknown): void {
  const open: unknown[] = [root];
  for (let value = open.pop(); value !== undefined; value = open.pop()) {
    if (typeof value !== 'object' || value === null) continue;
    if (Object.hasOwn(value, '__proto__')) {
      throw new FormatError(
        'FORBIDDEN_KEY',
        'holds the key "__proto__", which would change the prototype of objects it is copied to',
      );
    }
    for (const child of Object.values(value)) open.push(child);
  }
}

/**
 * Refuses an object that contains a key twice: JSON.parse would silently keep the last value. Every key has a
 * colon, so a text with as many colons as the value has keys contains none twice; only other texts are read
 * closely.
 */
export function checkDuplicateKeys(text: string, root: unknown): void {
  let colons = 0;
  let colonsBehindQuotes = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    colons += 1;
    if (text.charCodeAt(at - 1) === QUOTE) colonsBehindQuotes += 1;
  }
  const keys = keysIn(root);
  if (colons === keys) return;
  // The remaining colons are inside strings, as in times and addresses.
  if (colonsBehindQuotes === keys && !SPACED_COLON.test(text)) return;
  checkKeysOf(text);
}

/** A colon that may belong to a key, although it does not directly follow a quote. */
const SPACED_COLON = /"[ \t\r\n]+:/;

function keysIn(value: unknown): number {
  if (typeof value !== 'object' || value === null) return 0;
  let count = 0;
  if (Array.isArray(value)) {
    for (const item of value) if (typeof item === 'object') count += keysIn(item);
    return count;
  }
  for (const key in value) {
    count += 1;
    const child: unknown = (value as Readonly<Record<string, unknown>>)[key];
    if (typeof child === 'object') count += keysIn(child);
  }
  return count;
}

/** `text` is valid JSON. */
function checkKeysOf(text: string): void {
  const open: (Set<string> | undefined)[] = [];
  let i = 0;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === OPEN[1]) open.push(new Set());
    else if (c === OPEN[0]) open.push(undefined);
    else if (c === CLOSE[0] || c === CLOSE[1]) open.pop();
    if (c !== QUOTE) {
      i += 1;
      continue;
    }
    const end = behindString(text, i);
    let next = end;
    while (BLANK.has(text.charCodeAt(next))) next += 1;
    if (text.charCodeAt(next) === COLON) noteKey(open.at(-1), JSON.parse(text.slice(i, end)));
    i = end;
  }
}

function noteKey(keys: Set<string> | undefined, key: unknown): void {
  if (keys === undefined || typeof key !== 'string') return;
  if (keys.has(key)) {
    const shown = key.length > SHOWN_CHARS_MAX ? `${key.slice(0, SHOWN_CHARS_MAX)}…` : key;
    throw new FormatError('DUPLICATE_KEY', `holds the key ${JSON.stringify(shown)} twice in one object`);
  }
  keys.add(key);
}
