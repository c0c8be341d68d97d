/** The environment layer: `KD_DISPATCHER_THREADS=4` sets `dispatcher.threads`. */

import { nearestName } from '../../core/nearest-name.js';
import { propertyOfEnvironment } from '../../kafka/properties/names.js';
import {
  environmentName,
  FIELDS,
  LATER,
  OPTIONS_PATH,
  PROPERTY_MAPS,
  SHORTHANDS,
  TOPICS_PATH,
} from '../keys/schema.js';
import type { Notes } from '../keys/side.js';
import type { Environment } from '../text/interpolate.js';
import type { Origin, Problems } from '../text/problem.js';
import { emptyLayer, type Layer } from './layers.js';
import { optionOfWord } from './options.js';
import { topicsOfWord } from './topics.js';

const PREFIX = 'KD_';

/** Variables of the program itself, which set no key. */
const NOT_KEYS = new Set(['KD_CONFIG', 'KD_KEEP_SOURCES']);

/**
 * Kubernetes sets these in every container for a service whose name begins with `kd-`:
 * KD_SERVER_SERVICE_HOST, KD_SERVER_SERVICE_PORT_HTTP, KD_SERVER_PORT=tcp://10.0.0.7:80,
 * KD_SERVER_PORT_80_TCP_ADDR.
 */
const SERVICE_NAME = /_SERVICE_(HOST|PORT(_\w+)?)$|_PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?$/;
const SERVICE_ADDRESS = /^(tcp|udp|sctp):\/\//;

const FIELD_BY_ENVIRONMENT: ReadonlyMap<string, string> = new Map([
  ...FIELDS.map((field) => [environmentName(field.path), field.path] as const),
  ...[...SHORTHANDS].map(([section, path]) => [environmentName(section), path] as const),
]);

const PROPERTY_PREFIXES = PROPERTY_MAPS.map((map) => [`${environmentName(map)}_`, map] as const);

const LATER_BY_ENVIRONMENT: ReadonlyMap<string, readonly [path: string, reason: string]> = new Map(
  [...LATER].map(([path, reason]) => [environmentName(path), [path, reason]] as const),
);

export interface EnvironmentReading {
  readonly environment: Environment;
  /** Variables that occur in placeholders of the file: they belong to the user, whatever they are called. */
  readonly named: ReadonlySet<string>;
  readonly problems: Problems;
  readonly notes: Notes;
}

export function environmentLayer(reading: EnvironmentReading): Layer {
  const layer = emptyLayer();
  const services: string[] = [];
  for (const [variable, value] of Object.entries(reading.environment)) {
    // `export X=` and unset compose entries leave an empty variable behind: it means "not set".
    if (!variable.startsWith(PREFIX) || value === undefined || value === '') continue;
    if (isServiceVariable(variable, value)) services.push(variable);
    else if (!take(layer, variable, value, reading)) reportUnknown(variable, reading);
  }
  const [first] = services;
  if (first !== undefined)
    reading.notes.add(
      { key: first, origin: { kind: 'environment', variable: first } },
      `${services.length === 1 ? 'this variable' : `these ${services.length} variables`} of a ` +
        `Kubernetes service set no key (${services.join(', ')}); set enableServiceLinks: false in ` +
        'the pod to remove them',
    );
  return layer;
}

function isServiceVariable(variable: string, value: string): boolean {
  return SERVICE_NAME.test(variable) || (variable.endsWith('_PORT') && SERVICE_ADDRESS.test(value));
}

/** False if no key has this variable. */
function take(layer: Layer, variable: string, value: string, { problems }: EnvironmentReading): boolean {
  const origin: Origin = { kind: 'environment', variable };
  const path = FIELD_BY_ENVIRONMENT.get(variable);
  const prefix = PROPERTY_PREFIXES.find(
    ([start]) => variable.startsWith(start) && variable.length > start.length,
  );
  const later = LATER_BY_ENVIRONMENT.get(variable);
  if (path !== undefined) layer.fields.set(path, { value, origin, secret: false });
  else if (prefix !== undefined)
    layer.properties[prefix[1]].set(propertyOfEnvironment(variable.slice(prefix[0].length)), {
      value,
      origin,
      secret: false,
    });
  else if (variable === environmentName(OPTIONS_PATH))
    optionOfWord(layer.options, OPTIONS_PATH, { text: value, origin }, problems);
  else if (variable === environmentName(TOPICS_PATH))
    topicsOfWord(layer.topics, TOPICS_PATH, { text: value, origin }, problems);
  else if (later !== undefined) problems.error(origin, later[0], later[1], 'unset the variable');
  else return false;
  return true;
}

function reportUnknown(variable: string, { named, problems }: EnvironmentReading): void {
  if (NOT_KEYS.has(variable) || named.has(variable)) return;
  const near = nearestName(variable, [...FIELD_BY_ENVIRONMENT.keys()]);
  problems.warning(
    // The message names the variable itself.
    undefined,
    null,
    `the environment variable ${variable} sets no key`,
    near === undefined ? 'unset it; docs/CONFIG.md lists the keys' : `did you mean ${near}?`,
  );
}
