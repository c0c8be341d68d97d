import { type Decoder, FormatError } from './format.js';
import { checkNumbers, mayHoldInexactNumber } from './json-numbers.js';
import { checkDepth, checkDuplicateKeys, refuseProtoKey } from './json-scan.js';
import { survey } from './json-survey.js';
import { NESTING_DEPTH_MAX } from './limits.js';
import { BufferCache, utf8Text } from './memory.js';

const BYTE_ORDER_MARK = '\ufeff';

/**
 * Strict JSON: valid UTF-8, one value, no `__proto__` key, no key twice in one object, no number that a
 * double can't hold exactly (integers beyond ±(2^53 − 1), 0.1234567890123456789, 1e-400, 1e999), limited
 * nesting. A leading byte order mark is skipped, as in Jackson.
 */
export class JsonDecoder implements Decoder {
  private readonly buffers = new BufferCache();

  decode(bytes: Uint8Array, start: number, end: number): unknown {
    let text = utf8Text(this.buffers.of(bytes), start, end);
    return parseExactly(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  }
}

/** The value of a JSON text, if it loses nothing; otherwise throws {@link FormatError}. */
export function parseExactly(text: string): unknown {
  // A nesting of n needs at least 2n characters, so short records are not checked.
  if (text.length >= 2 * NESTING_DEPTH_MAX) checkDepth(text);
  const value = parse(text);
  const { keys, hasExtremeNumber, hasProtoKey } = survey(value);
  if (mayHoldInexactNumber(text, hasExtremeNumber)) checkNumbers(text);
  if (typeof value === 'object') checkDuplicateKeys(text, keys);
  if (hasProtoKey) refuseProtoKey();
  return value;
}

/** Refuses keys that {@link parseExactly} refuses, in a text whose values are only copied. */
export function checkKeys(text: string): void {
  const value = parse(text.startsWith(BYTE_ORDER_MARK) ? text.slice(1) : text);
  const { keys, hasProtoKey } = survey(value);
  if (typeof value === 'object') checkDuplicateKeys(text, keys);
  if (hasProtoKey) refuseProtoKey();
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (cause) {
    if (text.trim() === '')
      throw new FormatError('INVALID_JSON', 'is empty; a JSON record holds exactly one value', { cause });
    throw new FormatError(
      'INVALID_JSON',
      `is not JSON: ${cause instanceof Error ? cause.message : 'unknown'}`,
      { cause },
    );
  }
}
