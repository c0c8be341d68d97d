import avro, { type Type } from 'avsc';
import { type EncodedDefaults, encodeDefaults } from './defaults.js';
import { asWritten, nameForAvsc, namespaceForAvsc } from './names.js';
import { messageOf, schemaError } from './schema-error.js';
import { property, qualify, readSchemaFiles, type SchemaSources } from './schema-files.js';

export interface ParsedSchema {
  readonly type: Type;
  /** The JSON from which each type was made: avsc drops the logical types it does not know. */
  readonly attributes: ReadonlyMap<Type, object>;
  /** Defaults are encoded apart from avsc, which accepts fewer of them than Java. */
  readonly defaults: EncodedDefaults;
  readonly file: string;
}

const PRIMITIVES: ReadonlySet<string> = new Set([
  'null',
  'boolean',
  'int',
  'long',
  'float',
  'double',
  'bytes',
  'string',
]);
const CONSTRUCTORS: ReadonlySet<unknown> = new Set([
  ...PRIMITIVES,
  'record',
  'error',
  'enum',
  'fixed',
  'array',
  'map',
]);

/** avsc's own options are mutable: it keeps the registry and the current namespace there. */
interface HookOptions {
  namespace?: string;
  registry: Record<string, Type>;
}

/** Reads the files and lets avsc create types from them. Names may refer to any type in any of the files. */
export function parseSchema(path: string, references: readonly string[]): ParsedSchema {
  const sources = readSchemaFiles(path, references);
  const builder = new TypeBuilder(sources);
  try {
    const type = builder.build(sources.main);
    const { attributes, defaults } = builder;
    return { type, attributes, defaults: encodeDefaults(defaults), file: path };
  } catch (cause) {
    const message = asWritten(messageOf(cause));
    throw schemaError(`${path}: not a valid Avro schema: ${message}`, remedyFor(message), cause);
  }
}

function remedyFor(message: string): string {
  if (message.startsWith('undefined type name'))
    return (
      'add the file that defines this type to `references` of the ' +
      'schema, or correct its name or namespace'
    );
  if (message.startsWith('the default '))
    return 'give the field a default of its type; for a union, one of any of its branches';
  return 'correct the schema; the Avro specification lists what each type needs';
}

class TypeBuilder {
  readonly attributes = new Map<Type, object>();
  readonly defaults = new Map<Type, ReadonlyMap<string, unknown>>();
  private readonly sources: SchemaSources;
  /** Object.create(null): a type may be called "constructor". */
  private readonly options: HookOptions = { registry: Object.create(null) as Record<string, Type> };
  /** The schema that avsc must build itself the next time it calls the hook. */
  private passed: unknown;

  constructor(sources: SchemaSources) {
    this.sources = sources;
  }

  build(schema: unknown): Type {
    const options = Object.assign(this.options, { typeHook: (inner: unknown) => this.hook(inner) });
    return forSchema(schema, options);
  }

  /** Called by avsc for every schema inside a schema; undefined lets avsc continue by itself. */
  private hook(schema: unknown): Type | undefined {
    if (schema === this.passed) {
      this.passed = undefined;
      return undefined;
    }
    if (typeof schema === 'string') return this.reference(schema);
    if (typeof schema !== 'object' || schema === null || Array.isArray(schema)) return undefined;
    const known = this.registered(this.sources.names.get(schema));
    if (known !== undefined) return known;
    const inner = property(schema, 'type');
    // { "type": { … } } and { "type": "name.of.a.Type" } go beyond the specification, but Java accepts them.
    if (typeof inner === 'object' || (typeof inner === 'string' && !CONSTRUCTORS.has(inner)))
      return forSchema(inner, this.options);
    const defaults = defaultsOf(schema);
    this.passed = forAvsc(schema);
    const type = forSchema(this.passed, this.options);
    if (property(schema, 'logicalType') !== undefined) this.attributes.set(type, schema);
    if (defaults.size > 0) this.defaults.set(type, defaults);
    return type;
  }

  private reference(name: string): Type | undefined {
    if (PRIMITIVES.has(name)) return undefined;
    const surrounding = asWritten(this.options.namespace ?? '');
    for (const full of [qualify(name, surrounding), name]) {
      const known = this.registered(full);
      if (known !== undefined) return known;
      const definition = this.sources.definitions.get(full);
      if (definition === undefined) continue;
      this.options.namespace = namespaceForAvsc(definition.namespace);
      const type = forSchema(definition.schema, this.options);
      this.options.namespace = namespaceForAvsc(surrounding);
      return type;
    }
    if (nameForAvsc(name) !== name) throw new Error(`undefined type name: ${name}`);
    return undefined;
  }

  private registered(name: string | undefined): Type | undefined {
    return name === undefined ? undefined : this.options.registry[nameForAvsc(name)];
  }
}

/** The fields of a record that are objects. */
function fieldsOf(schema: object): readonly unknown[] {
  const fields = property(schema, 'fields');
  return Array.isArray(fields) ? (fields as readonly unknown[]) : [];
}

function isObject(json: unknown): json is object {
  return typeof json === 'object' && json !== null;
}

function defaultsOf(schema: object): ReadonlyMap<string, unknown> {
  const defaults = new Map<string, unknown>();
  for (const field of fieldsOf(schema).filter(isObject)) {
    const name = property(field, 'name');
    if (name === '__proto__')
      throw new Error('a field can\'t be named "__proto__": no JavaScript object could carry it');
    const value = property(field, 'default');
    if (typeof name === 'string' && value !== undefined) defaults.set(name, value);
  }
  return defaults;
}

/**
 * The schema without the parts that avsc is stricter about than Java: defaults, and the spelling of
 * namespaces.
 */
function forAvsc(schema: object): object {
  const { name, namespace, aliases, fields } = schema as Readonly<Record<string, unknown>>;
  const spell = (alias: unknown): unknown => (typeof alias === 'string' ? nameForAvsc(alias) : alias);
  return {
    ...schema,
    ...(name === undefined ? {} : { name: spell(name) }),
    ...(typeof namespace === 'string' ? { namespace: namespaceForAvsc(namespace) } : {}),
    ...(Array.isArray(aliases) ? { aliases: aliases.map(spell) } : {}),
    ...(Array.isArray(fields) ? { fields: fields.map(withoutDefault) } : {}),
  };
}

function withoutDefault(field: unknown): unknown {
  if (!isObject(field) || !Object.hasOwn(field, 'default')) return field;
  return Object.fromEntries(Object.entries(field).filter(([key]) => key !== 'default'));
}

/** avsc's types require a schema, but it accepts and checks anything. */
function forSchema(schema: unknown, options: object): Type {
  return avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], options);
}
