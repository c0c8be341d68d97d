/** The tables of docs/CONFIG.md, generated from the schema and from the names of Java. */
import type { JavaOutcome } from '../../../src/config/java/java-outcomes.js';
import { JAVA_ROWS } from '../../../src/config/java/java-table.js';
import {
  FIELDS,
  OPTIONS_PATH,
  PROPERTY_MAPS,
  type PropertyMap,
  TOPICS_PATH,
} from '../../../src/config/keys/schema.js';

const PROPERTY_MAP_DOCS: Readonly<Record<PropertyMap, string>> = {
  'kafka.properties': 'properties for every client, by their names in librdkafka or in Java',
  'kafka.consumer.properties': 'properties for the consumer',
  'kafka.producer.properties': 'properties for the producer',
};

/** The table of keys that docs/CONFIG.md must contain. */
export function keyTable(): string {
  const rows = [
    ...FIELDS.map((field) => [
      field.path,
      field.default === null ? '' : String(field.default),
      field.choices?.join(' \\| ') ?? field.format.replaceAll('-', ' '),
      field.doc,
    ]),
    ...PROPERTY_MAPS.map((map) => [map, '', 'map', PROPERTY_MAP_DOCS[map]]),
    [OPTIONS_PATH, '{}', 'map', 'handed to the transform'],
    [TOPICS_PATH, '{}', 'map', 'what `kd topics create` makes; topics named here are created too'],
  ].sort(([a = ''], [b = '']) => order(a) - order(b));
  return [
    '| key | default | values | |',
    '|---|---|---|---|',
    ...rows.map(
      ([path, fallback, values, doc]) =>
        `| \`${path}\` | ${fallback === '' ? '' : `\`${fallback}\``} | ${values} | ${doc} |`,
    ),
  ].join('\n');
}

/** The table of Java names that docs/CONFIG.md must contain. */
export function javaTable(): string {
  const rows = JAVA_ROWS.map(
    ([name, , outcome, doc]) => `| \`${name}\` | ${outcomeWords(name, outcome)} | ${doc} |`,
  );
  return ['| Java | here | |', '|---|---|---|', ...rows].join('\n');
}

function order(path: string): number {
  return ['name', 'kafka', 'dispatcher', 'topics', 'server', 'logging'].indexOf(path.split('.')[0] ?? '');
}

/** The translation of a name as a short phrase. */
function outcomeWords(name: string, outcome: JavaOutcome): string {
  switch (outcome.kind) {
    case 'property':
      return outcome.name === name ? 'the same' : `\`${outcome.name}\``;
    case 'key':
      return `our key \`${outcome.path}\``;
    case 'tls':
    case 'sasl':
      return 'read here';
    case 'ignored':
      return 'ignored';
    case 'refused':
      return outcome.harmless === undefined ? 'refused' : 'refused, if it asks for anything';
  }
}
