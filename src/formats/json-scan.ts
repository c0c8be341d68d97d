import { FormatError } from './format.js';
import { NESTING_DEPTH_MAX, SHOWN_CHARS_MAX } from './limits.js';

const QUOTE = 34;
const BACKSLASH = 92;
const COLON = 58;
const BLANK: ReadonlySet<number> = new Set([9, 10, 13, 32]);
const OPEN = [91, 123] as const;
const CLOSE = [93, 125] as const;

/** Position after the string literal that opens at `at`. */
export function behindString(text: string, at: number): number {
  let i = at + 1;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) return i + 1;
    i += c === BACKSLASH ? 2 : 1;
  }
  return i;
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

/** Harmless where it is parsed, such a key changes the prototype of objects that it is copied to. */
export function refuseProtoKey(): never {
  throw new FormatError(
    'FORBIDDEN_KEY',
    'holds the key "__proto__", which would change the prototype of objects it is copied to',
  );
}

/**
 * Refuses an object that contains a key twice: JSON.parse would silently keep the last value. Every key has a
 * colon, so a text with as many colons as the value has keys contains none twice; only other texts are read
 * closely. `keys`: the number of keys in the value.
 */
export function checkDuplicateKeys(text: string, keys: number): void {
  let colons = 0;
  let colonsBehindQuotes = 0;
  for (let at = text.indexOf(':'); at >= 0; at = text.indexOf(':', at + 1)) {
    colons += 1;
    if (text.charCodeAt(at - 1) === QUOTE) colonsBehindQuotes += 1;
  }
  if (colons === keys) return;
  // The remaining colons are inside strings, as in times and addresses.
  if (colonsBehindQuotes === keys && !SPACED_COLON.test(text)) return;
  checkKeysOf(text);
}

/** A colon that may belong to a key, although it does not directly follow a quote. */
const SPACED_COLON = /"[ \t\r\n]+:/;

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
