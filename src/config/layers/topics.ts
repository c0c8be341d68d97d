/**
 * The section `topics`: settings for topics that kd creates. Topic names are free; each has the same three
 * keys.
 */
import { parseDocument } from 'yaml';
import { nearestName } from '../../core/nearest-name.js';
import { topicName } from '../keys/names.js';
import type { ResolvedConfig, TopicWishes } from '../keys/resolved.js';
import { TOPICS_PATH } from '../keys/schema.js';
import { ValueFault } from '../keys/value-fault.js';
import type { Origin, Problems } from '../text/problem.js';
import type { Tree } from '../text/yaml-tree.js';
import type { Entry, TopicEntries } from './layers.js';

const DEFAULTS = 'defaults';
const NUMBERS: Readonly<Record<string, number>> = { partitions: 100_000, replication: 32_767 };
const CONFIGS = 'configs';
const TOPICS_MAX = 1_000;
const CONFIGS_MAX = 200;
const TEXT_LENGTH_MAX = 1_000;

/** A mapping or text, in any layer. */
type Node =
  | { readonly at: Origin; readonly text: string; readonly secret: boolean }
  | { readonly at: Origin; readonly entries: readonly Item[] };
type Item = readonly [key: string, at: Origin, node: Node | undefined];

export function topicsOfFile(entries: TopicEntries, tree: Tree, problems: Problems): void {
  const node = ofTree(tree);
  if (node !== undefined) read(entries, node, problems);
}

/**
 * `topics={ flights-out: { partitions: 12 } }`, `topics.flights.out.partitions=12`,
 * `topics.defaults.configs.retention.ms=1`.
 */
export function topicsOfWord(
  entries: TopicEntries,
  path: string,
  given: { text: string; origin: Origin },
  problems: Problems,
): void {
  const { text, origin } = given;
  const rest = path.slice(TOPICS_PATH.length + 1);
  if (rest === '') {
    const document = parseDocument(text, { prettyErrors: false });
    const value: unknown = document.errors.length > 0 ? text : document.toJS({ maxAliasCount: 0 });
    const node = ofValue(value, origin);
    if (node !== undefined) read(entries, node, problems);
    return;
  }
  const match = /^(.+?)\.(partitions|replication|configs\.(.+))$/.exec(rest);
  const [, topic = rest, setting = ''] = match ?? [];
  if (match === null)
    problems.error(
      origin,
      path,
      'there is no such key',
      `set ${TOPICS_PATH}.NAME.partitions, .replication or .configs.NAME`,
    );
  else put(entries, topic, setting, { value: text, origin, secret: false });
}

/** Undefined values have been reported. */
export function resolveTopics(entries: TopicEntries, problems: Problems): ResolvedConfig['topics'] {
  const named = new Map<string, TopicWishes>();
  let defaults: TopicWishes = { partitions: undefined, replication: undefined, configs: new Map() };
  for (const [topic, settings] of entries) {
    const wishes = wishesOf(topic, settings, problems);
    if (topic === DEFAULTS) defaults = wishes;
    else named.set(topic, wishes);
  }
  return { defaults, named };
}

function wishesOf(
  topic: string,
  settings: ReadonlyMap<string, Entry<string>>,
  problems: Problems,
): TopicWishes {
  const configs = new Map<string, string>();
  const number = (name: string): number | undefined => {
    const entry = settings.get(name);
    if (entry === undefined) return undefined;
    const max = NUMBERS[name] ?? 1;
    if (/^[1-9]\d{0,5}$/.test(entry.value) && Number(entry.value) <= max) return Number(entry.value);
    problems.error(
      entry.origin,
      `${TOPICS_PATH}.${topic}.${name}`,
      `must be a whole number from 1 to ${max}`,
      'write digits only, for example 3',
    );
    return undefined;
  };
  for (const [setting, entry] of settings) {
    if (setting.startsWith(`${CONFIGS}.`)) configs.set(setting.slice(CONFIGS.length + 1), entry.value);
  }
  return { partitions: number('partitions'), replication: number('replication'), configs };
}

function put(entries: TopicEntries, topic: string, setting: string, entry: Entry<string>): void {
  const settings = entries.get(topic) ?? new Map<string, Entry<string>>();
  entries.set(topic, settings.set(setting, entry));
}

function read(entries: TopicEntries, node: Node, problems: Problems): void {
  if (!('entries' in node)) {
    const remedy =
      'for example { defaults: { partitions: 12 } }; the topics to read go under kafka.consumer.topics';
    problems.error(node.at, TOPICS_PATH, 'must be a mapping of topic names', remedy);
    return;
  }
  if (node.entries.length > TOPICS_MAX)
    problems.error(
      node.at,
      TOPICS_PATH,
      `names more than ${TOPICS_MAX} topics`,
      'put what they share under defaults',
    );
  for (const [topic, at, child] of node.entries.slice(0, TOPICS_MAX)) {
    try {
      topicName(topic);
    } catch (fault) {
      if (!(fault instanceof ValueFault)) throw fault;
      problems.error(at, `${TOPICS_PATH}.${topic}`, fault.message, fault.remedy);
      continue;
    }
    if (child === undefined) put(entries, topic, '', { value: '', origin: at, secret: false });
    else readTopic(entries, topic, child, problems);
  }
}

function readTopic(entries: TopicEntries, topic: string, node: Node, problems: Problems): void {
  const path = `${TOPICS_PATH}.${topic}`;
  if (!('entries' in node)) {
    problems.error(
      node.at,
      path,
      'must be a mapping',
      'for example { partitions: 12, replication: 3, configs: { cleanup.policy: delete } }',
    );
    return;
  }
  // Naming a topic is enough to have it created, even without settings.
  put(entries, topic, '', { value: '', origin: node.at, secret: false });
  for (const [key, at, child] of node.entries) {
    if (key === CONFIGS && child !== undefined && 'entries' in child)
      readConfigs(entries, topic, child.entries, problems);
    else if (Object.hasOwn(NUMBERS, key) && child !== undefined && 'text' in child)
      put(entries, topic, key, { value: child.text, origin: child.at, secret: false });
    else if (Object.hasOwn(NUMBERS, key) && child !== undefined)
      problems.error(at, `${path}.${key}`, 'must be a number, not a mapping or a list', 'for example 12');
    else if (key === CONFIGS && child !== undefined)
      problems.error(
        at,
        `${path}.${key}`,
        'must be a mapping of settings to values',
        'for example { retention.ms: 604800000 }',
      );
    else if (key !== CONFIGS && !Object.hasOwn(NUMBERS, key)) {
      const near = nearestName(key, [...Object.keys(NUMBERS), CONFIGS]);
      const known = `a topic takes ${Object.keys(NUMBERS).join(', ')} and ${CONFIGS}`;
      problems.error(
        at,
        `${path}.${key}`,
        'there is no such key',
        near === undefined ? known : `did you mean ${near}?`,
      );
    }
  }
}

/** `retention: { ms: 1 }` and `retention.ms: 1` are the same, as below `properties`. */
function readConfigs(entries: TopicEntries, topic: string, items: readonly Item[], problems: Problems): void {
  for (const [name, at, child] of items) {
    const path = `${TOPICS_PATH}.${topic}.${CONFIGS}.${name}`;
    if (child === undefined) problems.error(at, path, 'has no value', 'give it one, or remove the key');
    else if ('entries' in child)
      readConfigs(
        entries,
        topic,
        child.entries.map(([key, ...rest]) => [`${name}.${key}`, ...rest]),
        problems,
      );
    else if (child.text.length > TEXT_LENGTH_MAX || (entries.get(topic)?.size ?? 0) > CONFIGS_MAX)
      problems.error(at, path, 'has too many settings for a topic', 'remove some');
    else
      put(entries, topic, `${CONFIGS}.${name}`, {
        value: child.text,
        origin: child.at,
        secret: child.secret,
      });
  }
}

/** Undefined when null, or invalid and reported. */
function ofTree(tree: Tree): Node | undefined {
  const at: Origin = { kind: 'file', at: tree.at };
  if (tree.kind === 'map')
    return {
      at,
      entries: tree.entries.map(({ key, keyAt, node }) => [key, { kind: 'file', at: keyAt }, ofTree(node)]),
    };
  if (tree.kind === 'list')
    return {
      at,
      text: tree.items.map((item) => (item.kind === 'scalar' ? item.text : '')).join(','),
      secret: false,
    };
  return tree.broken || tree.value === null ? undefined : { at, text: tree.text, secret: tree.secret };
}

function ofValue(value: unknown, at: Origin): Node | undefined {
  if (value === null || value === undefined) return undefined;
  if (Array.isArray(value)) return { at, text: value.join(','), secret: false };
  if (typeof value === 'object')
    return { at, entries: Object.entries(value).map(([key, child]) => [key, at, ofValue(child, at)]) };
  return { at, text: String(value), secret: false };
}
