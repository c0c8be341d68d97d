/** The fields that a transform declares with `reads` and `writes`. */

/** From the top: `['user', 'name']`, written as `user.name`. */
export type FieldPath = readonly string[];

export interface DeclaredFields {
  /** The transform's value has these, and only these. */
  readonly reads: readonly FieldPath[];
  /** The transform's result has these; the rest of the record is copied unchanged. */
  readonly writes: readonly FieldPath[];
}

/** Declared fields by their names: `whole` for a field itself, else the declared fields inside it. */
export type FieldTree = ReadonlyMap<string, FieldTree | 'whole'>;

const NO_FIELDS: FieldTree = new Map();

/** No path may be the beginning of another one; {@link overlapOf} finds such pairs. */
export function treeOf(paths: readonly FieldPath[]): FieldTree {
  const tree = new Map<string, FieldTree | 'whole'>();
  const names = new Set(paths.map(([name]) => name));
  for (const name of names) {
    if (name === undefined) continue;
    const inside = paths.filter(([first]) => first === name).map((path) => path.slice(1));
    tree.set(name, inside.some((path) => path.length === 0) ? 'whole' : treeOf(inside));
  }
  return tree;
}

/** The declared fields inside a field; none if it is declared as a whole, or not at all. */
export function insideOf(tree: FieldTree, name: string): FieldTree {
  const found = tree.get(name);
  return found === undefined || found === 'whole' ? NO_FIELDS : found;
}

/** Two paths of which the first contains the second. */
export function overlapOf(paths: readonly FieldPath[]): readonly [FieldPath, FieldPath] | undefined {
  for (const outer of paths) {
    for (const inner of paths) {
      if (inner !== outer && outer.every((name, at) => name === inner[at])) return [outer, inner];
    }
  }
  return undefined;
}

export function shownPath(path: FieldPath): string {
  return path.join('.');
}
