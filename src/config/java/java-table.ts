/**
 * Every name of Kafka's Java clients (2.x to 4.x) and its translation: the one table behind reading,
 * --explain and docs/CONFIG.md.
 */

import { canonicalName } from '../../kafka/properties/names.js';
import type { JavaRow } from './java-outcomes.js';
import { CLIENT_ROWS } from './java-table-clients.js';
import { SECURITY_ROWS } from './java-table-security.js';

export const JAVA_ROWS: readonly JavaRow[] = [...CLIENT_ROWS, ...SECURITY_ROWS];

const BY_NAME: ReadonlyMap<string, JavaRow> = new Map(JAVA_ROWS.map((row) => [row[0], row]));

export const JAVA_NAMES: readonly string[] = [...BY_NAME.keys()];

/** Settings of Java classes (serializers, reporters) that do not run here. */
const IGNORED_PREFIXES = ['spring.json.', 'spring.deserializer.', 'metrics.jmx.', 'metrics.context.'];

export function javaRow(name: string): JavaRow | undefined {
  const row = BY_NAME.get(name);
  if (row !== undefined) return row;
  if (IGNORED_PREFIXES.some((prefix) => name.startsWith(prefix)))
    return [name, '*', { kind: 'ignored' }, 'is a setting of a Java class'];
  return name.startsWith('config.providers.')
    ? [name, '*', BY_NAME.get('config.providers')?.[2] ?? { kind: 'ignored' }, '']
    : undefined;
}

/** Names of both worlds that mean the same property share this identity. */
export function propertyIdentity(name: string): string {
  const outcome = BY_NAME.get(name)?.[2];
  return canonicalName(outcome?.kind === 'property' ? outcome.name : name);
}
