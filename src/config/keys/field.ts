/** The schema of one key, in convict's terms, and the type of its value. */

/** The type of a value by its format. Lists are written with commas or as a YAML list. */
export interface FormatValues {
  readonly text: string;
  readonly path: string;
  readonly topic: string;
  /** A secret that is sent in a header. */
  readonly token: string;
  readonly integer: number;
  readonly boolean: boolean;
  readonly choice: string;
  readonly level: string;
  /** Bytes. */
  readonly size: number;
  /** Milliseconds. */
  readonly duration: number;
  readonly percent: number;
  /** `50000/s` or `20MB/s`; see units.ts. */
  readonly rate: string;
  /** `live:10000`, a group and a number of records; see group-lag.ts. */
  readonly 'group-lags': readonly string[];
  readonly 'size-or-auto': number | 'auto';
  readonly 'integer-or-auto': number | 'auto';
  readonly list: readonly string[];
  readonly paths: readonly string[];
  /** Names without port; `*.example.com` for all names below one. */
  readonly hosts: readonly string[];
  /** Names, or one `/regular expression/`. */
  readonly topics: readonly string[];
  /** Text may also be the output of `aws kafka get-bootstrap-brokers`; see bootstrap.ts. */
  readonly servers: string | readonly string[];
}

export type FormatName = keyof FormatValues;
export type FieldValue = FormatValues[FormatName] | boolean;

export interface Field {
  readonly format: FormatName;
  /** As a user would write it in the file; null means none. */
  readonly default: string | number | boolean | null;
  readonly doc: string;
  readonly choices?: readonly string[];
  /** Reserved choices: refused with this reason instead of "not one of". */
  readonly reserved?: Readonly<Record<string, string>>;
  /** Bounds in the base unit: bytes, milliseconds, or the number itself. */
  readonly min?: number;
  readonly max?: number;
}

type ValueOf<F extends Field> = F extends { readonly choices: readonly (infer Choice)[] }
  ? Choice
  : FormatValues[F['format']];

/** The type that {@link Settings} return for a key: undefined only if it has no default. */
export type Setting<F extends Field> = F extends Field
  ? F['default'] extends null
    ? ValueOf<F> | undefined
    : ValueOf<F>
  : never;

type Camel<Name extends string> = Name extends `${infer Head}-${infer Tail}`
  ? `${Head}${Capitalize<Camel<Tail>>}`
  : Name;

/** Names carry units: `commit-interval`, a duration, is `commitIntervalMs`. */
type LeafName<Name extends string, F> = F extends { readonly format: infer Format extends FormatName }
  ? `${Camel<Name>}${UnitOf<Format>}`
  : Camel<Name>;

/** The suffix of a setting's name. */
const UNITS = { duration: 'Ms', percent: 'Percent' } as const;
type UnitOf<Format extends FormatName> = Format extends keyof typeof UNITS ? (typeof UNITS)[Format] : '';

/** The keys below a section, with the rest of their paths. */
export type Below<Keys, Section extends string> = {
  readonly [Path in keyof Keys as Path extends `${Section}.${infer Rest}` ? Rest : never]: Keys[Path];
};

/**
 * `batch.linger` of the schema as `{ batch: { lingerMs } }`: the typed settings are derived from the schema.
 */
export type Nested<Keys> = {
  readonly [Path in keyof Keys & string as Path extends `${infer Head}.${string}`
    ? Camel<Head>
    : LeafName<Path, Keys[Path]>]: Path extends `${infer Head}.${string}`
    ? Nested<Below<Keys, Head>>
    : Keys[Path] extends Field
      ? Setting<Keys[Path]>
      : never;
};

/** Computes at run time the name that {@link LeafName} computes as a type. */
export function settingName(name: string, field: Field): string {
  const units: Readonly<Partial<Record<FormatName, string>>> = UNITS;
  return `${camel(name)}${units[field.format] ?? ''}`;
}

export function camel(name: string): string {
  return name.replaceAll(/-(\w)/g, (_, letter: string) => letter.toUpperCase());
}
