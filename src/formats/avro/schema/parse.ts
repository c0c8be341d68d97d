import avro, { type Type } from 'avsc';
import { messageOf, schemaError } from './schema-error.js';
import { property, qualify, readSchemaFiles, type SchemaSources } from './schema-files.js';

export interface ParsedSchema {
  readonly type: Type;
  /** The JSON each type was made of: avsc forgets the logical types it does not know. */
  readonly attributes: ReadonlyMap<Type, object>;
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

/** Reads the files and lets avsc make types of them. Names may refer to any type of any of the files. */
export function parseSchema(path: string, references: readonly string[]): ParsedSchema {
  const sources = readSchemaFiles(path, references);
  const builder = new TypeBuilder(sources);
  try {
    return { type: builder.build(sources.main), attributes: builder.attributes, file: path };
  } catch (cause) {
    throw schemaError(
      `${path}: not a valid Avro schema: ${messageOf(cause)}`,
      remedyFor(messageOf(cause)),
      cause,
    );
  }
}

function remedyFor(message: string): string {
  if (message.startsWith('undefined type name'))
    return (
      'add the file that defines this type to `references` of the ' +
      'schema, or correct its name or namespace'
    );
  if (message.startsWith('incompatible field default'))
    return "give the field a default of its type; for a union, of the union's first branch";
  return 'correct the schema; the Avro specification lists what each type needs';
}

class TypeBuilder {
  readonly attributes = new Map<Type, object>();
  private readonly sources: SchemaSources;
  /** Object.create(null): a type may be called "constructor". */
  private readonly options: HookOptions = { registry: Object.create(null) as Record<string, Type> };
  /** The schema avsc is to build by itself the next time it asks. */
  private passed: unknown;

  constructor(sources: SchemaSources) {
    this.sources = sources;
  }

  build(schema: unknown): Type {
    const options = Object.assign(this.options, { typeHook: (inner: unknown) => this.hook(inner) });
    return forSchema(schema, options);
  }

  /** Called by avsc for every schema inside a schema; undefined lets avsc go on by itself. */
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
    // { "type": { … } } and { "type": "name.of.a.Type" } are more than the specification asks for, but Java
    // takes them.
    if (typeof inner === 'object' || (typeof inner === 'string' && !CONSTRUCTORS.has(inner)))
      return forSchema(inner, this.options);
    for (const field of fieldsOf(schema)) {
      if (field === '__proto__')
        throw new Error('a field can\'t be named "__proto__": no JavaScript object could carry it');
    }
    this.passed = schema;
    const type = forSchema(schema, this.options);
    if (property(schema, 'logicalType') !== undefined) this.attributes.set(type, schema);
    return type;
  }

  private reference(name: string): Type | undefined {
    if (PRIMITIVES.has(name)) return undefined;
    const surrounding = this.options.namespace ?? '';
    for (const full of [qualify(name, surrounding), name]) {
      const known = this.registered(full);
      if (known !== undefined) return known;
      const definition = this.sources.definitions.get(full);
      if (definition === undefined) continue;
      this.options.namespace = definition.namespace;
      const type = forSchema(definition.schema, this.options);
      this.options.namespace = surrounding;
      return type;
    }
    return undefined;
  }

  private registered(name: string | undefined): Type | undefined {
    return name === undefined ? undefined : this.options.registry[name];
  }
}

function fieldsOf(schema: object): unknown[] {
  const fields = property(schema, 'fields');
  if (!Array.isArray(fields)) return [];
  return fields.map((field: unknown) =>
    typeof field === 'object' && field !== null ? property(field, 'name') : undefined,
  );
}

/** avsc's typings want a schema where it takes, and checks, anything. */
function forSchema(schema: unknown, options: object): Type {
  return avro.Type.forSchema(schema as Parameters<typeof avro.Type.forSchema>[0], options);
}
