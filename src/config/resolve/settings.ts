/**
 * The closed part of the configuration, through convict. convict keeps defaults, formats, names and
 * documentation of the keys, parses texts and checks values. The layers were merged before: precedence is
 * decided only there.
 */
import convict from 'convict';
import { isSecretName } from '../../secrets/names.js';
import { type Below, camel, type FieldValue, type Nested, settingName } from '../keys/field.js';
import { convert, FORMATS } from '../keys/formats.js';
import {
  environmentName,
  FIELD_BY_PATH,
  FIELDS,
  type Key,
  type Path,
  type Schema,
  type SettingOf,
} from '../keys/schema.js';
import { ValueFault } from '../keys/value-fault.js';
import type { Layer } from '../layers/layers.js';
import type { Origin, Problems } from '../text/problem.js';

export interface Settings {
  /** The default, or undefined, after a reported problem: such a configuration is never used. */
  get<P extends Path>(path: P): SettingOf<P>;
  /** All keys below a section, as an object: `batch.linger` is `batch.lingerMs`. */
  section<Section extends string>(section: Section): Nested<Below<Schema, Section>>;
  origin(path: string): Origin;
  /** True if it was set; a default does not count. */
  isSet(path: string): boolean;
}

interface Node extends convict.SchemaObj {
  readonly key: Key;
  readonly report: (key: Key, fault: ValueFault) => void;
}

/** convict's formats are global: a prefix distinguishes kd's from its own (`integer`, `boolean`). */
const formatName = (name: Key['format']): string => `kd-${name}`;

for (const [name, format] of Object.entries(FORMATS)) {
  convict.addFormat({
    name: formatName(name as Key['format']),
    /** For text only. Text that can't be parsed stays text, and `validate` reports why. */
    coerce: (text: unknown) => {
      try {
        return format.read(String(text));
      } catch (fault) {
        if (fault instanceof ValueFault) return text;
        throw fault;
      }
    },
    validate: (value: unknown, node: convict.SchemaObj & Partial<Node>) => {
      if (node.key === undefined) return;
      try {
        convert(node.key, value);
      } catch (fault) {
        if (fault instanceof ValueFault) node.report?.(node.key, fault);
        throw fault;
      }
    },
  });
}

export function resolveSettings(merged: Layer, problems: Problems): Settings {
  const origin = (path: string): Origin => merged.fields.get(path)?.origin ?? { kind: 'default' };
  const faulty = new Set<string>();
  const report: Node['report'] = ({ path }, fault) => {
    faulty.add(path);
    const secret = isSecretName(path) || merged.fields.get(path)?.secret === true;
    problems.error(origin(path), path, secret ? 'has an invalid value' : fault.message, fault.remedy);
  };
  // convict does not read environment and arguments: both are layers that are already merged.
  const config = convict(schemaNodes(report) as convict.Schema<Record<string, unknown>>, {
    args: [],
    env: {},
  });
  config.load(nest([...merged.fields].map(([path, entry]) => [path, entry.value] as const)));
  try {
    config.validate({ allowed: 'strict' });
  } catch (error) {
    // Each format has reported its faults; anything else would be a key that the layers let through.
    if (faulty.size === 0) throw error;
  }
  const value = (key: Key): unknown => {
    const given: unknown = faulty.has(key.path) ? null : config.get(key.path);
    if (given !== null) return given;
    return key.default === null ? undefined : convert(key, key.default);
  };
  return {
    get: <P extends Path>(path: P) => {
      const key = FIELD_BY_PATH.get(path);
      return (key === undefined ? undefined : value(key)) as SettingOf<P>;
    },
    section: <Section extends string>(section: Section) => {
      const keys = FIELDS.filter(({ path }) => path.startsWith(`${section}.`));
      return nest(
        keys.map((key) => [nameOf(key, section), value(key) as FieldValue | undefined] as const),
      ) as Nested<Below<Schema, Section>>;
    },
    origin,
    isSet: (path) => merged.fields.has(path),
  };
}

/** `dispatcher.batch.linger` within `dispatcher`: `batch.lingerMs`. */
function nameOf(key: Key, section: string): string {
  const parts = key.path.slice(section.length + 1).split('.');
  const leaf = parts.pop() ?? '';
  return [...parts.map(camel), settingName(leaf, key)].join('.');
}

function schemaNodes(report: Node['report']): Record<string, unknown> {
  return nest(
    FIELDS.map((key) => {
      const { path, doc } = key;
      const node: Node = {
        doc,
        default: key.default,
        format: formatName(key.format),
        nullable: true,
        env: environmentName(path),
        key,
        report,
      };
      return [path, node] as const;
    }),
  );
}

function nest(entries: readonly (readonly [path: string, value: unknown])[]): Record<string, unknown> {
  const root: Record<string, unknown> = {};
  for (const [path, value] of entries) {
    const parts = path.split('.');
    const leaf = parts.pop() ?? path;
    let section = root;
    for (const part of parts) {
      section[part] ??= {};
      section = section[part] as Record<string, unknown>;
    }
    section[leaf] = value;
  }
  return root;
}
