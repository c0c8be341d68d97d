/**
 * The layers that come as words: environment variables, `--set key=value`, and the options of the command
 * line.
 */
import { parseDocument } from 'yaml';
import { propertyOfEnvironment } from '../../kafka/properties/names.js';
import {
  environmentName,
  FIELD_BY_PATH,
  FIELDS,
  LATER,
  OPTIONS_PATH,
  PROPERTY_MAPS,
  SECTIONS,
  SHORTHANDS,
  TOPICS_PATH,
} from '../keys/schema.js';
import type { Environment } from '../text/interpolate.js';
import { nearestName } from '../text/nearest.js';
import type { Origin, Problems } from '../text/problem.js';
import { KNOWN_PATHS, reportUnknownKey } from './layer-file.js';
import { emptyLayer, type Layer, mergeObjects } from './layers.js';
import { topicsOfWord } from './topics.js';

/** Variables below these prefixes are ours; others beginning with KD_ may be anybody's. */
const OUR_PREFIXES = ['KD_KAFKA_', 'KD_DISPATCHER_', 'KD_LOGGING_'];

const FIELD_BY_ENVIRONMENT: ReadonlyMap<string, string> = new Map([
  ...FIELDS.map((field) => [environmentName(field.path), field.path] as const),
  ...[...SHORTHANDS].map(([section, path]) => [environmentName(section), path] as const),
]);

/** Longest first: KD_KAFKA_CONSUMER_PROPERTIES_… before KD_KAFKA_PROPERTIES_…. */
const PROPERTY_PREFIXES = PROPERTY_MAPS.map((map) => [`${environmentName(map)}_`, map] as const);

export function environmentLayer(environment: Environment, problems: Problems): Layer {
  const layer = emptyLayer();
  for (const [variable, value] of Object.entries(environment)) {
    if (!variable.startsWith('KD_') || value === undefined || value === '') continue;
    const origin: Origin = { kind: 'environment', variable };
    const path = FIELD_BY_ENVIRONMENT.get(variable);
    const prefix = PROPERTY_PREFIXES.find(
      ([start]) => variable.startsWith(start) && variable.length > start.length,
    );
    if (path !== undefined) {
      layer.fields.set(path, { value, origin, secret: false });
    } else if (prefix !== undefined) {
      layer.properties[prefix[1]].set(propertyOfEnvironment(variable.slice(prefix[0].length)), {
        value,
        origin,
        secret: false,
      });
    } else if (variable === environmentName(OPTIONS_PATH)) {
      setOption(layer, OPTIONS_PATH, { text: value, origin }, problems);
    } else if (variable === environmentName(TOPICS_PATH)) {
      topicsOfWord(layer.topics, TOPICS_PATH, { text: value, origin }, problems);
    } else if (laterVariable(variable) !== undefined) {
      problems.error(
        origin,
        laterVariable(variable) ?? null,
        LATER.get(laterVariable(variable) ?? '') ?? '',
        'unset the variable',
      );
    } else if (OUR_PREFIXES.some((start) => variable.startsWith(start))) {
      const near = nearestName(variable, [...FIELD_BY_ENVIRONMENT.keys()]);
      problems.warning(
        origin,
        null,
        `no key is set by the environment variable ${variable}`,
        near === undefined ? 'unset it' : `did you mean ${near}?`,
      );
    }
  }
  return layer;
}

function laterVariable(variable: string): string | undefined {
  return [...LATER.keys()].find((path) => environmentName(path) === variable);
}

/** `assignments`: texts of the form `dispatcher.threads=4`. */
export function setLayer(assignments: readonly string[], problems: Problems): Layer {
  const layer = emptyLayer();
  const origin: Origin = { kind: 'set' };
  for (const assignment of assignments) {
    const equals = assignment.indexOf('=');
    if (equals < 1) {
      problems.error(
        origin,
        null,
        'is not of the form key=value',
        'write for example --set dispatcher.threads=4',
      );
      continue;
    }
    assign(
      layer,
      assignment.slice(0, equals).trim(),
      { text: assignment.slice(equals + 1), origin },
      problems,
    );
  }
  return layer;
}

/** Sets one key by its path, as `--set` does. */
export function assign(
  layer: Layer,
  path: string,
  given: { text: string; origin: Origin },
  problems: Problems,
): void {
  const { text, origin } = given;
  const map = PROPERTY_MAPS.find((candidate) => path.startsWith(`${candidate}.`));
  const field = FIELD_BY_PATH.get(SHORTHANDS.get(path) ?? path);
  const later = LATER.get(path);
  if (map !== undefined)
    layer.properties[map].set(path.slice(map.length + 1), { value: text, origin, secret: false });
  else if (field !== undefined) layer.fields.set(field.path, { value: text, origin, secret: false });
  else if (path === OPTIONS_PATH || path.startsWith(`${OPTIONS_PATH}.`))
    setOption(layer, path, given, problems);
  else if (path === TOPICS_PATH || path.startsWith(`${TOPICS_PATH}.`))
    topicsOfWord(layer.topics, path, given, problems);
  else if (later !== undefined) problems.error(origin, path, later, 'leave it out');
  else if (SECTIONS.has(path) || KNOWN_PATHS.includes(path))
    problems.error(
      origin,
      path,
      'is a section: it holds further keys, not a value',
      `set one of its keys, for example --set ${firstKeyOf(path)}=…`,
    );
  else reportUnknownKey(problems, origin, path);
}

function firstKeyOf(section: string): string {
  return FIELDS.find((field) => field.path.startsWith(`${section}.`))?.path ?? `${section}.name`;
}

/**
 * `dispatcher.options.a.b=1` sets one value, `dispatcher.options={a: 1}` several. The value is read as YAML.
 */
function setOption(
  layer: Layer,
  path: string,
  given: { text: string; origin: Origin },
  problems: Problems,
): void {
  const document = parseDocument(given.text, { prettyErrors: false });
  const broken = document.errors.length > 0 || document.warnings.length > 0;
  const value: unknown = broken ? given.text : document.toJS({ maxAliasCount: 0 });
  const names = path === OPTIONS_PATH ? [] : path.slice(OPTIONS_PATH.length + 1).split('.');
  const [first, ...rest] = names;
  if (first === undefined) {
    if (typeof value !== 'object' || value === null || Array.isArray(value)) {
      problems.error(
        given.origin,
        path,
        'must be a mapping',
        'write for example dispatcher.options={limit: 5}',
      );
      return;
    }
    for (const [name, item] of Object.entries(value))
      layer.options.set(name, { value: item, origin: given.origin, secret: false });
    return;
  }
  const nested = rest.reduceRight<unknown>((inner, name) => Object.fromEntries([[name, inner]]), value);
  const before = layer.options.get(first)?.value;
  layer.options.set(first, { value: mergeObjects(before, nested), origin: given.origin, secret: false });
}
