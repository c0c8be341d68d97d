import { type DeclaredFields, type FieldPath, overlapOf, shownPath } from '../../formats/fields/declared.js';
import { loadError } from './load-error.js';

interface Module {
  readonly path: string;
  /** Whether `input` or `output` is a schema, which checks whole values. */
  readonly checksWhole: boolean;
}

/**
 * The fields that a transform declares in `reads` and `writes`; undefined if it has neither. Throws a
 * TRANSFORM_LOAD error that names the file.
 */
export function declaredFields(
  definition: Readonly<Record<string, unknown>>,
  { path, checksWhole }: Module,
): DeclaredFields | undefined {
  const { reads, writes } = definition;
  if (reads === undefined && writes === undefined) return undefined;
  if (checksWhole)
    throw loadError(
      path,
      'declares fields (`reads`, `writes`), but `input` or `output` is a schema, which checks whole values',
      'give type<T>() instead and check the fields in validate; or remove `reads` and `writes`',
    );
  return { reads: pathsOf(reads, 'reads', path), writes: pathsOf(writes, 'writes', path) };
}

function pathsOf(given: unknown, name: 'reads' | 'writes', file: string): readonly FieldPath[] {
  if (given === undefined) return [];
  if (!Array.isArray(given))
    throw loadError(
      file,
      `${name} is ${given === null ? 'null' : `of type ${typeof given}`}, not a list`,
      `list field names: ${name}: ['amount']`,
    );
  const paths = given.map((path: unknown) => pathOf(path, name, file));
  const overlap = overlapOf(paths);
  if (overlap === undefined) return paths;
  const [outer, inner] = overlap.map(shownPath);
  throw loadError(
    file,
    outer === inner
      ? `${name} has ${outer} twice`
      : `${name} has both ${outer} and ${inner}, which is a part of it`,
    `remove ${inner}`,
  );
}

function pathOf(given: unknown, name: string, file: string): FieldPath {
  const path = typeof given === 'string' ? given.split('.') : [''];
  if (!path.includes('') && !path.includes('__proto__')) return path;
  throw loadError(
    file,
    `${name} has ${shownValue(given)}, which is not a field name`,
    "write names such as 'amount', or 'user.name' for a field inside another one",
  );
}

function shownValue(value: unknown): string {
  return typeof value === 'string' || typeof value === 'number' ? JSON.stringify(value) : `a ${typeof value}`;
}
