import type { DeclaredFields } from '../../formats/fields/declared.js';
import { type Rejected, refuse, refuseThrown } from '../results/rejected.js';
import type { SourceRecord, TransformContext } from '../types.js';
import { declaredFields } from './declared-fields.js';
import { loadError } from './load-error.js';
import { describeIssues, type StandardResult } from './standard-schema.js';

/** A user's function as the runtime calls it; its result is checked before it is used. */
export type RecordFunction = (
  value: unknown,
  record: SourceRecord,
  context: TransformContext<unknown>,
) => unknown;
export type BatchFunction = (
  values: unknown[],
  records: readonly SourceRecord[],
  context: TransformContext<unknown>,
) => unknown;
export type SchemaCheck = (value: unknown) => StandardResult<unknown> | Promise<StandardResult<unknown>>;

/** A transform module after its default export was checked. */
export interface LoadedTransform {
  readonly transform: RecordFunction | undefined;
  readonly transformBatch: BatchFunction | undefined;
  readonly onTombstone: ((record: SourceRecord, context: TransformContext<unknown>) => unknown) | undefined;
  readonly validate: ((value: unknown, record: SourceRecord) => unknown) | undefined;
  readonly setup: ((context: unknown) => unknown) | undefined;
  readonly teardown: ((context: unknown) => unknown) | undefined;
  readonly inputSchema: SchemaCheck | undefined;
  readonly outputSchema: SchemaCheck | undefined;
  /** Present if the transform reads and writes these fields only. */
  readonly declared: DeclaredFields | undefined;
}

const KNOWN = [
  'input',
  'output',
  'reads',
  'writes',
  'setup',
  'validate',
  'transform',
  'transformBatch',
  'onTombstone',
  'teardown',
] as const;

/** Checks a module's default export; throws a TRANSFORM_LOAD error that names the file. */
export function readDefinition(exported: unknown, path: string): LoadedTransform {
  if (typeof exported === 'function')
    return { ...NOTHING, transform: asFunction<RecordFunction>(exported, 'default', path) };
  if (typeof exported !== 'object' || exported === null) {
    throw loadError(
      path,
      'has no default export that is a transform',
      'export default defineTransform({ transform(value) { … } })',
    );
  }
  const definition = exported as Readonly<Record<string, unknown>>;
  const unknown = Object.keys(definition).filter((name) => !KNOWN.some((known) => known === name));
  if (unknown.length > 0)
    throw loadError(
      path,
      `defines ${unknown.join(', ')}, which no transform has`,
      `known are ${KNOWN.join(', ')}`,
    );
  const { transform, transformBatch } = definition;
  if ((transform === undefined) === (transformBatch === undefined)) {
    throw loadError(
      path,
      transform === undefined
        ? 'defines neither transform nor transformBatch'
        : 'defines both transform and transformBatch',
      'define one of them',
    );
  }
  const inputSchema = schemaOf(definition['input'], 'input', path);
  const outputSchema = schemaOf(definition['output'], 'output', path);
  return {
    transform: asFunction<RecordFunction>(transform, 'transform', path),
    transformBatch: asFunction<BatchFunction>(transformBatch, 'transformBatch', path),
    onTombstone: asFunction(definition['onTombstone'], 'onTombstone', path),
    validate: asFunction(definition['validate'], 'validate', path),
    setup: asFunction(definition['setup'], 'setup', path),
    teardown: asFunction(definition['teardown'], 'teardown', path),
    inputSchema,
    outputSchema,
    declared: declaredFields(definition, {
      path,
      checksWhole: inputSchema !== undefined || outputSchema !== undefined,
    }),
  };
}

/**
 * The check of `output`, if it is a schema. It must answer synchronously, because the record is encoded right
 * after it.
 */
export function outputCheckOf(
  schema: SchemaCheck | undefined,
): ((value: unknown) => Rejected | undefined) | undefined {
  if (schema === undefined) return undefined;
  return (value) => {
    try {
      const checked = schema(value);
      if (checked instanceof Promise) {
        checked.catch(() => undefined);
        return refuse(
          'encode',
          'INVALID_OUTPUT',
          'an output schema that answers asynchronously cannot be used',
        );
      }
      return checked.issues === undefined
        ? undefined
        : refuse('encode', 'INVALID_OUTPUT', describeIssues(checked.issues));
    } catch (error) {
      return refuseThrown('encode', error);
    }
  };
}

const NOTHING: LoadedTransform = {
  transform: undefined,
  transformBatch: undefined,
  onTombstone: undefined,
  validate: undefined,
  setup: undefined,
  teardown: undefined,
  inputSchema: undefined,
  outputSchema: undefined,
  declared: undefined,
};

function asFunction<Shape extends (...given: never[]) => unknown>(
  value: unknown,
  name: string,
  path: string,
): Shape | undefined {
  if (value === undefined) return undefined;
  if (typeof value !== 'function')
    throw loadError(
      path,
      `${name} is not a function but ${value === null ? 'null' : `a ${typeof value}`}`,
      `make ${name} a function`,
    );
  return value as Shape;
}

function schemaOf(value: unknown, name: string, path: string): SchemaCheck | undefined {
  if (value === undefined) return undefined;
  if ((typeof value === 'object' && value !== null) || typeof value === 'function') {
    if ('kind' in value && value.kind === 'type-only') return undefined;
    const standard: unknown = '~standard' in value ? value['~standard'] : undefined;
    if (
      typeof standard === 'object' &&
      standard !== null &&
      'validate' in standard &&
      typeof standard.validate === 'function'
    ) {
      return standard.validate.bind(standard) as SchemaCheck;
    }
  }
  throw loadError(
    path,
    `${name} is neither type<T>() nor a schema`,
    'give type<T>() or a schema of zod, valibot, arktype or another Standard Schema library',
  );
}
