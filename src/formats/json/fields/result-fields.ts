import { type FieldPath, type FieldTree, shownPath } from '../../fields/declared.js';
import { FormatError } from '../../format.js';
import { SHOWN_CHARS_MAX } from '../../limits.js';

type Fields = Readonly<Record<string, unknown>>;

/** Refuses a result that is no object, or has fields that `writes` does not have, also inside of others. */
export function checkResult(result: unknown, writes: FieldTree, path: FieldPath = []): void {
  if (!isFields(result)) {
    const at = path.length === 0 ? 'the result' : shownPath(path);
    throw new FormatError(
      'INVALID_VALUE',
      `${at}: expected an object with the fields of \`writes\`, got ${shown(result)}`,
    );
  }
  for (const name in result) {
    const inside = writes.get(name);
    if (inside === undefined) throw unknownField([...path, name]);
  }
  for (const [name, inside] of writes)
    if (inside !== 'whole') checkResult(result[name], inside, [...path, name]);
}

function unknownField(path: FieldPath): FormatError {
  const name = shownPath(path);
  const short = name.length > SHOWN_CHARS_MAX ? `${name.slice(0, SHOWN_CHARS_MAX)}…` : name;
  return new FormatError(
    'INVALID_VALUE',
    `the result has the field ${JSON.stringify(short)}, but \`writes\` has not`,
  );
}

function isFields(value: unknown): value is Fields {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** `value` was checked. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function shown(value: unknown): string {
  if (value === null) return 'null';
  return Array.isArray(value) ? 'a list' : typeof value;
}
