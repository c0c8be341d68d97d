/** Selects the parts of a Spring file that concern Kafka. */
import { isMap, isScalar, type Node, type YAMLMap } from 'yaml';
import { LOG_AREAS } from '../../core/log/areas.js';

/** True when the file configures Kafka in Spring's layout. */
export function isSpringFile(keys: Iterable<string>, childrenOf: (key: string) => Iterable<string>): boolean {
  for (const key of keys) {
    if (/^spring\.kafka(\.|$)/.test(key)) return true;
    if (key === 'spring') for (const child of childrenOf(key)) if (/^kafka(\.|$)/.test(child)) return true;
  }
  return false;
}

/**
 * Removes everything from a Spring file that is not about Kafka, before values are read: other parts have
 * their own placeholders.
 */
export function pruneSpring(contents: YAMLMap): void {
  if (isSpringFile(keysOf(contents), (key) => keysOf(contents.get(key, true)))) prune(contents, []);
}

function keysOf(node: unknown): string[] {
  return isMap(node) ? node.items.map((pair) => (isScalar(pair.key) ? String(pair.key.value) : '')) : [];
}

function prune(map: YAMLMap, path: readonly string[]): void {
  map.items = map.items.filter((pair) => {
    if (!isScalar(pair.key)) return path.length > 0;
    const full = [...path, ...String(pair.key.value).split('.')];
    const verdict = concerns(full);
    if (verdict === 'inside' && isMap(pair.value)) prune(pair.value as YAMLMap<Node, Node>, full);
    return verdict === 'all' || (verdict === 'inside' && isMap(pair.value));
  });
}

function concerns([top, second, third, ...rest]: readonly string[]): 'all' | 'inside' | 'nothing' {
  if (['name', 'kafka', 'dispatcher', 'topics'].includes(top ?? '')) return 'all';
  if (second === undefined) return ['spring', 'server', 'logging'].includes(top ?? '') ? 'inside' : 'nothing';
  if (top === 'spring')
    return second === 'kafka'
      ? 'all'
      : second !== 'application'
        ? 'nothing'
        : third === undefined
          ? 'inside'
          : third === 'name'
            ? 'all'
            : 'nothing';
  if (top === 'server') return second === 'port' || second === 'address' ? 'all' : 'nothing';
  if (top !== 'logging' || (second !== 'level' && second !== 'format')) return 'nothing';
  if (third === undefined) return second === 'format' ? 'all' : 'inside';
  const area = third.toLowerCase();
  return rest.length === 0 && (area === 'root' || Object.hasOwn(LOG_AREAS, area)) ? 'all' : 'nothing';
}
