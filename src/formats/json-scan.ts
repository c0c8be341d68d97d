import { FormatError } from './format.js';
import { NESTING_DEPTH_MAX, SHOWN_CHARS_MAX } from './limits.js';

const QUOTE = 34;
const BACKSLASH = 92;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const OPEN = [91, 123] as const;
const CLOSE = [93, 125] as const;

/** Every integer of fewer digits is exact in a double. */
const DIGITS_EXACT = 15;
/** And every number with a smaller exponent is finite. */
const LARGE_EXPONENT = /[eE]\+?\d{3}/;

/** True for every text with a number that a double can't hold, and for some others. Asked of every record. */
export function mayHoldInexactNumber(text: string): boolean {
  // A run of 16 digits covers one of these positions, whatever lies between; a regular expression would look
  // at every character.
  for (let i = DIGITS_EXACT; i < text.length; i += DIGITS_EXACT + 1) {
    if (isDigit(text, i) && runLength(text, i) > DIGITS_EXACT) return true;
  }
  return LARGE_EXPONENT.test(text);
}

function isDigit(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return c >= ZERO && c <= NINE;
}

/** Digits around `at`, as many as matter. */
function runLength(text: string, at: number): number {
  let from = at;
  let to = at + 1;
  while (from > 0 && at - from < DIGITS_EXACT && isDigit(text, from - 1)) from -= 1;
  while (to < text.length && to - at <= DIGITS_EXACT && isDigit(text, to)) to += 1;
  return to - from;
}

/** Position behind the string literal that opens at `at`. */
function behindString(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  return i;
}

/**
 * Refuses numbers whose JavaScript value differs from what is written in a way that matters. `text` is valid
 * JSON.
 */
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
}

/**
 * Refuses nesting beyond the maximum before anything is parsed: what is deeper overflows the stack of every
 * later walk.
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
 * Refuses a `__proto__` key anywhere: harmless where it is parsed, it changes the prototype of whatever it is
 * copied into.
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
