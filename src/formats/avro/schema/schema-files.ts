import { readFileSync } from 'node:fs';
import { placeOfJsonFault } from './json-place.js';
import { messageOf, schemaError } from './schema-error.js';

/** A named type and its definition in a file. */
export interface Definition {
  readonly schema: object;
  /** The namespace that surrounds the definition (its own may differ). */
  readonly namespace: string;
  readonly file: string;
}

export interface SchemaSources {
  /** The content of the main file, parsed from JSON. */
  readonly main: unknown;
  readonly file: string;
  /** Every named type in all files by its full name, independent of the order of the files. */
  readonly definitions: ReadonlyMap<string, Definition>;
  /** The full name of every object that defines a type; two equal definitions of one name count as one. */
  readonly names: ReadonlyMap<object, string>;
}

const NAMED: ReadonlySet<unknown> = new Set(['record', 'error', 'enum', 'fixed']);

/** Reads the main schema and the files it may refer to. */
export function readSchemaFiles(path: string, references: readonly string[]): SchemaSources {
  const definitions = new Map<string, Definition>();
  const names = new Map<object, string>();
  const parsed = new Map<string, unknown>();
  for (const file of [path, ...references]) {
    if (parsed.has(file)) continue;
    const schema = readJson(file);
    refuseOtherFiles(schema, file);
    parsed.set(file, schema);
    collect(schema, { definitions, names, file, namespace: '' });
  }
  return { main: parsed.get(path), file: path, definitions, names };
}

function readJson(file: string): unknown {
  let text: string;
  try {
    text = readFileSync(file, 'utf8');
  } catch (cause) {
    throw schemaError(
      `${file}: the schema file can't be read: ${messageOf(cause)}`,
      'check the path (relative paths start at the configuration file) and its permissions',
      cause,
    );
  }
  try {
    return JSON.parse(text.startsWith('\ufeff') ? text.slice(1) : text);
  } catch (cause) {
    throw schemaError(
      `${file}:${placeOfJsonFault(text)}: the schema is not JSON: ${messageOf(cause)}`,
      'correct the file at that place; an Avro schema (.avsc) is ' +
        'plain JSON, without comments or trailing commas',
      cause,
    );
  }
}

/** Files next to schemas that are often mistaken for one. */
function refuseOtherFiles(json: unknown, file: string): void {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) return;
  if (typeof property(json, 'protocol') === 'string')
    throw schemaError(
      `${file}: an Avro protocol (.avpr), not a schema`,
      'put the type you need from its "types" into its own .avsc file',
    );
  if (property(json, 'type') !== undefined) return;
  if (typeof property(json, 'schema') === 'string')
    throw schemaError(
      `${file}: the answer of a schema registry, not a schema`,
      'keep only the schema in it: jq -r .schema ANSWER > NAME.avsc',
    );
  throw schemaError(
    `${file}: not an Avro schema: it has no "type"`,
    'an Avro schema begins like {"type": "record", "name": "Flight", "fields": […]}',
  );
}

interface Place {
  readonly definitions: Map<string, Definition>;
  readonly names: Map<object, string>;
  readonly file: string;
  readonly namespace: string;
}

function collect(schema: unknown, place: Place): void {
  if (Array.isArray(schema)) {
    for (const branch of schema) collect(branch, place);
    return;
  }
  if (typeof schema !== 'object' || schema === null) return;
  const type = property(schema, 'type');
  if (!NAMED.has(type)) {
    collect(type, place);
    collect(property(schema, 'items'), place);
    collect(property(schema, 'values'), place);
    return;
  }
  const namespace = define(schema, place);
  const fields = property(schema, 'fields');
  if (!Array.isArray(fields)) return;
  for (const field of fields as unknown[]) {
    if (typeof field === 'object' && field !== null)
      collect(property(field, 'type'), { ...place, namespace });
  }
}

/** Records the definition and returns the namespace that applies inside it. */
function define(schema: object, place: Place): string {
  const name = property(schema, 'name');
  if (typeof name !== 'string') return place.namespace;
  const own = property(schema, 'namespace');
  const namespace = typeof own === 'string' ? own : place.namespace;
  const full = qualify(name, namespace);
  const before = place.definitions.get(full);
  if (before === undefined)
    place.definitions.set(full, { schema, namespace: place.namespace, file: place.file });
  else if (JSON.stringify(before.schema) !== JSON.stringify(schema)) {
    throw schemaError(
      `${place.file}: the type ${full} is defined again, differently from ${before.file}`,
      'keep one of the two definitions, or give one another name or namespace',
    );
  }
  place.names.set(schema, full);
  const dot = name.lastIndexOf('.');
  return typeof own === 'string' ? own : dot > 0 ? name.slice(0, dot) : place.namespace;
}

export function qualify(name: string, namespace: string): string {
  if (name.includes('.')) return name.replace(/^\./, '');
  return namespace === '' ? name : `${namespace}.${name}`;
}

export function property(object: object, key: string): unknown {
  return Object.hasOwn(object, key) ? Reflect.get(object, key) : undefined;
}
