/**
 * One layer of settings: the values of the file, the environment, `--set` or an option, each with its place.
 */

import type { PropertyMap } from '../keys/schema.js';
import type { Entry, TopicEntries } from '../text/entry.js';
import { overlay } from './overlay.js';

export type { Entry, TopicEntries } from '../text/entry.js';

export interface Layer {
  /** Field path → the value as written: text, number, boolean, or a list of texts. */
  readonly fields: Map<string, Entry<unknown>>;
  readonly properties: Readonly<Record<PropertyMap, Map<string, Entry<string>>>>;
  /** Top-level keys of `dispatcher.options`. */
  readonly options: Map<string, Entry<unknown>>;
  readonly topics: TopicEntries;
}

export function emptyLayer(): Layer {
  return {
    fields: new Map(),
    properties: {
      'kafka.properties': new Map(),
      'kafka.consumer.properties': new Map(),
      'kafka.producer.properties': new Map(),
    },
    options: new Map(),
    topics: new Map(),
  };
}

/** Later layers win, value by value. Maps are merged, and lists are replaced as a whole. */
export function mergeLayers(layers: readonly Layer[]): Layer {
  const merged = emptyLayer();
  for (const layer of layers) {
    for (const [path, entry] of layer.fields) merged.fields.set(path, entry);
    for (const [name, entry] of layer.options) {
      const below = merged.options.get(name);
      merged.options.set(name, {
        value: mergeObjects(below?.value, entry.value),
        origin: entry.origin,
        secret: entry.secret || below?.secret === true,
      });
    }
    for (const [topic, settings] of layer.topics)
      merged.topics.set(topic, new Map([...(merged.topics.get(topic) ?? []), ...settings]));
    for (const map of Object.keys(layer.properties) as PropertyMap[]) {
      const over = overlay(merged.properties[map], layer.properties[map]);
      merged.properties[map].clear();
      for (const [name, entry] of over) merged.properties[map].set(name, entry);
    }
  }
  return merged;
}

const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

/** Merges objects deeply; anything else is replaced. */
export function mergeObjects(below: unknown, above: unknown): unknown {
  if (!isObject(below) || !isObject(above)) return above;
  const names = new Set([...Object.keys(below), ...Object.keys(above)]);
  return Object.fromEntries(
    [...names].map((name) => [
      name,
      Object.hasOwn(above, name)
        ? mergeObjects(Object.hasOwn(below, name) ? below[name] : undefined, above[name])
        : below[name],
    ]),
  );
}
