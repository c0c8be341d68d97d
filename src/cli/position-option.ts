/** Options that take a position. */
import { createHash } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { InvalidArgumentError } from 'commander';
import {
  type Position,
  PositionFault,
  parsePosition,
  type TypedPosition,
} from '../core/positions/position.js';

/** Larger files are no table of offsets. */
const FILE_BYTES_MAX = 64 * 1024 * 1024;

/** For commander's `argParser`. */
export function readPosition(text: string): Position {
  try {
    return parsePosition(text, Date.now(), readOffsets);
  } catch (error) {
    if (!(error instanceof PositionFault)) throw error;
    throw new InvalidArgumentError(error.message);
  }
}

/** With the text in a form that is equal for equal positions, whatever the file of offsets is called. */
export function readTypedPosition(text: string): TypedPosition {
  const position = readPosition(text);
  return { text: comparable(text.trim(), position), position };
}

function comparable(text: string, position: Position): string {
  if (position.kind === 'end' || position.kind === 'earliest' || position.kind === 'committed')
    return position.kind;
  if (position.kind !== 'table') return text;
  const offsets = [...position.offsets].map(([topic, places]) => [topic, [...places].sort()]).sort();
  return `@${createHash('sha256').update(JSON.stringify(offsets)).digest('hex').slice(0, 12)}`;
}

/** The same, or `forever` for no end. */
export function readTypedEnd(text: string): TypedPosition | 'forever' {
  return text.trim().toLowerCase() === 'forever' ? 'forever' : readTypedPosition(text);
}

/** A position, or `forever` for no end: a word, because commander turns undefined into an empty text. */
export function readEnd(text: string): Position | 'forever' {
  return text.trim().toLowerCase() === 'forever' ? 'forever' : readPosition(text);
}

function readOffsets(file: string): string {
  try {
    if (statSync(file).size > FILE_BYTES_MAX)
      throw new PositionFault(`${file} is too large for a table of offsets`);
    // Programs on Windows begin a file with a byte order mark.
    return readFileSync(file, 'utf8').replace(/^\ufeff/, '');
  } catch (error) {
    if (error instanceof PositionFault) throw error;
    throw new PositionFault(`${file} can't be read: ${error instanceof Error ? error.message : 'unknown'}`);
  }
}
