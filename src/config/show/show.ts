/**
 * The resolved configuration as rows: key, value as a user would write it, origin. Masks secrets once for all
 * outputs.
 */

import { isSecretName, MASK, maskUserInfo, namedEntries } from '../../secrets/names.js';
import type { ResolvedConfig } from '../keys/resolved.js';
import { FIELDS, type Key, OPTIONS_PATH, TOPICS_PATH } from '../keys/schema.js';
import type { Entry } from '../layers/layers.js';
import type { Loaded } from '../load.js';
import type { ContainerLimits } from '../resolve/control-groups.js';
import { autoThreads } from '../resolve/machine.js';
import { HEAP_MAX, limitWords, PORTIONS, QUEUE_PROPERTY } from '../resolve/memory.js';
import { formatOrigin } from '../text/problem.js';
import { formatDuration, formatPercent, formatSize } from '../text/units.js';

export interface ShownValue {
  /** Path of the section and name of the key: property names keep their dots. */
  readonly path: readonly string[];
  readonly value: unknown;
  readonly origin: string;
}

const OUR_DEFAULT = 'default of kafka-dispatcher';

/** Every value in use, in the order of the file. Keys without a value are left out. */
export function shownValues(config: ResolvedConfig, loaded: Pick<Loaded, 'details'>): readonly ShownValue[] {
  const { settings, merged, limits } = loaded.details;
  const rows: ShownValue[] = [];
  for (const field of FIELDS) {
    const entry = merged.fields.get(field.path);
    const value = fieldValue(field.path, config, settings.get(field.path));
    if (value === undefined || (field.path === 'server.address' && config.server === undefined)) continue;
    // It means nothing to a pipeline that is alone; its share is shown where it is used.
    if (field.path.startsWith('budget.') && entry === undefined) continue;
    const masked = mask(field.path, formatted(field, value), entry?.secret === true);
    rows.push({
      path: field.path.split('.'),
      value: masked,
      origin: fieldOrigin(field.path, { config, limits }, formatOrigin(settings.origin(field.path))),
    });
  }
  rows.push(...propertyRows(['kafka', 'properties'], merged.properties['kafka.properties'], []));
  rows.push(...clientRows('consumer', config, loaded), ...clientRows('producer', config, loaded));
  for (const [name, entry] of merged.options) {
    rows.push({
      path: [...OPTIONS_PATH.split('.'), name],
      value: mask(name, entry.value, entry.secret),
      origin: formatOrigin(entry.origin),
    });
  }
  for (const [topic, settings] of merged.topics) {
    for (const [setting, entry] of settings) {
      if (setting === '') continue;
      const path = setting.startsWith('configs.') ? ['configs', setting.slice('configs.'.length)] : [setting];
      const value = path.length === 1 ? Number(entry.value) : entry.value;
      rows.push({
        path: [TOPICS_PATH, topic, ...path],
        value: mask(setting, value, entry.secret),
        origin: formatOrigin(entry.origin),
      });
    }
  }
  return rows.sort(bySection);
}

function formatted(field: Key, value: unknown): unknown {
  if (field.format === 'size' || field.format === 'size-or-auto')
    return value === 'auto' ? value : formatSize(Number(value));
  if (field.format === 'percent') return formatPercent(Number(value));
  return field.format === 'duration' ? formatDuration(Number(value)) : value;
}

function fieldValue(path: string, config: ResolvedConfig, value: unknown): unknown {
  if (path === 'name') return config.name;
  if (path === 'kafka.bootstrap-servers' || value === undefined)
    return path === 'kafka.bootstrap-servers' ? sharedServers(config, value) : undefined;
  if (path === 'kafka.consumer.bootstrap-servers') return config.consumer.bootstrapServers.join(',');
  if (path === 'kafka.producer.bootstrap-servers') return config.producer.bootstrapServers.join(',');
  if (path === 'dispatcher.threads') return config.dispatcher.threads;
  if (path === 'dispatcher.worker-heap-max') return config.dispatcher.workerHeapMax;
  if (path === 'dispatcher.in-flight.bytes-max') return config.dispatcher.inFlight.bytesMax;
  if (path === 'dispatcher.batch.records-max') return config.dispatcher.batch.recordsMax;
  if (path === 'dispatcher.batch.bytes-max') return config.dispatcher.batch.bytesMax;
  return value;
}

/** The servers as resolved: from the JSON of several listeners, only the chosen one. */
function sharedServers(config: ResolvedConfig, value: unknown): unknown {
  if (typeof value === 'string' && value.trim().startsWith('{'))
    return config.consumer.bootstrapServers.join(',');
  return Array.isArray(value) ? value.join(',') : value;
}

interface Decided {
  readonly config: ResolvedConfig;
  readonly limits: ContainerLimits;
}

function fieldOrigin(path: string, { config, limits }: Decided, origin: string): string {
  if (origin !== 'default') return origin;
  const byLimit = (isLower: boolean): string =>
    isLower ? `default: auto, ${limitWords(limits)}` : 'default: auto';
  if (path === 'name' && config.file !== undefined) return "default: the file's name";
  if (path === 'dispatcher.batch.records-max') return 'default, at most a quarter of in-flight.records-max';
  if (path === 'dispatcher.batch.bytes-max') return 'default: auto, by in-flight.bytes-max and threads';
  if (path === 'dispatcher.in-flight.bytes-max')
    return byLimit(config.dispatcher.inFlight.bytesMax < PORTIONS.inFlightBytes.max);
  if (path === 'dispatcher.worker-heap-max') return byLimit(config.dispatcher.workerHeapMax < HEAP_MAX);
  return path === 'dispatcher.threads' ? `default: auto, ${autoThreads(limits).origin}` : origin;
}

function clientRows(
  side: 'consumer' | 'producer',
  config: ResolvedConfig,
  loaded: Pick<Loaded, 'details'>,
): ShownValue[] {
  const user = loaded.details.clients[side];
  const missing = [...config[side].properties].filter(
    ([name]) => (user.get(name)?.origin.kind ?? 'default') === 'default',
  );
  return propertyRows(
    ['kafka', side, 'properties'],
    loaded.details.merged.properties[`kafka.${side}.properties`],
    missing,
    config[side].origins,
  );
}

function propertyRows(
  path: readonly string[],
  own: ReadonlyMap<string, Entry<string>>,
  defaults: readonly (readonly [string, string])[],
  origins: ResolvedConfig['consumer']['origins'] = new Map(),
): ShownValue[] {
  return [
    ...[...own].map(([name, entry]) => ({
      path: [...path, name],
      value: mask(name, entry.value, entry.secret),
      origin: formatOrigin(entry.origin),
    })),
    ...defaults.map(([name, value]) => ({ path: [...path, name], value, origin: ourDefault(name, origins) })),
  ];
}

function ourDefault(name: string, origins: ResolvedConfig['consumer']['origins']): string {
  const note = origins.get(name)?.note ?? '';
  return name === QUEUE_PROPERTY && note.includes('cgroup')
    ? `${OUR_DEFAULT}, ${note.replace(/^default: /, '')}`
    : OUR_DEFAULT;
}

function mask(name: string, value: unknown, secret: boolean): unknown {
  if (Array.isArray(value)) return value.map((item) => mask(name, item, secret));
  if (typeof value === 'object' && value !== null) {
    const names = namedEntries(value);
    return Object.fromEntries(
      Object.entries(value).map(([key, child], index) => [
        key,
        mask(names[index]?.[0] ?? key, child, secret || isSecretName(name)),
      ]),
    );
  }
  if (secret || isSecretName(name)) return MASK;
  return typeof value === 'string' ? maskUserInfo(value) : value;
}

const SECTION_ORDER = ['name', 'kafka', 'dispatcher', 'topics', 'server', 'telemetry', 'logging', 'budget'];
const KAFKA_ORDER = ['bootstrap-servers', 'properties', 'consumer', 'producer'];

function bySection(a: ShownValue, b: ShownValue): number {
  const rank = (row: ShownValue): number => {
    const section = SECTION_ORDER.indexOf(row.path[0] ?? '') * 10;
    return row.path[0] === 'kafka' ? section + KAFKA_ORDER.indexOf(row.path[1] ?? '') : section;
  };
  return rank(a) - rank(b);
}
