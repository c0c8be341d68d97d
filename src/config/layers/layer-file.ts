/** The file layer: walks the tree, collects the free maps, and reports every unknown key. */
import { librdkafkaRow } from '../../kafka/properties/names.js';
import {
  FIELD_BY_PATH,
  isPropertyMap,
  type Key,
  LATER,
  OPTIONS_PATH,
  SECTIONS,
  SHORTHANDS,
  TOPICS_PATH,
} from '../keys/schema.js';
import type { Notes } from '../keys/side.js';
import type { Entry } from '../text/entry.js';
import { kebab } from '../text/nearest.js';
import { formatOrigin, type Position, type Problems } from '../text/problem.js';
import type { MapTree, Tree } from '../text/yaml-tree.js';
import { emptyLayer, type Layer, mergeLayers } from './layers.js';
import { optionsOfFile } from './options.js';
import { anySecret, fromFile, plain } from './plain.js';
import { readProperties } from './property-tree.js';
import { springParts } from './spring-layout.js';
import { fromSpring, springRemedy, springTarget } from './spring-names.js';
import { topicsOfFile } from './topics.js';
import { KNOWN_PATHS, reportUnknownKey } from './unknown-keys.js';

export function fileLayer(tree: MapTree, problems: Problems, notes: Notes): Layer {
  const spring = springParts(tree);
  const walker = new Walker(problems, notes, '');
  walker.section('', spring?.rest ?? tree);
  if (spring === undefined) return walker.layer;
  const below = new Walker(problems, notes, 'spring.');
  if (spring.applicationName !== undefined) below.name(spring.applicationName);
  if (spring.kafka !== undefined) below.section('kafka', spring.kafka);
  for (const [path, entry] of below.layer.fields) {
    const own = walker.layer.fields.get(path);
    // The name of the application is only a suggestion.
    if (own !== undefined && path !== 'name' && String(own.value) !== String(entry.value))
      problems.error(entry.origin, entry.key ?? path, `differs from ${path}`, 'keep one of them');
  }
  return mergeLayers([below.layer, walker.layer]);
}

const ONE_VALUE = 'write one value; put text that begins with "{" in quotes';

const JAVA_PACKAGE_REMEDY = 'remove it; root and the areas of kd have levels, see docs/LOGS.md';

/** `logging.level.org.apache.kafka`: kd's own areas are single words. */
function isJavaPackage(path: string): boolean {
  return path.startsWith('logging.level.') && path.split('.').length > 3;
}

class Walker {
  readonly layer = emptyLayer();
  readonly #problems: Problems;
  readonly #notes: Notes;
  /** The prefix of every path in the file. */
  readonly #prefix: '' | 'spring.';

  constructor(problems: Problems, notes: Notes, prefix: '' | 'spring.') {
    this.#problems = problems;
    this.#notes = notes;
    this.#prefix = prefix;
  }

  name(node: Tree): void {
    if (node.kind === 'scalar' && node.value !== null && !node.broken)
      this.layer.fields.set('name', {
        value: node.text,
        origin: fromFile(node.at),
        secret: node.secret,
        key: 'spring.application.name',
      });
  }

  section(path: string, tree: MapTree): void {
    for (const { key, keyAt, node } of tree.entries) {
      // Top-level keys of this form hold YAML anchors, as in compose files.
      if (path === '' && key.startsWith('x-')) continue;
      // Spring accepts groupId and GROUP_ID for group-id.
      const name = this.#prefix === '' ? key : kebab(key);
      this.#key(path, path === '' ? name : `${path}.${name}`, keyAt, node);
    }
  }

  #key(section: string, path: string, at: Position, node: Tree): void {
    if (isJavaPackage(path)) {
      this.#problems.warning(at, path, 'kd has no log levels per package', JAVA_PACKAGE_REMEDY);
      return;
    }
    const later = LATER.get(path);
    const field = FIELD_BY_PATH.get(path);
    if (later !== undefined) {
      this.#problems.error(at, path, later, 'remove the key');
    } else if (isPropertyMap(path)) {
      readProperties(path, node, {
        layer: this.layer,
        problems: this.#problems,
        written: (name) => this.#written(name),
      });
    } else if (path === OPTIONS_PATH) {
      optionsOfFile(this.layer.options, node, this.#problems);
    } else if (path === TOPICS_PATH) {
      topicsOfFile(this.layer.topics, node, this.#problems);
    } else if (field !== undefined) {
      this.#field(field, node);
    } else if (SECTIONS.has(path)) {
      this.#sectionNode(path, node);
    } else if (!this.#spring(path, at, node)) {
      this.#unknown(section, path, at);
    }
  }

  /** Spring's own names, also in kd's sections. False for other names. */
  #spring(path: string, at: Position, node: Tree): boolean {
    const target = springTarget(path);
    const shown = `${this.#prefix}${path}`;
    if (target === undefined) return false;
    if (target.kind === 'section') {
      if (node.kind === 'map') this.section(path, node);
      else if (node.kind === 'list' || node.value !== null)
        this.#problems.error(
          node.at,
          shown,
          "is a section with keys of its own, and can't have a value",
          `write its keys below ${shown}, indented`,
        );
    } else if (target.kind === 'ignored') {
      this.#notes.add({ key: shown, origin: fromFile(at) }, `${shown} is left out: it has no counterpart`);
    } else if (target.kind === 'refused') {
      this.#problems.error(at, shown, 'is not read', target.remedy);
    } else if (target.kind === 'field') {
      const field = FIELD_BY_PATH.get(target.path);
      if (field !== undefined) this.#field(field, node);
    } else if (node.kind === 'map') {
      this.#problems.error(node.at, shown, 'must be a value, not a mapping', ONE_VALUE);
    } else if (node.kind === 'list' || (node.value !== null && !node.broken)) {
      const text =
        node.kind === 'list'
          ? node.items.map((item) => (item.kind === 'scalar' ? item.text : '')).join(',')
          : fromSpring(node.text, target.unit);
      this.layer.properties[target.map].set(target.name, {
        value: text,
        origin: fromFile(node.at),
        secret: anySecret(node),
        key: shown,
      });
    }
    return true;
  }

  #sectionNode(path: string, node: Tree): void {
    const shorthand = SHORTHANDS.get(path);
    const short = shorthand === undefined ? undefined : FIELD_BY_PATH.get(shorthand);
    if (node.kind === 'map') this.section(path, node);
    else if (node.kind === 'scalar' && node.value === null) return;
    else if (short !== undefined) this.#field(short, node);
    else
      this.#problems.error(
        node.at,
        path,
        "is a section with keys of its own, and can't have a value",
        `see configs/kd.example.yml for the keys of ${path}`,
      );
  }

  #unknown(section: string, path: string, at: Position): void {
    if (this.#prefix !== '') {
      this.#problems.error(
        at,
        `${this.#prefix}${path}`,
        'there is no such key',
        springRemedy(path, KNOWN_PATHS),
      );
      return;
    }
    const key = section === '' ? path : path.slice(section.length + 1);
    const name = key.replaceAll('-', '.');
    // A librdkafka property one level too high is the most common mistake.
    const map = `${section}.properties`;
    if (
      isPropertyMap(map) &&
      librdkafkaRow(name) !== undefined &&
      !KNOWN_PATHS.includes(`${section}.${kebab(key)}`)
    ) {
      this.#problems.error(
        at,
        path,
        'there is no such key',
        `${name} is a property of librdkafka: put it under ${map}`,
      );
    } else {
      reportUnknownKey(this.#problems, at, path);
    }
  }

  #field(field: Key, node: Tree): void {
    if (node.kind === 'map') {
      this.#mapForField(field, node);
      return;
    }
    if (node.kind === 'list') {
      this.#listForField(field, node);
      return;
    }
    if (node.value === null) return;
    // YAML reads 0x10 and 1e3 as numbers, and a topic named 0123 as 123. The text as written is used, except
    // for numbers. A broken placeholder counts as set, but has no value.
    const isNumber = field.format.startsWith('integer') && typeof node.value === 'number';
    const value = node.broken ? null : isNumber ? String(node.value) : node.text;
    this.#set(field.path, {
      value,
      origin: fromFile(node.at),
      secret: node.secret,
      ...this.#written(field.path),
    });
  }

  /** `kafka.producer.topic: x` beside the section `kafka` sets the same key twice. */
  #set(path: string, entry: Entry<unknown>): void {
    const before = this.layer.fields.get(path);
    if (before === undefined) {
      this.layer.fields.set(path, entry);
      return;
    }
    this.#problems.error(
      entry.origin,
      path,
      `is given twice, also at ${formatOrigin(before.origin)}`,
      'keep one of them',
    );
  }

  #written(path: string): { key?: string } {
    return this.#prefix === '' ? {} : { key: `${this.#prefix}${path}` };
  }

  #listForField(field: Key, node: Tree & { kind: 'list' }): void {
    if (!['servers', 'topics', 'list', 'paths', 'hosts', 'group-lags'].includes(field.format)) {
      this.#problems.error(node.at, field.path, 'must be one value, not a list', ONE_VALUE);
      return;
    }
    const texts: string[] = [];
    let secret = false;
    let broken = false;
    for (const item of node.items) {
      if (item.kind !== 'scalar' || item.value === null) {
        this.#problems.error(
          item.at,
          field.path,
          'every entry of the list must be text',
          'write for example [a, b]',
        );
        return;
      }
      texts.push(item.text.trim());
      secret ||= item.secret;
      broken ||= item.broken;
    }
    this.#set(field.path, { value: broken ? null : texts, origin: fromFile(node.at), secret });
  }

  #mapForField(field: Key, node: MapTree): void {
    if (field.format === 'servers') {
      this.#set(field.path, {
        value: JSON.stringify(plain(node)),
        origin: fromFile(node.at),
        secret: false,
      });
    } else {
      this.#problems.error(node.at, field.path, 'must be a value, not a mapping', ONE_VALUE);
    }
  }
}
