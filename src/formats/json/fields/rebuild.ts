import { type FieldPath, type FieldTree, shownPath } from '../../fields/declared.js';
import { FormatError } from '../../format.js';
import { behindString } from '../../json-scan.js';
import { fieldText } from './field-text.js';
import { fieldsOf } from './result-fields.js';

const BYTE_ORDER_MARK = '\ufeff';
const QUOTE = 34;
const COMMA = 44;
const BLANK: ReadonlySet<number> = new Set([9, 10, 13, 32]);
const OPEN: ReadonlySet<number> = new Set([91, 123]);
const CLOSE: ReadonlySet<number> = new Set([93, 125]);

interface Member {
  readonly name: string;
  /** The text of its name, as written. */
  readonly key: string;
  /** The value's text as it is. */
  readonly text: string;
}

/**
 * The text of a record with the written fields of `result` in it, for records in which a field appears or
 * disappears: those are put together member by member. Values that are not written keep their text.
 * `record`: valid JSON without a key that is there twice.
 */
export function rebuiltRecord(record: string, writes: FieldTree, result: unknown): string {
  const start = behindBlanks(record, record.startsWith(BYTE_ORDER_MARK) ? 1 : 0);
  const end = behindValue(record, start);
  const object = rebuilt(record.slice(start, end), { writes, result, path: [] });
  return record.slice(0, start) + object + record.slice(end);
}

interface Change {
  readonly writes: FieldTree;
  readonly result: unknown;
  readonly path: FieldPath;
}

function rebuilt(object: string, { writes, result, path }: Change): string {
  if (!object.startsWith('{')) throw noObject(path);
  const fields = fieldsOf(result);
  const members: string[] = [];
  const add = (name: string, key: string, text: string | undefined): void => {
    const written = writes.get(name);
    const [own, value] = [[...path, name], fields[name]];
    if (written === undefined) members.push(`${key}:${text ?? ''}`);
    else if (written !== 'whole')
      members.push(`${key}:${rebuilt(text ?? '{}', { writes: written, result: value, path: own })}`);
    else if (value !== undefined) members.push(`${key}:${fieldText(value, own)}`);
  };
  const present = new Set<string>();
  for (const { name, key, text } of membersOf(object)) {
    present.add(name);
    add(name, key, text);
  }
  for (const name of writes.keys()) if (!present.has(name)) add(name, JSON.stringify(name), undefined);
  return `{${members.join(',')}}`;
}

function noObject(path: FieldPath): FormatError {
  const what = path.length === 0 ? 'the record' : shownPath(path);
  return new FormatError(
    'INVALID_RESULT',
    `${what} is not an object, so none of its fields can be written; forward() or reject() such a record`,
  );
}

function* membersOf(object: string): Generator<Member> {
  let at = behindBlanks(object, 1);
  while (object.charCodeAt(at) === QUOTE) {
    const keyEnd = behindString(object, at);
    const key = object.slice(at, keyEnd);
    const name: unknown = JSON.parse(key);
    // After the colon.
    const start = behindBlanks(object, behindBlanks(object, keyEnd) + 1);
    const end = behindValue(object, start);
    yield { name: String(name), key, text: object.slice(start, end) };
    at = behindBlanks(object, end);
    if (object.charCodeAt(at) === COMMA) at = behindBlanks(object, at + 1);
  }
}

function behindBlanks(text: string, at: number): number {
  let i = at;
  while (BLANK.has(text.charCodeAt(i))) i += 1;
  return i;
}

function behindValue(text: string, at: number): number {
  let depth = 0;
  let i = at;
  while (i < text.length) {
    const c = text.charCodeAt(i);
    if (c === QUOTE) i = behindString(text, i);
    else {
      if (depth === 0 && (c === COMMA || CLOSE.has(c) || BLANK.has(c))) return i;
      if (OPEN.has(c)) depth += 1;
      else if (CLOSE.has(c)) depth -= 1;
      i += 1;
    }
    if (depth === 0 && (c === QUOTE || CLOSE.has(c))) return i;
  }
  return i;
}
