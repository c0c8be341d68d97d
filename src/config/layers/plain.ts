/** Converts YAML's tree to values. */
import { parse } from 'yaml';
import type { Origin, Position } from '../text/problem.js';
import type { Tree } from '../text/yaml-tree.js';

export const fromFile = (at: Position): Origin => ({ kind: 'file', at });

export function anySecret(node: Tree): boolean {
  if (node.kind === 'scalar') return node.secret;
  return node.kind === 'list'
    ? node.items.some(anySecret)
    : node.entries.some((entry) => anySecret(entry.node));
}

/** The tree as ordinary values. An unquoted `${N}` whose value looks like a number becomes one. */
export function plain(node: Tree): unknown {
  if (node.kind === 'list') return node.items.map(plain);
  if (node.kind === 'map') {
    // Uses defineProperty, so that a key named __proto__ is only a key.
    const object: Record<string, unknown> = {};
    for (const { key, node: child } of node.entries) {
      Object.defineProperty(object, key, {
        value: plain(child),
        enumerable: true,
        writable: true,
        configurable: true,
      });
    }
    return object;
  }
  return node.interpolated && !node.quoted && /^(true|false|null|[-+]?[\d.][\d.eE+-]*)$/.test(node.text)
    ? parse(node.text)
    : node.value;
}
