/**
 * Translates Java names that have a key of their own here: `group.id` is `kafka.consumer.group-id`. Works
 * layer by layer, so that later layers win.
 */

import { javaRow } from '../java/java-table.js';
import { PROPERTY_MAPS, type PropertyMap } from '../keys/schema.js';
import type { Notes } from '../keys/side.js';
import { ValueFault } from '../keys/value-fault.js';
import type { Entry } from '../text/entry.js';
import { formatOrigin, type Problems } from '../text/problem.js';
import type { Layer } from './layers.js';

export function takeOverKeys(layer: Layer, problems: Problems, notes: Notes): void {
  for (const map of PROPERTY_MAPS) {
    for (const [name, entry] of [...layer.properties[map]]) {
      const path = pathOf(map, name);
      if (path === undefined) continue;
      layer.properties[map].delete(name);
      const written = { ...entry, key: entry.key ?? `${map}.${name}` };
      const value = converted(name, written, problems, notes);
      if (value !== undefined) takeOver(layer, path, { ...written, value }, problems);
    }
  }
}

/** The configuration wins where it and the properties file set a key of kd to different values. */
export function noteOverridden(file: Layer, configuration: Layer, notes: Notes): void {
  for (const [path, { key = path, value, origin }] of file.fields) {
    const own = configuration.fields.get(path);
    if (own === undefined || own.value === null || sameText(own.value, value)) continue;
    notes.add({ key, origin }, `${own.key ?? path} at ${formatOrigin(own.origin)} is used instead`);
  }
}

/** Java writes a YAML list with commas. */
function sameText(a: unknown, b: unknown): boolean {
  const text = (value: unknown): string =>
    (Array.isArray(value) ? value.join(',') : String(value)).replaceAll(/\s/g, '');
  return text(a) === text(b);
}

/**
 * The key of kd that a Java name sets. Undefined if it sets none, or if it has no effect in this map, which
 * is reported later.
 */
function pathOf(map: PropertyMap, name: string): string | undefined {
  const row = javaRow(name);
  if (row === undefined || row[2].kind !== 'key') return undefined;
  const [, clients, outcome] = row;
  if (map === 'kafka.consumer.properties')
    return clients === 'P' ? undefined : (outcome.consumerPath ?? outcome.path);
  if (map === 'kafka.producer.properties')
    return clients === 'C' ? undefined : (outcome.producerPath ?? outcome.path);
  return outcome.path;
}

type Written = Entry<string> & { readonly key: string };

function converted(name: string, entry: Written, problems: Problems, notes: Notes): string | undefined {
  const outcome = javaRow(name)?.[2];
  if (outcome?.kind !== 'key' || outcome.convert === undefined) return entry.value.trim();
  try {
    const value = outcome.convert(entry.value);
    if (value === undefined)
      notes.add(entry, `${name} is left out: the behaviour it asks for already applies`);
    return value;
  } catch (fault) {
    if (!(fault instanceof ValueFault)) throw fault;
    problems.error(
      entry.origin,
      entry.key,
      entry.secret ? 'has an invalid value' : fault.message,
      fault.remedy,
    );
    return undefined;
  }
}

function takeOver(layer: Layer, path: string, entry: Written, problems: Problems): void {
  const own = layer.fields.get(path);
  if (own === undefined) layer.fields.set(path, entry);
  else if (String(own.value) !== entry.value)
    problems.error(
      entry.origin,
      entry.key,
      `sets ${path} to another value than ${own.key === undefined ? 'the key itself' : own.key}`,
      'keep one of them',
    );
}
