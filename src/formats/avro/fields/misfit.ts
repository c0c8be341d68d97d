import { nearestName } from '../../../core/nearest-name.js';
import { type FieldPath, shownPath } from '../../fields/declared.js';

/** A declared field that doesn't fit the schemas. */
export class Misfit extends Error {
  override readonly name = 'Misfit';
}

export function unknownField(
  of: string,
  path: FieldPath,
  fields: readonly { readonly name: string }[],
): Misfit {
  const near = nearestName(path.at(-1) ?? '', new Set(fields.map(({ name }) => name)));
  const meant = near === undefined ? '' : `; did you mean ${shownPath([...path.slice(0, -1), near])}?`;
  return new Misfit(`${of} has no field ${shownPath(path)}${meant}`);
}

/** All that is wrong, so that a user need not correct one mistake to see the next. */
export type Misfits = Misfit[];
