import type { Declared, PathOf, Written } from './declared-types.js';
import type { StandardSchema } from './load/standard-schema.js';
import type { Result } from './results/results.js';

/** Carries a type and nothing else; created by {@link type}. */
export interface TypeOnly<Value> {
  readonly kind: 'type-only';
  /** Never set: it only carries the type. */
  readonly carries?: Value;
}

/** A type alone, or a schema of zod, valibot, arktype …: type and validation. */
export type Shape<Value> = TypeOnly<Value> | StandardSchema<Value>;

type HeaderPair = readonly [name: string, value: Buffer | null];

/**
 * A list of headers. Declared as a class for one reason: a spread drops the methods of a class, so `{
 * ...record.headers }` is no longer a list and does not compile as headers of a result.
 */
declare class HeaderList {
  slice(start?: number, end?: number): HeaderPair[];
}
interface HeaderList extends ReadonlyArray<HeaderPair> {}

/**
 * The source record. Bytes are copies, created on first access; they stay valid. Reading more after the batch
 * is settled throws.
 */
export interface SourceRecord<In = unknown> {
  readonly topic: string;
  readonly partition: number;
  readonly offset: number;
  /** Milliseconds since 1970; −1 = none. */
  readonly timestamp: number;
  readonly key: Buffer | null;
  /** The key as UTF-8 text, to compare it. */
  readonly keyText: string | null;
  /** All headers in their order, duplicates included. */
  readonly headers: HeaderList;
  /** The decoded value; null for a tombstone. */
  readonly value: In | null;
  /** The value's bytes. */
  readonly raw: Buffer | null;
  /** The last header of that name; undefined if there is none. */
  header(name: string): Buffer | null | undefined;
  /** The same as UTF-8 text. */
  headerText(name: string): string | null | undefined;
}

/** For events only: at most 100 per batch are kept. */
export interface TransformLogger {
  error(message: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(message: string, fields?: Readonly<Record<string, unknown>>): void;
  info(message: string, fields?: Readonly<Record<string, unknown>>): void;
  debug(message: string, fields?: Readonly<Record<string, unknown>>): void;
}

export interface TransformMetrics {
  count(name: string, value?: number, labels?: Readonly<Record<string, string>>): void;
  observe(name: string, value: number): void;
}

/** The context of `setup`: everything except the state, which it creates. */
export interface SetupContext {
  readonly threadId: number;
  readonly logger: TransformLogger;
  /**
   * The signal of this very call. It is aborted when its record has run for `dispatcher.timeout` (the record
   * is then rejected as TIMEOUT, whatever it returns later), or when a stopping run gives up its drain
   * (during a drain transforms may finish).
   */
  readonly signal: AbortSignal;
  readonly metrics: TransformMetrics;
  /** `dispatcher.options` of the configuration. */
  readonly options: Readonly<Record<string, unknown>>;
}

export interface TransformContext<State = undefined> extends SetupContext {
  readonly state: State;
  /**
   * The trace context of the task that runs, as a W3C `traceparent`: the parent for spans of the transform.
   * Undefined: the run is not traced. A record's own is `record.headerText('traceparent')`.
   */
  readonly traceparent?: string | undefined;
}

type Answer<Out> = Result<Out> | Promise<Result<Out>>;

export type RecordTransform<In, Out, State = undefined> = (
  value: In,
  record: SourceRecord<In>,
  context: TransformContext<State>,
) => Answer<Out>;

export type BatchTransform<In, Out, State = undefined> = (
  values: In[],
  records: readonly SourceRecord<In>[],
  context: TransformContext<State>,
) => readonly Result<Out>[] | Promise<readonly Result<Out>[]>;

interface Shapes<In, Out> {
  readonly input?: Shape<In>;
  readonly output?: Shape<Out>;
}

interface CommonFunctions<In, Out, State> {
  /** Runs once per worker, before its first record. Its result is `context.state`. */
  readonly setup?: (context: SetupContext) => State | Promise<State>;
  /** `true` lets the record through; `false` or a reason rejects it. */
  readonly validate?: (value: In, record: SourceRecord<In>) => boolean | string;
  /** Handles records with a null value; without it they pass through with key and headers. */
  readonly onTombstone?: (record: SourceRecord<In>, context: TransformContext<State>) => Answer<Out>;
  /** Runs when the worker is closed regularly. */
  readonly teardown?: (context: TransformContext<State>) => void | Promise<void>;
}

interface RecordForm<In, Out, State> {
  /** One record. The transform may change the value and return it. */
  readonly transform: RecordTransform<In, Out, State>;
  readonly transformBatch?: never;
}

interface BatchForm<In, Out, State> {
  /** Many records in one call; returns one result for each, in order. */
  readonly transformBatch: BatchTransform<In, Out, State>;
  readonly transform?: never;
}

type Functions<In, Out, State> = CommonFunctions<In, Out, State> &
  (RecordForm<In, Out, State> | BatchForm<In, Out, State>);

/** `Value` and `Written`: the fields of `In` and `Out` that the functions get and return. */
export type TransformDefinition<In, Out, State = undefined, Value = In, Written = Out> = Shapes<In, Out> & {
  /**
   * The only fields that the functions get, as in `['amount', 'user.name']`. For json to json and avro to
   * avro.
   */
  readonly reads?: readonly string[];
  /** The only fields that they return. All other bytes of a record are copied as they are. */
  readonly writes?: readonly string[];
} & Functions<Value, Written, State>;

// `{}` is every value but null and undefined, which is what a result may be.
// biome-ignore lint/complexity/noBannedTypes: see above
export type Something = {};

/**
 * Declares a transform. The types of value, state and result follow from `input`, `setup` and `output`; a
 * wrong result or a forgotten `return` does not compile. It returns its argument unchanged: nothing runs
 * before a worker loads the module.
 */
// `Out` follows from `output` alone, because what `transform` returns must not widen a declared output. There
// is only one signature, because for overloads the compiler shows the error of the last one, which is about
// `output`. `State` can't be inferred if other types are given (`defineTransform<In, Out>`): then it is
// unknown, whatever `setup` returns.
export function defineTransform<
  In extends Something = Something,
  Out extends Something = Something,
  State = unknown,
  const Reads extends PathOf<In> = never,
  const Writes extends PathOf<Out> = never,
>(
  definition: Shapes<In, Out> & {
    readonly reads?: readonly Reads[];
    readonly writes?: readonly Writes[];
  } & Functions<Given<In, Reads, Writes>, NoInfer<Returned<Out, Writes, Reads>>, State>,
): TransformDefinition<In, Out, State, Given<In, Reads, Writes>, Returned<Out, Writes, Reads>> {
  return definition;
}

/** The whole value, or the declared fields of it if any field is declared on either side. */
type Given<Value, Path extends string, Other extends string> = [Path | Other] extends [never]
  ? Value
  : Declared<Value, Path>;

type Returned<Value, Path extends string, Other extends string> = [Path | Other] extends [never]
  ? Value
  : Written<Value, Path>;

/** A type without validation: `input: type<Flight>()`. */
export function type<Value extends Something>(): TypeOnly<Value> {
  return { kind: 'type-only' };
}
