/**
 * The one grammar of positions in a topic, wherever one is asked for: `committed`, `earliest`, `latest`,
 * `end`, `-2h`, `2026-11-01T00:00Z`, `2026-11-01`, `+10`, `-10`, `1200`, `@file.json`.
 */

export type Position =
  | { readonly kind: 'committed' | 'earliest' | 'end' }
  | { readonly kind: 'time'; readonly timestampMs: number }
  /** N offsets after the beginning, or before the end, of each partition. */
  | { readonly kind: 'after' | 'before'; readonly offsets: number }
  | { readonly kind: 'offset'; readonly offset: number }
  | { readonly kind: 'table'; readonly file: string; readonly offsets: OffsetTable };

/** Topic → partition → offset. */
export type OffsetTable = ReadonlyMap<string, ReadonlyMap<number, number>>;

/** A position, and the words in which the user gave it. */
export interface TypedPosition {
  readonly text: string;
  readonly position: Position;
}

/** The text of a position that can't be meant; the message says why and gives an example. */
export class PositionFault extends Error {
  override readonly name = 'PositionFault';
}

const EXAMPLES = 'for example earliest, -2h, 2026-11-27, 2026-11-27T08:00Z, -10, 1200 or @offsets.json';

const UNIT_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
  w: 604_800_000,
};
const AGE = /^-(\d{1,9}(?:\.\d{1,6})?)(ms|s|m|h|d|w)$/;
const OFFSETS = /^([+-]?)(\d{1,15})$/;
const DATE = /^\d{4}-\d{2}-\d{2}$/;
const TIME = /^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}(:\d{2}(\.\d{1,9})?)?(Z|[+-]\d{2}:?\d{2})?$/i;

/**
 * Reads a position. `read` returns the text of a file that is named by `@`; relative times count from
 * `nowMs`. Throws {@link PositionFault}.
 */
export function parsePosition(text: string, nowMs: number, read: (file: string) => string): Position {
  const word = text.trim();
  if (word.startsWith('@')) return tableOf(word.slice(1), read);
  switch (word.toLowerCase()) {
    case 'committed':
      return { kind: 'committed' };
    case 'earliest':
      return { kind: 'earliest' };
    case 'latest':
    case 'end':
      return { kind: 'end' };
    default:
      return ageOf(word, nowMs) ?? offsetsOf(word) ?? timeOf(word) ?? unknown(word);
  }
}

function ageOf(word: string, nowMs: number): Position | undefined {
  const [, amount, unit] = AGE.exec(word) ?? [];
  if (amount === undefined || unit === undefined) return undefined;
  const timestampMs = Math.round(nowMs - Number(amount) * (UNIT_MS[unit] ?? 0));
  if (timestampMs < 0) throw new PositionFault(`${word} is before 1970; ${EXAMPLES}`);
  return { kind: 'time', timestampMs };
}

function offsetsOf(word: string): Position | undefined {
  const [, sign, digits] = OFFSETS.exec(word) ?? [];
  if (digits === undefined) return undefined;
  const offsets = Number(digits);
  if (sign === '+') return { kind: 'after', offsets };
  return sign === '-' ? { kind: 'before', offsets } : { kind: 'offset', offset: offsets };
}

function timeOf(word: string): Position | undefined {
  if (!DATE.test(word) && !TIME.test(word)) return undefined;
  if (!DATE.test(word) && TIME.exec(word)?.[3] === undefined)
    throw new PositionFault(`${word} has no time zone; write ${word}Z for UTC, or its offset: ${word}+01:00`);
  const timestampMs = Date.parse(DATE.test(word) ? `${word}T00:00:00Z` : normalised(word));
  // Date.parse takes 2026-02-31 for the third of March.
  if (Number.isNaN(timestampMs) || !isCalendarDay(word.slice(0, 10)))
    throw new PositionFault(`${word} is not a date; ${EXAMPLES}`);
  if (timestampMs < 0) throw new PositionFault(`${word} is before 1970; ${EXAMPLES}`);
  return { kind: 'time', timestampMs };
}

/** As Date.parse of every Node reads it: `T` in between, a colon in the zone, milliseconds. */
function normalised(word: string): string {
  return word
    .replace(' ', 'T')
    .toUpperCase()
    .replace(/([+-]\d{2})(\d{2})$/, '$1:$2')
    .replace(/(\.\d{3})\d+/, '$1');
}

function isCalendarDay(day: string): boolean {
  const [year = 0, month = 0, date = 0] = day.split('-').map(Number);
  const found = new Date(Date.UTC(year, month - 1, date));
  return found.getUTCMonth() === month - 1 && found.getUTCDate() === date;
}

function unknown(word: string): never {
  const shown = word.length > 60 ? `${word.slice(0, 60)}…` : word;
  if (/^\+\d+(ms|s|m|h|d|w)$/.test(word))
    throw new PositionFault(`${shown} is in the future; for two hours ago write -2h`);
  throw new PositionFault(`${JSON.stringify(shown)} is not a position; write one, ${EXAMPLES}`);
}

function tableOf(file: string, read: (file: string) => string): Position {
  if (file === '') throw new PositionFault('@ names no file; write @offsets.json');
  return { kind: 'table', file, offsets: readTable(file, read(file)) };
}

const TABLE_EXAMPLE = '{"orders": {"0": 1200, "1": 1175}}';

function readTable(file: string, text: string): OffsetTable {
  let root: unknown;
  try {
    root = JSON.parse(text);
  } catch (error) {
    throw new PositionFault(`${file} is not JSON: ${error instanceof Error ? error.message : 'unknown'}`);
  }
  const topics = entriesOf(root);
  if (topics === undefined || topics.length === 0)
    throw new PositionFault(`${file} must hold an object of topics, such as ${TABLE_EXAMPLE}`);
  return new Map(topics.map(([topic, partitions]) => [topic, readPartitions(file, topic, partitions)]));
}

function readPartitions(file: string, topic: string, given: unknown): ReadonlyMap<number, number> {
  const partitions = entriesOf(given);
  if (partitions === undefined)
    throw new PositionFault(
      `${file}: ${JSON.stringify(topic)} must be an object of partitions, such as ${TABLE_EXAMPLE}`,
    );
  return new Map(
    partitions.map(([partition, offset]): [number, number] => {
      if (!/^(0|[1-9]\d{0,9})$/.test(partition))
        throw new PositionFault(`${file}: ${topic} has ${JSON.stringify(partition)} for a partition number`);
      if (typeof offset !== 'number' || !Number.isSafeInteger(offset) || offset < 0)
        throw new PositionFault(
          `${file}: the offset of ${topic}[${partition}] must be a whole number from 0, not ` +
            String(JSON.stringify(offset)),
        );
      return [Number(partition), offset];
    }),
  );
}

function entriesOf(value: unknown): [string, unknown][] | undefined {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
    ? Object.entries(value)
    : undefined;
}
