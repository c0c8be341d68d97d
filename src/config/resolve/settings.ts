/**
 * The closed part of the configuration through convict: defaults < file < environment < words, then every
 * value checked.
 */
import convict from 'convict';
import { isSecretName } from '../../secrets/names.js';
import { convert, type FieldValue, quote, ValueFault } from '../keys/convert.js';
import { environmentName, FIELD_BY_PATH, FIELDS, type Field } from '../keys/schema.js';
import type { Layer } from '../layers/layers.js';
import type { Origin, Problems } from '../text/problem.js';

/**
 * One format for all: what a value may be is decided by `check`, which each key brings along.
 * The coercion hands everything on unchanged: convict's own would turn `no` into true and `abc` into NaN.
 */
const FORMAT = 'kd-value';
convict.addFormat({
  name: FORMAT,
  validate: (value: unknown, schema: convict.SchemaObj & { check?: (value: unknown) => void }) => {
    schema.check?.(value);
  },
  coerce: (value: unknown) => value,
});

type SchemaNode = { [key: string]: SchemaNode } | Record<string, unknown>;

export interface Settings {
  /** Undefined: none given and no default, or faulty (then a problem was reported). */
  get(path: string): FieldValue | undefined;
  origin(path: string): Origin;
  /** Somebody set it; a default does not count. */
  isSet(path: string): boolean;
}

export interface SettingsInput {
  /** Below the environment. */
  readonly file: Layer;
  /** Already reduced to the variables of keys. */
  readonly variables: Readonly<Record<string, string>>;
  /** Above the environment: `--set`, then the command line's options. */
  readonly words: Layer;
  /** All layers in one, for origins. */
  readonly merged: Layer;
}

export function resolveSettings(input: SettingsInput, problems: Problems): Settings {
  const origin = (path: string): Origin => input.merged.fields.get(path)?.origin ?? { kind: 'default' };
  const faulty = new Set<string>();
  const check = (field: Field) => (raw: unknown) => {
    try {
      convert(field, raw);
    } catch (fault) {
      if (!(fault instanceof ValueFault)) throw fault;
      faulty.add(field.path);
      const secret = isSecretName(field.path) || input.merged.fields.get(field.path)?.secret === true;
      problems.error(
        origin(field.path),
        field.path,
        secret ? fault.message.replaceAll(quote(raw), 'its value') : fault.message,
        fault.remedy,
      );
      throw fault;
    }
  };
  const config = convict(schemaOf(check) as convict.Schema<Record<string, unknown>>, {
    args: [],
    env: { ...input.variables },
  });
  config.load(nest(input.file));
  // After the last load: every load lets the environment win again.
  for (const [path, entry] of input.words.fields) config.set(path, entry.value);
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    // Every fault was noted by its check; anything else would be a key that the walk above let through.
    if (!problems.hasErrors()) throw error;
  }
  return {
    get: (path) => {
      const field = FIELD_BY_PATH.get(path);
      const raw: unknown = config.get(path);
      return field === undefined || raw === null || raw === undefined || faulty.has(path)
        ? undefined
        : convert(field, raw);
    },
    origin,
    isSet: (path) => input.merged.fields.has(path),
  };
}

function schemaOf(check: (field: Field) => (raw: unknown) => void): SchemaNode {
  const root: Record<string, unknown> = {};
  for (const field of FIELDS) {
    const parts = field.path.split('.');
    const leaf = parts.pop() ?? field.path;
    let section = root;
    for (const part of parts) {
      section[part] ??= {};
      section = section[part] as Record<string, unknown>;
    }
    section[leaf] = {
      doc: field.doc,
      default: field.fallback,
      format: FORMAT,
      nullable: true,
      env: environmentName(field.path),
      check: check(field),
    };
  }
  return root;
}

function nest(layer: Layer): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, entry] of layer.fields) {
    const parts = path.split('.');
    const leaf = parts.pop() ?? path;
    let section = root;
    for (const part of parts) {
      section[part] ??= {};
      section = section[part] as Record<string, unknown>;
    }
    section[leaf] = entry.value;
  }
  return root;
}
