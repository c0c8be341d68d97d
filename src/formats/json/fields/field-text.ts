import { type FieldPath, shownPath } from '../../fields/declared.js';
import { FormatError } from '../../format.js';
import { jsonText } from '../../json-encode.js';

/** The JSON text of a written field. Throws {@link FormatError} for a value that JSON would lose. */
export function fieldText(value: unknown, path: FieldPath): string {
  if (typeof value === 'string') return JSON.stringify(value);
  try {
    return jsonText(value);
  } catch (cause) {
    if (cause instanceof FormatError)
      throw new FormatError(cause.code, `${shownPath(path)}: ${cause.message}`, { cause });
    throw cause;
  }
}
