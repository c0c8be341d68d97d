import { type FieldPath, type FieldTree, shownPath } from '../../fields/declared.js';
import { FormatError } from '../../format.js';
import { SHOWN_CHARS_MAX } from '../../limits.js';

type Fields = Readonly<Record<string, unknown>>;

/** The written fields of results, in the order of their paths. */
export class ResultFields {
  /** Those of the last result. */
  readonly values: unknown[];
  readonly #check: ObjectCheck;
  readonly #take: (result: unknown, values: unknown[]) => void;

  constructor(tree: FieldTree, paths: readonly FieldPath[]) {
    this.values = paths.map(() => undefined);
    this.#check = new ObjectCheck(tree, []);
    const member = (path: FieldPath): string => path.map((name) => `[${JSON.stringify(name)}]`).join('');
    const lines = paths.map((path, index) => `values[${index}] = result${member(path)};`);
    // Safe: the names come from the user's own module, and are string literals in the source.
    this.#take = new Function('result', 'values', lines.join('\n')) as (
      result: unknown,
      values: unknown[],
    ) => void;
  }

  /**
   * Throws {@link FormatError} for a result that is not an object, or has fields that `writes` does not
   * have.
   */
  take(result: unknown): void {
    this.#check.pass(result);
    this.#take(result, this.values);
  }
}

/** Checks an object of a result, and the objects inside it that have written fields. */
class ObjectCheck {
  readonly #path: FieldPath;
  readonly #names: ReadonlySet<string>;
  readonly #inside: readonly (readonly [name: string, check: ObjectCheck])[];

  constructor(tree: FieldTree, path: FieldPath) {
    this.#path = path;
    this.#names = new Set(tree.keys());
    this.#inside = [...tree].flatMap(([name, inside]) =>
      inside === 'whole' ? [] : [[name, new ObjectCheck(inside, [...path, name])] as const],
    );
  }

  pass(given: unknown): void {
    if (!isFields(given)) {
      const at = this.#path.length === 0 ? 'the result' : shownPath(this.#path);
      throw new FormatError(
        'INVALID_VALUE',
        `${at}: expected an object with the fields of \`writes\`, got ${shown(given)}`,
      );
    }
    for (const name in given) if (!this.#names.has(name)) throw unknownField([...this.#path, name]);
    for (const [name, check] of this.#inside) check.pass(given[name]);
  }
}

function unknownField(path: FieldPath): FormatError {
  const name = shownPath(path);
  const short = name.length > SHOWN_CHARS_MAX ? `${name.slice(0, SHOWN_CHARS_MAX)}…` : name;
  return new FormatError(
    'INVALID_VALUE',
    `the result has the field ${JSON.stringify(short)}, but \`writes\` does not list it`,
  );
}

/**
 * Not for a Map, a promise, a Date, an error and the like: none of the written fields would be found in them,
 * so all would disappear from the record.
 */
function isFields(value: unknown): value is Fields {
  if (typeof value !== 'object' || value === null) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null || tagOf(value) === 'Object';
}

/** What kind of built-in object it is: 'Map', 'Date', 'Array'; 'Object' for others and for most classes. */
function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice('[object '.length, -1);
}

/** `value` was checked. */
export function fieldsOf(value: unknown): Fields {
  return isFields(value) ? value : {};
}

function shown(value: unknown): string {
  if (value === null) return 'null';
  if (typeof value !== 'object') return typeof value;
  return Array.isArray(value) ? 'a list' : `an object of type ${tagOf(value)}`;
}
