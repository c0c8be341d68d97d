/**
 * Every key of the configuration: the tables of all sections, and the other names a file may contain. A new
 * key is a row here; its typed setting, its environment variable, `--set`, `config show` and the table in
 * docs/CONFIG.md are derived from that row.
 */
import { DISPATCHER_KEYS } from './dispatcher-keys.js';
import type { Field, Setting } from './field.js';
import { KAFKA_KEYS } from './kafka-keys.js';
import { NAME_KEY, PROCESS_KEYS } from './process-keys.js';

/** All keys, in the order of the example file. */
const SCHEMA = { ...NAME_KEY, ...KAFKA_KEYS, ...DISPATCHER_KEYS, ...PROCESS_KEYS };

export type Schema = typeof SCHEMA;
export type Path = keyof Schema;
export type SettingOf<P extends Path> = Setting<Schema[P]>;

/** A row of the schema with its path. */
export interface Key extends Field {
  readonly path: Path;
}

const rows: Readonly<Record<Path, Field>> = SCHEMA;

export const FIELDS: readonly Key[] = (Object.keys(SCHEMA) as Path[]).map((path) => ({
  path,
  ...rows[path],
}));

export const FIELD_BY_PATH: ReadonlyMap<string, Key> = new Map(FIELDS.map((field) => [field.path, field]));

/** Maps of librdkafka properties: below them the rest of the path is one name. */
export const PROPERTY_MAPS = [
  'kafka.properties',
  'kafka.consumer.properties',
  'kafka.producer.properties',
] as const;
export type PropertyMap = (typeof PROPERTY_MAPS)[number];

/** The free map that the transform receives. */
export const OPTIONS_PATH = 'dispatcher.options';

/** Settings for topics that kd creates; topic names are free, see topics.ts. */
export const TOPICS_PATH = 'topics';

/** Text instead of one of these sections sets this key of the section. */
export const SHORTHANDS: ReadonlyMap<string, string> = new Map([
  ['dispatcher.input.schema', 'dispatcher.input.schema.path'],
  ['dispatcher.output.schema', 'dispatcher.output.schema.path'],
  ['dispatcher.dead-letter', 'dispatcher.dead-letter.topic'],
  ['logging.level', 'logging.level.root'],
]);

/** Reserved keys: ignoring them would change what a job does, so they are refused. */
export const LATER: ReadonlyMap<string, string> = new Map([
  ['dispatcher.retry', 'retries are not available yet'],
  ['dispatcher.retry.attempts-max', 'retries are not available yet'],
  ['dispatcher.retry.time-max', 'retries are not available yet'],
  ['dispatcher.retry.backoff', 'retries are not available yet'],
  ['dispatcher.retry.backoff-max', 'retries are not available yet'],
  ['dispatcher.dead-letter.headers', 'other header layouts of dead letters are not available yet'],
]);

/** Every section: the parents of all keys. */
export const SECTIONS: ReadonlySet<string> = new Set(
  [...FIELDS.map((field) => field.path), ...PROPERTY_MAPS, OPTIONS_PATH, ...LATER.keys()].flatMap((path) => {
    const parts = path.split('.');
    return parts.slice(0, -1).map((_, index) => parts.slice(0, index + 1).join('.'));
  }),
);

export function isPropertyMap(path: string): path is PropertyMap {
  return (PROPERTY_MAPS as readonly string[]).includes(path);
}

/** `dispatcher.batch.bytes-max` → `KD_DISPATCHER_BATCH_BYTES_MAX`. */
export function environmentName(path: string): string {
  return `KD_${path.toUpperCase().replaceAll(/[.-]/g, '_')}`;
}
