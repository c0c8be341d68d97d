/** Finds numbers in JSON texts that a double can't hold exactly: JSON.parse would silently change them. */
import { FormatError } from './format.js';
import { behindString } from './json-scan.js';
import { SHOWN_CHARS_MAX } from './limits.js';

const QUOTE = 34;
const MINUS = 45;
const ZERO = 48;
const NINE = 57;
const POINT = 46;
const LOWER_E = 101;
const UPPER_E = 69;
/** Longer runs of digits are checked by {@link checkNumbers}. */
const RUN_MAX = 40;
/** Colon, comma, `[` and white space; at the start of the text `charCodeAt` is NaN. */
const MAY_PRECEDE_VALUE: ReadonlySet<number> = new Set([58, 44, 91, 9, 10, 13, 32, Number.NaN]);

/** A number with at most this many significant digits survives conversion to a double. */
const DIGITS_EXACT = 15;
/** So does its magnitude, unless its exponent has three digits. Four characters are tested at once. */
const LARGE_EXPONENT = /[eE][+\-\d]\d\d/g;
const LARGE_EXPONENT_LENGTH = 4;
const LITERAL = /^-?(\d+)(?:\.(\d+))?(?:[eE]([+-]?\d+))?$/;

/**
 * True for every text with a number that a double can't hold, and for some others. Called for every record.
 * `hasExtremeNumber`: a number in its value is 0, tiny or huge.
 */
export function mayHoldInexactNumber(text: string, hasExtremeNumber: boolean): boolean {
  // A run of 16 digits covers one of these positions, wherever it begins; a regular expression would read
  // every character.
  for (let i = DIGITS_EXACT; i < text.length; i += DIGITS_EXACT + 1) {
    if (isDigit(text, i) && isInexact(text, i)) return true;
  }
  return hasExtremeNumber && mayHoldLargeExponent(text);
}

/** A digit, or the decimal point between digits. */
function isDigit(text: string, at: number): boolean {
  const c = text.charCodeAt(at);
  return (c >= ZERO && c <= NINE) || c === POINT;
}

/** The position of the number's first digit, at most RUN_MAX before `at`. */
function firstDigit(text: string, at: number): number {
  let from = at;
  while (from > 0 && at - from < RUN_MAX && isDigit(text, from - 1)) from -= 1;
  return from;
}

/** False inside most strings, as in "1234567890123456", "order-1234567890123456" and UUIDs. */
function mayBeginValue(text: string, at: number): boolean {
  return MAY_PRECEDE_VALUE.has(text.charCodeAt(at - 1));
}

function mayHoldLargeExponent(text: string): boolean {
  LARGE_EXPONENT.lastIndex = 0;
  while (LARGE_EXPONENT.test(text)) {
    const at = LARGE_EXPONENT.lastIndex - LARGE_EXPONENT_LENGTH - 1;
    if (!isDigit(text, at)) continue;
    const from = firstDigit(text, at);
    if (at - from >= RUN_MAX) return true;
    if (mayBeginValue(text, text.charCodeAt(from - 1) === MINUS ? from - 1 : from)) return true;
  }
  return false;
}

/** The number around `at` has more digits than are always exact, and is not exact. */
function isInexact(text: string, at: number): boolean {
  let from = firstDigit(text, at);
  let to = at + 1;
  while (to < text.length && to - at < RUN_MAX && isDigit(text, to)) to += 1;
  if (to - from <= DIGITS_EXACT) return false;
  if (to - at >= RUN_MAX || at - from >= RUN_MAX) return true;
  if (text.charCodeAt(from - 1) === MINUS) from -= 1;
  if (!mayBeginValue(text, from)) return false;
  const next = text.charCodeAt(to);
  if (next === LOWER_E || next === UPPER_E) return true;
  const literal = text.slice(from, to);
  return literal.includes('.') ? !isExact(literal) : !Number.isSafeInteger(Number(literal));
}

/** The literal's double equals the written number. */
function isExact(literal: string): boolean {
  const value = Number(literal);
  if (!Number.isFinite(value)) return false;
  const printed = String(value);
  return printed === literal || digitsOf(printed) === digitsOf(literal);
}

/** Significant digits and the position of the first one: the same however a number is written. */
function digitsOf(literal: string): string {
  const [, whole = '', fraction = '', exponent = '0'] = LITERAL.exec(literal) ?? [];
  const digits = `${whole}${fraction}`;
  const significant = digits.replace(/^0+/, '');
  if (significant === '') return '0';
  const place = whole.length + Number(exponent) - (digits.length - significant.length);
  // Does not use /0+$/, which would search from every zero of a long run: a small record could stop a worker.
  let end = significant.length;
  while (significant.charCodeAt(end - 1) === ZERO) end -= 1;
  return `${significant.slice(0, end)}e${place}`;
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
