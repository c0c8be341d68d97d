import type { AcknowledgedOutput, ReceiptLine, SettledInput } from './lines.js';
import { readSum } from './sum.js';

const KINDS: ReadonlySet<unknown> = new Set(['begun', 'reloaded', 'bounds', 'settled', 'ended']);

/**
 * The content of a line whose chain was checked. Returns a text that says what is wrong where a line is not
 * understood: it was written by hand, or by a newer version.
 */
export function readLine(text: string): ReceiptLine | string {
  let line: unknown;
  try {
    line = JSON.parse(text);
  } catch (error) {
    return `is not JSON: ${error instanceof Error ? error.message : 'unknown'}`;
  }
  if (!isObject(line) || !KINDS.has(line['kind'])) return 'is of a kind that this version does not know';
  const wrong = wrongIn(line);
  return isLine(line, wrong) ? line : `has no valid ${wrong ?? 'content'}`;
}

/** `wrong`: the field that is not as the type says. */
function isLine(line: object, wrong: string | undefined): line is ReceiptLine {
  return wrong === undefined && 'kind' in line;
}

function wrongIn(line: Readonly<Record<string, unknown>>): string | undefined {
  if (typeof line['instance'] !== 'string' || typeof line['time'] !== 'string') return 'instance and time';
  switch (line['kind']) {
    case 'begun':
      if (line['schema'] !== 1) return 'schema (this version knows 1)';
      if (!isList(line['inputs'], isIdentity)) return 'inputs';
      if (!isList(line['outputs'], isIdentity)) return 'outputs';
      return isList(line['outputEnds'], isEnd) ? undefined : 'outputEnds';
    case 'bounds':
      return isList(line['ranges'], isRange) ? undefined : 'ranges';
    case 'settled':
      if (!isList(line['inputs'], (input) => isHashed(input, 'pieces', 4))) return 'inputs';
      if (!isList(line['outputs'], (output) => isHashed(output, 'runs', 2))) return 'outputs';
      return isCount(line['unplaced']) ? undefined : 'unplaced';
    case 'ended':
      return isCount(line['unsettled']) && typeof line['state'] === 'string'
        ? undefined
        : 'state and unsettled';
    default:
      return undefined;
  }
}

function isHashed(
  item: Readonly<Record<string, unknown>>,
  ranges: keyof SettledInput | keyof AcknowledgedOutput,
  fields: number,
): boolean {
  const list = item[ranges];
  const isTuple = (range: unknown): boolean =>
    Array.isArray(range) &&
    range.length === fields &&
    range.every(isCount) &&
    Number(range[0]) < Number(range[1]);
  return (
    isPlace(item) &&
    isCount(item['records']) &&
    readSum(item['sum']) !== undefined &&
    typeof item['marks'] === 'string' &&
    Array.isArray(list) &&
    list.every(isTuple)
  );
}

function isEnd(item: Readonly<Record<string, unknown>>): boolean {
  return isPlace(item) && isCount(item['to']);
}

function isRange(item: Readonly<Record<string, unknown>>): boolean {
  return isEnd(item) && isCount(item['from']);
}

function isIdentity(item: Readonly<Record<string, unknown>>): boolean {
  return typeof item['topic'] === 'string' && (item['id'] === null || typeof item['id'] === 'string');
}

function isPlace(item: Readonly<Record<string, unknown>>): boolean {
  return typeof item['topic'] === 'string' && isCount(item['partition']);
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 0;
}

function isList(value: unknown, fits: (item: Readonly<Record<string, unknown>>) => boolean): boolean {
  return Array.isArray(value) && value.every((item: unknown) => isObject(item) && fits(item));
}

function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
