/**
 * The shape of a topic's records: which keys they have, in which order. Nearly all records of a topic have
 * the same one, so code compiled for it reads and writes them.
 */

/** A member whose value is read as a whole. */
interface Leaf {
  readonly key: string;
  readonly leaf: number;
}

/** An object whose members are part of the shape as well. */
export interface Group {
  readonly key: string;
  readonly members: readonly (Leaf | Group)[];
}

export interface Shape {
  readonly root: Group;
  /** The path of each leaf, in the order of the text. */
  readonly paths: readonly (readonly string[])[];
}

export const LEAVES_MAX = 64;
const GROUP_DEPTH_MAX = 4;
/** Keys become part of generated code, so nothing that could end a string literal is in them. */
const KEY = /^[\p{L}\p{N}_ .:@/#$+-]+$/u;
/** In UTF-16 units, each of which may be three bytes of a name in the scanner. */
const KEY_LENGTH_MAX = 300;
/** Such keys come first in an object, wherever they are in its text. */
const INDEX = /^\d+$/;

/** The shape of a value that was parsed; undefined if it has none, or too many keys. */
export function shapeOf(value: unknown): Shape | undefined {
  const paths: string[][] = [];
  const root = groupOf('', value, []);
  return root === undefined || paths.length > LEAVES_MAX ? undefined : { root, paths };

  function groupOf(key: string, object: unknown, path: readonly string[]): Group | undefined {
    if (!isMembers(object) || path.length > GROUP_DEPTH_MAX) return undefined;
    const members = Object.entries(object);
    if (members.length === 0 || members.length > LEAVES_MAX || members.some(([name]) => isOdd(name)))
      return undefined;
    return { key, members: members.map(([name, member]) => memberOf(name, member, [...path, name])) };
  }

  function memberOf(key: string, member: unknown, path: string[]): Leaf | Group {
    return groupOf(key, member, path) ?? { key, leaf: paths.push(path) - 1 };
  }
}

function isMembers(value: unknown): value is object {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function isOdd(key: string): boolean {
  return key.length > KEY_LENGTH_MAX || !KEY.test(key) || INDEX.test(key) || key === '__proto__';
}
