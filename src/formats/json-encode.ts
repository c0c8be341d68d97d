import { type Encoder, FormatError } from './format.js';
import { checkDepth } from './json-scan.js';
import { checkJsonValues } from './json-values.js';
import { NESTING_DEPTH_MAX } from './limits.js';
import { BufferCache } from './memory.js';
import { writeText } from './raw.js';

/**
 * `JSON.stringify`, but values that it would lose silently are refused: a value without JSON (undefined, a
 * function, a symbol) at the top, a BigInt, and anywhere NaN or an infinity (written as `null`) or a promise,
 * a Map and similar objects (written as `{}`).
 */
export class JsonEncoder implements Encoder {
  private readonly buffers = new BufferCache();

  encode(value: unknown, bytes: Uint8Array, start: number, limit: number): number {
    return writeText(jsonText(value), this.buffers.of(bytes), start, limit);
  }
}

/** The text of a value, or {@link FormatError} if JSON would lose part of it. */
export function jsonText(value: unknown): string {
  const text = stringify(value);
  // The same depth as for records that are read. Node 26 writes any depth, earlier versions overflow the
  // stack.
  if (text.length >= 2 * NESTING_DEPTH_MAX) checkDepth(text);
  checkJsonValues(value, text);
  return text;
}

function stringify(value: unknown): string {
  let text: unknown;
  try {
    text = JSON.stringify(value);
  } catch (cause) {
    throw refusal(value, cause);
  }
  // The types say string, but undefined, functions and symbols give undefined.
  if (typeof text === 'string') return text;
  throw new FormatError(
    'NOT_JSON',
    `a value of type ${typeof value} has no JSON; return an object, or say drop() or tombstone()`,
  );
}

function refusal(value: unknown, cause: unknown): FormatError {
  const message = cause instanceof Error ? cause.message : 'JSON.stringify failed';
  if (message.includes('BigInt')) {
    const path = pathOfBigInt(value, '', 0) ?? 'the value';
    return new FormatError(
      'BIGINT',
      `${path} is a BigInt, which has no JSON; write it with String() or, if it is small, Number()`,
      {
        cause,
      },
    );
  }
  if (message.includes('circular'))
    return new FormatError('CYCLE', 'the value refers to itself, which has no JSON', { cause });
  if (cause instanceof RangeError)
    return new FormatError('TOO_DEEP', `the value is nested too deep or too large for JSON: ${message}`, {
      cause,
    });
  return new FormatError('NOT_JSON', `JSON.stringify failed: ${message}`, { cause });
}

function pathOfBigInt(value: unknown, path: string, depth: number): string | undefined {
  if (typeof value === 'bigint') return path === '' ? undefined : path;
  if (typeof value !== 'object' || value === null || depth > NESTING_DEPTH_MAX) return undefined;
  for (const [key, child] of Object.entries(value)) {
    const found = pathOfBigInt(child, path === '' ? key : `${path}.${key}`, depth + 1);
    if (found !== undefined) return found;
  }
  return undefined;
}
