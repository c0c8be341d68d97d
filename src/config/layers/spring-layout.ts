/** Reads Spring's layout: takes its part for Kafka, and nests dotted keys. */
import { isSpringFile } from '../text/spring-prune.js';
import type { MapTree, Tree } from '../text/yaml-tree.js';

/** `spring.kafka.consumer.group-id: x` as nested mappings. Below `properties` names keep their dots. */
export function unfold(tree: MapTree): MapTree {
  const entries: { key: string; keyAt: MapTree['at']; node: Tree }[] = [];
  const add = (key: string, keyAt: MapTree['at'], node: Tree): void => {
    const index = entries.findIndex((entry) => entry.key === key);
    const before = entries[index];
    if (before?.node.kind === 'map' && node.kind === 'map')
      entries[index] = {
        ...before,
        node: { ...before.node, entries: [...before.node.entries, ...node.entries] },
      };
    else entries.push({ key, keyAt, node });
  };
  for (const { key, keyAt, node } of tree.entries) {
    const dot = key.indexOf('.');
    if (dot < 0) add(key, keyAt, node);
    else
      add(key.slice(0, dot), keyAt, {
        kind: 'map',
        at: keyAt,
        entries: [{ key: key.slice(dot + 1), keyAt, node }],
      });
  }
  return {
    ...tree,
    entries: entries.map((entry) =>
      entry.node.kind === 'map' && entry.key !== 'properties'
        ? { ...entry, node: unfold(entry.node) }
        : entry,
    ),
  };
}

export interface SpringParts {
  /** The part below `spring.kafka`. */
  readonly kafka: MapTree | undefined;
  readonly applicationName: Tree | undefined;
  readonly rest: MapTree;
}

/** Undefined when the file is not a Spring file. */
export function springParts(tree: MapTree): SpringParts | undefined {
  const mapOf = (key: string): MapTree | undefined => mapIn(tree, key);
  if (
    !isSpringFile(
      tree.entries.map((entry) => entry.key),
      (key) => mapOf(key)?.entries.map((entry) => entry.key) ?? [],
    )
  )
    return undefined;
  const nested = unfold(tree);
  const spring = mapIn(nested, 'spring');
  const application = spring === undefined ? undefined : mapIn(spring, 'application');
  return {
    kafka: spring === undefined ? undefined : mapIn(spring, 'kafka'),
    applicationName: application?.entries.find((entry) => entry.key === 'name')?.node,
    rest: { ...nested, entries: nested.entries.filter((entry) => entry.key !== 'spring') },
  };
}

function mapIn(tree: MapTree, key: string): MapTree | undefined {
  const node = tree.entries.find((entry) => entry.key === key)?.node;
  return node?.kind === 'map' ? node : undefined;
}
