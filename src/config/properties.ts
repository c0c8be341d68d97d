/** librdkafka properties as the user gives them: checked one by one, then put together for each client. */
import { existsSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { quote } from './convert.js';
import { javaProperties } from './java-properties.js';
import type { Entry, Layer } from './layers.js';
import { canonicalName, LIBRDKAFKA_NAMES, librdkafkaRow, valueFault } from './librdkafka-names.js';
import { LIBRDKAFKA_VERSION } from './librdkafka-properties.js';
import { nearestName } from './nearest.js';
import { ownedProperties } from './owned-properties.js';
import type { Origin, Problems } from './problem.js';
import { PROPERTY_MAPS, type PropertyMap } from './schema.js';
import { isSecretName } from './secrets.js';

export type PropertyEntries = ReadonlyMap<string, Entry<string>>;

/** Their values are paths, relative to the file that says them. */
const PATH_PROPERTIES = new Set([
  'ssl.key.location',
  'ssl.certificate.location',
  'ssl.ca.location',
  'https.ca.location',
  'ssl.crl.location',
  'ssl.keystore.location',
  'ssl.engine.location',
  'sasl.kerberos.keytab',
  'sasl.oauthbearer.assertion.private.key.file',
  'sasl.oauthbearer.assertion.file',
  'sasl.oauthbearer.assertion.jwt.template.file',
]);

/** Not a path: librdkafka looks for the system's certificates. */
const PROBE = 'probe';

/** The folder from which a relative path of this origin starts. */
export function baseDirectory(origin: Origin, workingDirectory: string): string {
  return origin.kind === 'file' ? resolve(workingDirectory, dirname(origin.at.file)) : workingDirectory;
}

export interface ClientProperties {
  readonly consumer: PropertyEntries;
  readonly producer: PropertyEntries;
}

export function resolveProperties(layer: Layer, workingDirectory: string, problems: Problems): ClientProperties {
  const checked = new Map<PropertyMap, Map<string, Entry<string>>>();
  for (const map of PROPERTY_MAPS) {
    const kept = new Map<string, Entry<string>>();
    for (const [name, entry] of layer.properties[map]) {
      const value = checkProperty(map, name, entry, problems);
      if (value !== undefined)
        kept.set(name, { ...entry, value: absolute(map, name, { ...entry, value }, { workingDirectory, problems }) });
    }
    checkAliases(map, kept, problems);
    checked.set(map, kept);
  }
  const shared = checked.get('kafka.properties') ?? new Map<string, Entry<string>>();
  return {
    consumer: combine(shared, checked.get('kafka.consumer.properties'), 'P'),
    producer: combine(shared, checked.get('kafka.producer.properties'), 'C'),
  };
}

/** Undefined after a reported problem, or for a property that goes nowhere. */
function checkProperty(map: PropertyMap, name: string, entry: Entry<string>, problems: Problems): string | undefined {
  const key = `${map}.${name}`;
  const owned = ownedProperties.get(name);
  const row = librdkafkaRow(name);
  if (owned !== undefined) {
    problems.error(
      entry.origin,
      key,
      `${name} can't be set: ${owned.reason}`,
      owned.instead === undefined ? 'remove it' : `use ${owned.instead}`,
    );
  } else if (javaProperties.has(name)) {
    problems.error(entry.origin, key, `${name} is a name of Kafka's Java client, which is not translated yet`, javaProperties.get(name));
  } else if (row === undefined) {
    const near = nearestName(name, [...LIBRDKAFKA_NAMES, ...javaProperties.keys()]);
    problems.error(
      entry.origin,
      key,
      `${quote(name)} is not a property of librdkafka`,
      near === undefined ? `see the CONFIGURATION.md of librdkafka ${LIBRDKAFKA_VERSION}` : `did you mean ${near}?`,
    );
  } else if (row[2] === 'callback') {
    problems.error(entry.origin, key, `${name} can't be set: it is a callback of librdkafka's C interface`, 'remove it');
  } else if ((map === 'kafka.consumer.properties' && row[1] === 'P') || (map === 'kafka.producer.properties' && row[1] === 'C')) {
    const right = row[1] === 'P' ? 'kafka.producer.properties' : 'kafka.consumer.properties';
    problems.error(entry.origin, key, `${name} has no effect here`, `move it to ${right}`);
  } else {
    // Java writes an empty text where librdkafka wants the word.
    const value = name === 'ssl.endpoint.identification.algorithm' && entry.value.trim() === '' ? 'none' : entry.value;
    const fault = valueFault(name, value.trim());
    if (fault === undefined) return isSecretName(name) ? value : value.trim();
    problems.error(entry.origin, key, isSecretName(name) || entry.secret ? fault : `${quote(value)}: ${fault}`);
  }
  return undefined;
}

function checkAliases(map: PropertyMap, entries: PropertyEntries, problems: Problems): void {
  const seen = new Map<string, string>();
  for (const [name, entry] of entries) {
    const first = seen.get(canonicalName(name));
    if (first !== undefined)
      problems.error(entry.origin, `${map}.${name}`, `${name} and ${first} are the same property`, 'keep one of them');
    seen.set(canonicalName(name), name);
  }
}

function absolute(map: PropertyMap, name: string, entry: Entry<string>, context: { workingDirectory: string; problems: Problems }): string {
  if (!PATH_PROPERTIES.has(name) || entry.value === PROBE || entry.value === '') return entry.value;
  const path = resolve(baseDirectory(entry.origin, context.workingDirectory), entry.value);
  if (!existsSync(path))
    context.problems.error(
      entry.origin,
      `${map}.${name}`,
      `${path} does not exist`,
      'check the path; a relative one starts at the configuration file',
    );
  return path;
}

/** The shared map under the client's own, without what belongs to the other kind of client. */
function combine(shared: PropertyEntries, own: PropertyEntries | undefined, other: 'C' | 'P'): PropertyEntries {
  const ownNames = new Set([...(own?.keys() ?? [])].map(canonicalName));
  const merged = new Map<string, Entry<string>>();
  for (const [name, entry] of shared) {
    if (librdkafkaRow(name)?.[1] !== other && !ownNames.has(canonicalName(name))) merged.set(name, entry);
  }
  for (const [name, entry] of own ?? []) merged.set(name, entry);
  return merged;
}
