import { PATHS_MAX } from './scanner-layout.js';

/** The paths of a scanner as a tree of keys, depth first, as the scanner wants them. */
export interface KeyTree {
  /** Parents count from 0, the root, which is not listed. `path` −1: the key only leads to others. */
  readonly nodes: readonly (readonly [parent: number, name: string, path: number])[];
  /** The number of each given path in the order of the nodes. */
  readonly places: readonly number[];
  readonly objects: readonly (readonly string[])[];
}

interface Key {
  given: number;
  readonly children: Map<string, Key>;
}

/** Throws a RangeError for an empty path, a path that is given twice, and too many paths. */
export function keyTree(paths: readonly (readonly string[])[]): KeyTree {
  if (paths.length > PATHS_MAX) throw new RangeError(`${paths.length} paths; a scanner takes ${PATHS_MAX}`);
  const root: Key = { given: -1, children: new Map() };
  for (const [given, path] of paths.entries()) {
    if (path.length === 0) throw new RangeError('an empty path');
    let key = root;
    for (const name of path) key = childOf(key, name);
    if (key.given >= 0) throw new RangeError(`the path ${path.join('.')} twice`);
    key.given = given;
  }
  const nodes: [number, string, number][] = [];
  const places = new Array<number>(paths.length).fill(0);
  const objects: (readonly string[])[] = [[]];
  let placed = 0;
  const walk = (key: Key, number: number, path: readonly string[]): void => {
    for (const [name, child] of key.children) {
      const childPath = [...path, name];
      if (child.given >= 0) places[child.given] = placed;
      nodes.push([number, name, child.given < 0 ? -1 : placed++]);
      if (child.children.size > 0) objects.push(childPath);
      walk(child, nodes.length, childPath);
    }
  };
  walk(root, 0, []);
  return { nodes, places, objects };
}

function childOf(key: Key, name: string): Key {
  const known = key.children.get(name);
  if (known !== undefined) return known;
  const child: Key = { given: -1, children: new Map() };
  key.children.set(name, child);
  return child;
}
