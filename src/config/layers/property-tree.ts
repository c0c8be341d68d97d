/** The maps of Kafka's properties, dotted or nested. */
import type { PropertyMap } from '../keys/schema.js';
import type { Problems } from '../text/problem.js';
import type { MapTree, Tree } from '../text/yaml-tree.js';
import type { Layer } from './layers.js';
import { anySecret, fromFile } from './plain.js';

const PROPERTY_NAME_LENGTH_MAX = 200;

export interface PropertyParts {
  readonly layer: Layer;
  readonly problems: Problems;
  /** How the key was written, if that is not its path. */
  readonly written: (path: string) => { key?: string };
}

export function readProperties(map: PropertyMap, node: Tree, parts: PropertyParts): void {
  if (node.kind === 'scalar' && node.value === null) return;
  if (node.kind !== 'map') {
    parts.problems.error(
      node.at,
      map,
      'must be a mapping of property names to values',
      'for example { linger.ms: 5 }',
    );
    return;
  }
  flatten(map, '', node, parts);
}

/** `ssl: { ca: { location: x } }` and `ssl.ca.location: x` are the same. */
function flatten(map: PropertyMap, prefix: string, tree: MapTree, parts: PropertyParts): void {
  for (const { key, keyAt, node } of tree.entries) {
    const name = prefix === '' ? key.trim() : `${prefix}.${key.trim()}`;
    const known = parts.layer.properties[map];
    if (node.kind === 'map') flatten(map, name, node, parts);
    else if (name.length > PROPERTY_NAME_LENGTH_MAX)
      parts.problems.error(
        keyAt,
        map,
        `has a name longer than ${PROPERTY_NAME_LENGTH_MAX} characters`,
        'check the name',
      );
    else if (known.has(name))
      parts.problems.error(
        keyAt,
        `${map}.${name}`,
        'is given twice, once nested and once with dots',
        'keep one of them',
      );
    else if (node.kind === 'scalar' && node.value === null)
      parts.problems.error(keyAt, `${map}.${name}`, 'has no value', 'give it one, or remove the key');
    else if (node.kind === 'scalar' && node.broken) continue;
    else if (node.kind === 'scalar')
      known.set(name, {
        value: node.text,
        origin: fromFile(node.at),
        secret: node.secret,
        ...parts.written(`${map}.${name}`),
      });
    else
      known.set(name, {
        value: node.items.map((item) => (item.kind === 'scalar' ? item.text : '')).join(','),
        origin: fromFile(node.at),
        secret: anySecret(node),
        ...parts.written(`${map}.${name}`),
      });
  }
}
